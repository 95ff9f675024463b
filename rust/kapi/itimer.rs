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

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_itimer)]
mod tests {
    use kernel::prelude::*;

    use super::*;
    use crate::{
        guest::kunit::{
            arrival,
            begin,
            in_a_guest,
            PID, //
        },
        task_state::TaskState, //
    };

    const SECOND: u64 = 1_000_000_000;

    /// Sets the alarm of the running task.
    fn set(left: u64, interval: u64) {
        drop(Paused {
            was: bindings::ssi_timer { left, interval },
            is_gone: false,
        });
    }

    #[test]
    fn an_alarm_stands_still_and_goes_on() -> Result {
        begin()?;
        let times = in_a_guest(&arrival(PID), || {
            set(100 * SECOND, 7 * SECOND);
            let paused = Paused::new();
            let nothing = Paused::new().was();
            let state = TaskState::of_paused(&paused)?;
            let was = paused.was();
            drop(paused);
            let again = Paused::new();
            let after = again.was();
            again.leave();
            drop(state);
            Ok([was, nothing, after, Paused::new().was()])
        })?;
        let [was, nothing, after, left] = times;
        assert!(was.0 > 90 * SECOND && was.0 <= 100 * SECOND && was.1 == 7 * SECOND);
        assert!(nothing == (0, 0));
        assert!(after.0 > 90 * SECOND && after.0 <= was.0 && after.1 == 7 * SECOND);
        assert!(left == (0, 0));
        Ok(())
    }
}
