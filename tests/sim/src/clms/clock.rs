// SPDX-License-Identifier: GPL-2.0

//! A node's clock.
//!
//! Starts anywhere, runs a little fast or slow, and can be moved ahead.

use ssi_core::{
    clms::event::Now,
    time::Instant, //
};

use crate::rng::Rng;

/// Parts in which the rate is counted.
const RATE_ONE: u64 = 1_000_000;
/// How wrong a clock may run, in millionths.
const DRIFT_MAX: u64 = 5_000;

/// Time of one life, from true time in microseconds.
#[derive(Clone, Debug)]
pub struct Clock {
    offset: u64,
    rate: u64,
}

impl Clock {
    /// Somebody's clock.
    pub fn new(rng: &mut Rng) -> Self {
        Self {
            offset: rng.below(1 << 40),
            rate: RATE_ONE - DRIFT_MAX + rng.below(2 * DRIFT_MAX),
        }
    }

    /// What it shows at `time`.
    pub fn read(&self, time: u64) -> Now {
        Now {
            instant: Instant(self.instant(time)),
            wall_us: 1_800_000_000_000_000 + self.instant(time),
        }
    }

    /// True time at which it shows `instant`, not before `now`.
    pub fn when(&self, instant: Instant, now: u64) -> u64 {
        let ahead = instant.0.saturating_sub(self.instant(now));
        now + ahead * RATE_ONE / self.rate + 1
    }

    /// Moves it ahead.
    pub fn jump(&mut self, us: u64) {
        self.offset += us;
    }

    /// It stood still for so long.
    pub fn stand(&mut self, us: u64) {
        self.offset = self.offset.saturating_sub(us * self.rate / RATE_ONE);
    }

    fn instant(&self, time: u64) -> u64 {
        self.offset + time * self.rate / RATE_ONE
    }
}
