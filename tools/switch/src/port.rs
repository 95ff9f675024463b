// SPDX-License-Identifier: GPL-2.0

//! Ports, and sets of them.
//!
//! A port is numbered like the node behind it. A set is one machine word, so
//! that a frame's way through the switch needs no memory.

use crate::error::Error;

/// Number of the highest port; the lowest is 1.
pub const PORT_MAX: u8 = 63;

/// Size of a table with a place for every port.
pub(crate) const PORT_SLOTS: usize = PORT_MAX as usize + 1;

/// A port of the switch.
///
/// # Invariants
///
/// The number lies in `1..=PORT_MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PortId(u8);

impl PortId {
    /// The port with `number`.
    pub(crate) fn new(number: u8) -> Result<Self, Error> {
        match number {
            // INVARIANT: The arm is the range.
            1..=PORT_MAX => Ok(Self(number)),
            _ => Err(Error::Port(number)),
        }
    }

    /// Every port, lowest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        // INVARIANT: The range of the type.
        (1..=PORT_MAX).map(Self)
    }

    /// The number, `1..=PORT_MAX`.
    pub(crate) fn get(self) -> u8 {
        self.0
    }

    /// The port's place in a table of `PORT_SLOTS`.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of ports.
///
/// # Invariants
///
/// Bit `n` stands for port `n`; bit 0 is clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortSet(u64);

impl PortSet {
    /// No port at all.
    pub(crate) const EMPTY: Self = Self(0);

    /// Every port.
    pub(crate) const ALL: Self = Self(!1);

    /// The set of `port` alone.
    pub(crate) fn of(port: PortId) -> Self {
        Self(1 << port.get())
    }

    /// Puts `port` into the set.
    pub(crate) fn insert(&mut self, port: PortId) {
        *self = self.or(Self::of(port));
    }

    /// Takes `port` out of the set.
    pub(crate) fn remove(&mut self, port: PortId) {
        *self = self.minus(Self::of(port));
    }

    /// The ports of either set.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The ports of both sets.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The ports of this set that `other` lacks.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set has no port.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::EMPTY
    }
}

impl Iterator for PortSet {
    type Item = PortId;

    /// Takes the lowest port out.
    fn next(&mut self) -> Option<PortId> {
        if self.is_empty() {
            return None;
        }
        // A set bit of a word has a number below 64.
        let port = PortId(self.0.trailing_zeros() as u8);
        self.remove(port);
        Some(port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_end_at_63() {
        assert!(PortId::new(0).is_err());
        assert!(PortId::new(1).is_ok());
        assert!(PortId::new(63).is_ok());
        assert!(PortId::new(64).is_err());
    }

    #[test]
    fn a_set_lists_what_was_put_in() {
        let mut set = PortSet::EMPTY;
        for number in [63, 1, 7, 7] {
            set.insert(PortId::new(number).unwrap());
        }
        set.remove(PortId::new(7).unwrap());
        assert_eq!(set.map(PortId::get).collect::<Vec<_>>(), [1, 63]);
    }

    #[test]
    fn a_full_set_has_every_port() {
        let mut set = PortSet::EMPTY;
        PortId::all().for_each(|port| set.insert(port));
        assert!(set.eq(PortId::all()));
        assert_eq!(set, PortSet::ALL);
    }
}
