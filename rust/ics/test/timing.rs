// SPDX-License-Identifier: GPL-2.0

//! Times and what they say.

use kernel::prelude::*;
use ssi_kapi::clock;

use super::Lines;

/// Most times that are kept.
pub(super) const TIMES_MAX: usize = 1_000_000;

/// Times in microseconds.
pub(super) struct Times {
    began: u64,
    times: KVVec<u32>,
}

impl Times {
    /// Room for `count` times; the measurement begins now.
    pub(super) fn new(count: usize) -> Result<Self> {
        Ok(Self {
            times: KVVec::with_capacity(count.min(TIMES_MAX), GFP_KERNEL)?,
            began: clock::monotonic(),
        })
    }

    /// Adds what began at `since` and ended now.
    pub(super) fn add(&mut self, since: u64) {
        let time = clock::monotonic().saturating_sub(since);
        let time = u32::try_from(time).unwrap_or(u32::MAX);
        let _ = self.times.push_within_capacity(time);
    }

    /// Says how long it took; `bytes` is what was moved by each.
    pub(super) fn report(mut self, lines: &mut Lines, bytes: usize) {
        let took = clock::monotonic().saturating_sub(self.began).max(1);
        let count = self.times.len();
        self.times.sort_unstable();
        let at = |share: usize| {
            let place = count.saturating_sub(1) * share / 1000;
            self.times.get(place).copied().unwrap_or(0)
        };
        let each = u64::try_from(count).unwrap_or(0);
        lines.add("count", count);
        lines.add("us", took);
        lines.add("per_second", each.saturating_mul(1_000_000) / took);
        lines.add("min_us", at(0));
        lines.add("p50_us", at(500));
        lines.add("p90_us", at(900));
        lines.add("p99_us", at(990));
        lines.add("max_us", at(1000));
        if bytes > 0 {
            let moved = each.saturating_mul(u64::try_from(bytes).unwrap_or(0));
            lines.add("bytes", moved);
            lines.add("mb_per_second", moved / took);
        }
    }
}
