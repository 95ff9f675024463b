// SPDX-License-Identifier: GPL-2.0

//! Alarm of a process that leaves.
//!
//! `ITIMER_REAL`, as of alarm(2) and setitimer(2), runs on the node the process is on. While
//! one goes to another node it runs nowhere, so that it runs out once.
//!
//! C header: [`include/linux/hrtimer.h`](srctree/include/linux/hrtimer.h)

use kernel::bindings;

/// The alarm of the running process, which is stopped until this is dropped.
pub struct Paused {
    was: bindings::ssi_timer,
    is_gone: bool,
}

impl Paused {
    /// Stops it. May sleep.
    pub fn new() -> Self {
        let mut was = bindings::ssi_timer {
            left: 0,
            interval: 0,
        };
        // SAFETY: It can be written.
        unsafe { bindings::ssi_itimer_pause(&mut was) };
        Self {
            was,
            is_gone: false,
        }
    }

    /// Nanoseconds until it runs out, or 0, and those of its interval.
    pub fn was(&self) -> (u64, u64) {
        (self.was.left, self.was.interval)
    }

    /// The process is elsewhere, and with it the alarm.
    pub fn leave(mut self) {
        self.is_gone = true;
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        if !self.is_gone {
            // SAFETY: It can be read.
            unsafe { bindings::ssi_itimer_resume(&self.was) }
        }
    }
}
