// SPDX-License-Identifier: GPL-2.0

//! Clock of a process.
//!
//! The time a process has used is a clock for clock_gettime(2), whose number says which
//! process is meant:
//!
//! ```text
//!   31                       3     2      1, 0
//!  +---------------------------+--------+------+
//!  | pid, every bit the other  | thread | kind |
//!  +---------------------------+--------+------+
//! ```

/// The bits that are not the pid.
const KIND_BITS: u32 = 3;
/// Of one thread.
const THREAD: i32 = 4;
/// What is counted.
const KIND: i32 = 3;
/// No such clock: a device.
const DEVICE: i32 = 3;

/// The process whose clock has this number. `None` for all other clocks; those of the caller
/// and of threads are among them, for nobody else can name one.
pub const fn process(clock: i32) -> Option<u32> {
    if clock >= 0 || clock & THREAD != 0 || clock & KIND == DEVICE {
        return None;
    }
    match !(clock >> KIND_BITS) {
        pid @ 1.. => Some(pid.unsigned_abs()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn of(pid: i32, kind: i32) -> i32 {
        !pid << KIND_BITS | kind
    }

    #[test]
    fn a_process_is_found_in_its_clock() {
        for pid in [1, 300, 65_600, 4_194_303] {
            for kind in 0..3 {
                assert_eq!(process(of(pid, kind)), Some(pid.unsigned_abs()));
                assert_eq!(process(of(pid, kind | THREAD)), None);
            }
            assert_eq!(process(of(pid, DEVICE)), None);
        }
    }

    #[test]
    fn other_clocks_are_of_nobody() {
        // CLOCK_REALTIME to CLOCK_TAI, and the caller's own by its number 0.
        for clock in (0..12).chain([i32::MAX, of(0, 0), of(0, 2)]) {
            assert_eq!(process(clock), None, "{clock}");
        }
    }
}
