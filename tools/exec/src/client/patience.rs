// SPDX-License-Identifier: GPL-2.0

//! The patience of a user.
//!
//! Signals go to the command, and so does Ctrl-C as a key of a raw terminal, so
//! neither can end a client whose node is frozen or whose command ignores it. Asking
//! again and again without the node saying anything means this process.

use std::time::{
    Duration,
    Instant, //
};

/// Signals without an answer that are enough.
const ASKED_MIN: u32 = 3;

/// Time without an answer that is enough: a key that bounces is no request.
const WAITED_MIN: Duration = Duration::from_secs(1);

/// The key of a raw terminal that asks.
pub(super) const KEY: u8 = 3;

/// Counts signals since the node last said something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    /// Frames of the node when the first unanswered signal was sent, that time,
    /// and the unanswered signals.
    unanswered: Option<(u64, Instant, u32)>,
}

impl Patience {
    /// Counts one signal when `frames` had come from the node in all; whether
    /// the user gives up.
    pub(super) fn asked(&mut self, frames: u64, now: Instant) -> bool {
        let (first, asked) = match self.unanswered {
            Some((heard, first, asked)) if heard == frames => (first, asked + 1),
            Some(_) | None => (now, 1),
        };
        self.unanswered = Some((frames, first, asked));
        asked >= ASKED_MIN && now.duration_since(first) >= WAITED_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_unanswered_signals_in_more_than_a_second_are_enough() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut patience = Patience::default();
        assert!(!patience.asked(7, at(0)));
        assert!(!patience.asked(7, at(10)));
        assert!(!patience.asked(7, at(20)), "too fast");
        assert!(patience.asked(7, at(1000)));
    }

    #[test]
    fn an_answer_starts_over() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut patience = Patience::default();
        assert!(!patience.asked(7, at(0)));
        assert!(!patience.asked(7, at(1500)));
        assert!(!patience.asked(8, at(3000)));
        assert!(!patience.asked(8, at(3100)));
    }
}
