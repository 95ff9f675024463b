// SPDX-License-Identifier: GPL-2.0

//! Rounds of memory sent ahead.
//!
//! While a process runs, its memory is sent in rounds: all of it first, and then, again and
//! again, what it wrote to meanwhile. When that is little, or does not become less, or there
//! were many rounds, the process stops, and the rest is fetched.
//!
//! ```text
//!  pages sent    4096 ---> 900 ---> 250: little, it stops
//!                4096 --> 3900: it writes as fast as is sent, and stops
//! ```

/// Pages that are fetched from a process that stands still without it being felt: those of
/// one answer.
pub const PAGES_FEW: u64 = 256;

/// Most rounds.
pub const ROUNDS_MAX: u32 = 6;

/// The rounds of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rounds {
    done: u32,
    last: u64,
}

impl Rounds {
    /// Whether a process with so many pages is worth one.
    pub const fn is_worth(pages: u64) -> bool {
        pages > PAGES_FEW
    }

    /// Takes in that a round is over that sent so many `pages`. Whether there is to be another
    /// one.
    pub const fn goes_on(&mut self, pages: u64) -> bool {
        // The first one sends all, and does not tell how fast it writes.
        let shrinks = self.done == 0 || pages.saturating_mul(4) < self.last.saturating_mul(3);
        self.done = self.done.saturating_add(1);
        self.last = pages;
        pages > PAGES_FEW && shrinks && self.done < ROUNDS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many rounds there are if so many pages are sent in each.
    fn rounds(sent: impl IntoIterator<Item = u64>) -> usize {
        let mut rounds = Rounds::default();
        let goes_on = |pages: &u64| rounds.goes_on(*pages);
        sent.into_iter()
            .take_while(goes_on)
            .count()
            .saturating_add(1)
    }

    #[test]
    fn little_memory_is_not_sent_ahead() {
        assert!(!Rounds::is_worth(PAGES_FEW));
        assert!(Rounds::is_worth(PAGES_FEW + 1));
    }

    #[test]
    fn who_rests_has_two() {
        assert_eq!(rounds([32_768, 3]), 2);
        assert_eq!(rounds([32_768, PAGES_FEW]), 2);
    }

    #[test]
    fn they_end_when_little_is_left() {
        assert_eq!(rounds([32_768, 9_000, 2_000, 200]), 4);
    }

    #[test]
    fn they_end_when_it_does_not_become_less() {
        assert_eq!(rounds([4_096, 3_900]), 2);
        assert_eq!(rounds([4_096, 1_000, 800]), 3);
    }

    #[test]
    fn they_end_in_any_case() {
        let slowly = (0..60).map(|turn| (1_u64 << 60) >> turn);
        assert_eq!(rounds(slowly), ROUNDS_MAX as usize);
    }
}
