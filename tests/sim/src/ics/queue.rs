// SPDX-License-Identifier: GPL-2.0

//! What happens when.

use std::collections::BTreeMap;

use ssi_core::time::Instant;

use super::world::Happening;

/// Happenings in the order of their time, then of their making.
#[derive(Default)]
pub struct Queue {
    now: Instant,
    made: u64,
    waiting: BTreeMap<(Instant, u64), Happening>,
}

impl Queue {
    /// The time it is.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Adds one for `when`, or for now if that is over.
    pub fn at(&mut self, when: Instant, what: Happening) {
        self.made += 1;
        self.waiting.insert((when.max(self.now), self.made), what);
    }

    /// Adds one for so many microseconds from now.
    pub fn after(&mut self, micros: u64, what: Happening) {
        self.at(Instant(self.now.0.saturating_add(micros)), what);
    }

    /// The next one; its time is now.
    pub fn next(&mut self) -> Option<Happening> {
        let ((when, _), what) = self.waiting.pop_first()?;
        self.now = when;
        Some(what)
    }
}
