// SPDX-License-Identifier: GPL-2.0

//! Lines that strangers can cause.
//!
//! At most `ssi.ics.log_lines` in ten seconds; what is left out is counted and
//! said with the next line.

use core::fmt;

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use ssi_kapi::{
    clock,
    print::Plain, //
};

use crate::settings;

const PERIOD: u64 = 10_000_000;

static BEGAN: Atomic<u64> = Atomic::new(0);
static LINES: Atomic<u32> = Atomic::new(0);
static LEFT_OUT: Atomic<u64> = Atomic::new(0);

/// Lines that were left out before this one.
pub(crate) struct LeftOut(u64);

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            count => write!(f, " ({count} lines were left out)"),
        }
    }
}

/// Whether a line may be printed now; what to say behind it.
pub(crate) fn may_print() -> Option<Plain<LeftOut>> {
    let now = clock::monotonic();
    // Only the reactor asks, so nobody comes in between.
    if now.saturating_sub(BEGAN.load(Relaxed)) > PERIOD {
        BEGAN.store(now, Relaxed);
        LINES.store(0, Relaxed);
    }
    let lines = LINES.load(Relaxed);
    if lines >= settings::log_lines() {
        LEFT_OUT.store(LEFT_OUT.load(Relaxed).saturating_add(1), Relaxed);
        return None;
    }
    LINES.store(lines + 1, Relaxed);
    Some(Plain(LeftOut(LEFT_OUT.xchg(0, Relaxed))))
}
