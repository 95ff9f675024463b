// SPDX-License-Identifier: GPL-2.0

//! Signal for another node.
//!
//! To whom it goes; what it is travels behind that as the kernel has it.
//!
//! ```text
//!  +--------+------+------+---------------------------+
//!  | caller | sort | a, b | information of the signal |
//!  +--------+------+------+---------------------------+
//! ```

use super::pid::is_shared;
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A process, by its number or that of one of its threads.
    Process(u32),
    /// A thread.
    Thread {
        /// Its process, if the sender knows.
        tgid: Option<u32>,
        /// Itself.
        tid: u32,
    },
    /// All of a process group, on whatever nodes they are.
    Group(u32),
    /// Everybody the sender may send it to.
    Everybody,
}

impl Target {
    /// The process or thread that says which node it is for, `None` if several may be. A thread
    /// whose process is known is with that, wherever its own number is from.
    pub const fn pid(self) -> Option<u32> {
        match self {
            Self::Process(pid)
            | Self::Thread {
                tgid: Some(pid), ..
            }
            | Self::Thread {
                tgid: None,
                tid: pid,
            } => Some(pid),
            Self::Group(_) | Self::Everybody => None,
        }
    }

    /// The number it has, `None` for everybody.
    const fn number(self) -> Option<u32> {
        match self {
            Self::Process(pid) | Self::Thread { tid: pid, .. } | Self::Group(pid) => Some(pid),
            Self::Everybody => None,
        }
    }

    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        let (sort, a, b) = match self {
            Self::Process(tgid) => (1, tgid, 0),
            Self::Thread { tgid, tid } => (2, tid, tgid.unwrap_or(0)),
            Self::Group(pgid) => (3, pgid, 0),
            Self::Everybody => (4, 0, 0),
        };
        out.u8(sort).u32(a).u32(b);
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is no target, and for a number that is private to a
    /// node.
    pub fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let target = match (message.u8()?, message.u32()?, message.u32()?) {
            (1, tgid, 0) => Self::Process(tgid),
            (2, tid, 0) => Self::Thread { tgid: None, tid },
            (2, tid, tgid) => Self::Thread {
                tgid: Some(tgid),
                tid,
            },
            (3, pgid, 0) => Self::Group(pgid),
            (4, 0, 0) => Self::Everybody,
            (_, _, _) => return Err(Malformed),
        };
        let numbers = [target.number(), target.pid()];
        let are_shared = numbers.into_iter().flatten().all(is_shared);
        are_shared.then_some(target).ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(target: Target) -> Result<Target, Malformed> {
        let mut room = [0; 9];
        let mut out = Writer::new(&mut room);
        target.encode(&mut out);
        assert_eq!(out.finish(), Ok(9));
        Target::decode(&mut Reader::new(&room))
    }

    #[test]
    fn a_target_arrives_as_it_was() {
        let (tgid, tid) = (65_600, 65_601);
        for target in [
            Target::Process(1),
            Target::Process(tgid),
            Target::Thread { tgid: None, tid },
            Target::Thread {
                tgid: Some(tgid),
                tid,
            },
            Target::Group(tgid),
            Target::Everybody,
        ] {
            assert_eq!(round_trip(target), Ok(target));
        }
    }

    #[test]
    fn nobody_is_sent_a_signal_by_a_private_number() {
        for pid in [0, 2, 65_535] {
            assert_eq!(round_trip(Target::Process(pid)), Err(Malformed));
            assert_eq!(round_trip(Target::Group(pid)), Err(Malformed));
            // That the process is not known is 0.
            let of_private = Target::Thread {
                tgid: (pid != 0).then_some(pid),
                tid: if pid == 0 { 2 } else { 65_601 },
            };
            assert_eq!(round_trip(of_private), Err(Malformed));
        }
    }

    #[test]
    fn other_bytes_are_no_target() {
        for bytes in [[0; 9], [5; 9], [4, 1, 0, 0, 0, 0, 0, 0, 0], [255; 9]] {
            assert_eq!(Target::decode(&mut Reader::new(&bytes)), Err(Malformed));
        }
    }
}
