// SPDX-License-Identifier: GPL-2.0

//! Levels of calls.
//!
//! A call made while serving one of level `p` has level `p + 1`, and each level
//! is served by workers of its own. Level 3 makes no calls, so its workers come
//! free; then those of level 2 do, and so on: calls cannot wait in a circle.

/// Number of levels.
pub const LEVELS: usize = 4;

/// The level of a call, `0..=3`.
///
/// # Invariants
///
/// The number is below [`LEVELS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// The level of a call that no call caused.
    pub const LOWEST: Self = Self(0);
    /// The level whose server may not call.
    pub const HIGHEST: Self = Self(3);
    /// All levels from the lowest on.
    pub const ALL: [Self; LEVELS] = [Self(0), Self(1), Self(2), Self(3)];

    /// Level `number`, `None` when there is no such level.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            // INVARIANT: The arm is the range.
            0..=3 => Some(Self(number)),
            _ => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The level's place in a table of [`LEVELS`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Level of a call made by whoever serves one of level `serving`, by nobody
    /// if that is `None`.
    ///
    /// # Errors
    ///
    /// [`TooDeep`] for the server of a call of the highest level.
    pub fn of_call(serving: Option<Self>) -> Result<Self, TooDeep> {
        match serving {
            None => Ok(Self::LOWEST),
            Some(Self(level)) => level.checked_add(1).and_then(Self::new).ok_or(TooDeep),
        }
    }
}

/// A call would be nested deeper than there are levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDeep;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_to_the_highest_and_end() {
        let mut level = Priority::of_call(None);
        for expected in Priority::ALL {
            assert_eq!(level, Ok(expected));
            level = Priority::of_call(Some(expected));
        }
        assert_eq!(level, Err(TooDeep));
    }

    #[test]
    fn there_are_four() {
        assert_eq!(Priority::new(3), Some(Priority::HIGHEST));
        assert_eq!(Priority::new(4), None);
        assert_eq!(Priority::HIGHEST.index(), LEVELS - 1);
    }
}
