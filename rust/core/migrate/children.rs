// SPDX-License-Identifier: GPL-2.0

//! Children at home.
//!
//! What travels between a process that is elsewhere and its home, where children of it are:
//! which those are, what it waits for, as waitid(2) has it, and what it gets.

use super::news::{
    decode_usage,
    encode_usage,
    Usage,
    USAGE_FIELDS, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Most children of a process that moves.
pub const CHILDREN_MAX: usize = 16_384;

/// Bytes of a [`Child`].
pub const CHILD_BYTES: usize = 8;

/// No process has this number or one above it, on any kernel.
const PID_LIMIT: u32 = 1 << 30;

/// A child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its number.
    pub pid: u32,
    /// Its process group when that was told; 0 for one that is private to its node.
    pub group: u32,
}

impl Child {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.pid).u32(self.group);
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for numbers nobody has.
    pub fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        match (message.u32()?, message.u32()?) {
            (pid @ 1..PID_LIMIT, group @ 0..PID_LIMIT) => Ok(Self { pid, group }),
            (_, _) => Err(Malformed),
        }
    }
}

/// Which children a process waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Any.
    All,
    /// The one with this number.
    Process(u32),
    /// Those of a group; 0 is its own.
    Group(u32),
}

const ALL: u8 = 0;
const PROCESS: u8 = 1;
const GROUP: u8 = 2;

/// What there may be among the options: those of waitid(2).
pub mod option {
    /// Not to wait.
    pub const NO_HANG: u32 = 1;
    /// Children that were stopped.
    pub const STOPPED: u32 = 2;
    /// Children that ended.
    pub const EXITED: u32 = 4;
    /// Children that go on.
    pub const CONTINUED: u32 = 8;
    /// To leave them as they are.
    pub const NO_WAIT: u32 = 0x0100_0000;
    /// Those of the calling thread alone.
    pub const NO_THREAD: u32 = 0x2000_0000;
    /// All children, whatever signal they send.
    pub const WALL: u32 = 0x4000_0000;
    /// Those alone that send another signal than `SIGCHLD`.
    pub const CLONE: u32 = 0x8000_0000;

    /// All of these.
    pub const EVERY: u32 =
        NO_HANG | STOPPED | EXITED | CONTINUED | NO_WAIT | NO_THREAD | WALL | CLONE;
    /// What may be waited for.
    pub const WHAT: u32 = STOPPED | EXITED | CONTINUED;
}

/// Bytes of a [`Wanted`].
pub const WANTED_BYTES: usize = 9;

/// What a process waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which children.
    pub which: Which,
    /// See [`option`].
    pub options: u32,
}

impl Wanted {
    /// Whether it is one: there is something that is waited for, and nothing unknown.
    pub const fn is_valid(&self) -> bool {
        let number = match self.which {
            Which::All => 0,
            Which::Process(0) => return false,
            Which::Process(number) | Which::Group(number) => number,
        };
        number < PID_LIMIT && self.options & !option::EVERY == 0 && self.options & option::WHAT != 0
    }

    /// Whether it is about `child`, for a process of group `own`.
    pub fn concerns(&self, child: &Child, own: u32) -> bool {
        match self.which {
            Which::All => true,
            Which::Process(pid) => pid == child.pid,
            Which::Group(0) => own == child.group,
            Which::Group(group) => group == child.group,
        }
    }

    /// Whether it is about children of a group.
    pub const fn is_in_a_group(&self) -> bool {
        matches!(self.which, Which::Group(_))
    }

    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        let (which, who) = match self.which {
            Which::All => (ALL, 0),
            Which::Process(pid) => (PROCESS, pid),
            Which::Group(group) => (GROUP, group),
        };
        out.u8(which).u32(who).u32(self.options);
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let which = match (message.u8()?, message.u32()?) {
            (ALL, 0) => Which::All,
            (PROCESS, pid) => Which::Process(pid),
            (GROUP, group) => Which::Group(group),
            (_, _) => return Err(Malformed),
        };
        let options = message.u32()?;
        let wanted = Self { which, options };
        wanted.is_valid().then_some(wanted).ok_or(Malformed)
    }
}

/// Why a wait ends: `si_code` of waitid(2).
pub mod cause {
    /// It ended by itself.
    pub const EXITED: i32 = 1;
    /// A signal ended it.
    pub const KILLED: i32 = 2;
    /// The same, and its memory was dumped.
    pub const DUMPED: i32 = 3;
    /// It was traced, and stopped.
    pub const TRAPPED: i32 = 4;
    /// It was stopped.
    pub const STOPPED: i32 = 5;
    /// It goes on.
    pub const CONTINUED: i32 = 6;
}

/// A child that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Its number.
    pub pid: u32,
    /// Its user.
    pub user: u32,
    /// How it ended, or which signal stopped it.
    pub status: i32,
    /// See [`cause`].
    pub cause: i32,
    /// What it used.
    pub usage: Usage,
}

const WAITED_BYTES: usize = 16 + USAGE_FIELDS * 8;

impl Waited {
    /// One that died with its node.
    pub const fn killed(pid: u32, user: u32) -> Self {
        Self {
            pid,
            user,
            status: 9,
            cause: cause::KILLED,
            usage: [0; USAGE_FIELDS],
        }
    }

    /// Whether it has ended.
    pub const fn has_ended(&self) -> bool {
        matches!(self.cause, cause::EXITED | cause::KILLED | cause::DUMPED)
    }

    /// As wait4(2) gives it.
    pub const fn wait_status(&self) -> i32 {
        match self.cause {
            cause::EXITED => (self.status & 0xff) << 8,
            cause::DUMPED => self.status & 0x7f | 0x80,
            cause::KILLED => self.status & 0x7f,
            cause::CONTINUED => 0xffff,
            _ => (self.status & 0xffff) << 8 | 0x7f,
        }
    }

    fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.pid)
            .u32(self.user)
            .i32(self.status)
            .i32(self.cause);
        encode_usage(&self.usage, out);
    }

    fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let waited = Self {
            pid: message.u32()?,
            user: message.u32()?,
            status: message.i32()?,
            cause: message.i32()?,
            usage: decode_usage(message)?,
        };
        let is_one = matches!(waited.pid, 1..PID_LIMIT)
            && (cause::EXITED..=cause::CONTINUED).contains(&waited.cause);
        is_one.then_some(waited).ok_or(Malformed)
    }
}

/// What a node finds among the children that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This.
    Child(Waited),
    /// There are such children, and nothing to be told of them.
    NothingYet,
    /// There is none.
    NoChild,
}

/// Bytes of the longest [`Answer`].
pub const ANSWER_BYTES_MAX: usize = 2 + WAITED_BYTES;

const CHILD: u8 = 1;
const NOTHING_YET: u8 = 2;
const NO_CHILD: u8 = 3;

/// What home says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// To what it was asked for.
    pub found: Found,
    /// Whether there is any child of the process left.
    pub are_left: bool,
}

impl Answer {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u8(self.are_left.into());
        match &self.found {
            Found::Child(waited) => waited.encode(out.u8(CHILD)),
            Found::NothingYet => {
                out.u8(NOTHING_YET);
            }
            Found::NoChild => {
                out.u8(NO_CHILD);
            }
        }
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let are_left = message.flag()?;
        let found = match message.u8()? {
            CHILD => Found::Child(Waited::decode(&mut message)?),
            NOTHING_YET => Found::NothingYet,
            NO_CHILD => Found::NoChild,
            _ => return Err(Malformed),
        };
        message.end()?;
        Ok(Self { found, are_left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITED: Waited = Waited {
        pid: 65_600,
        user: 1000,
        status: 3,
        cause: cause::EXITED,
        usage: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    };

    fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0; 256];
        let mut out = Writer::new(&mut room);
        write(&mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    fn wanted(which: Which, options: u32) -> Option<Wanted> {
        let bytes = written(|out| Wanted { which, options }.encode(out));
        assert_eq!(bytes.len(), WANTED_BYTES);
        Wanted::decode(&mut Reader::new(&bytes)).ok()
    }

    #[test]
    fn what_is_wanted_arrives_as_it_was() {
        for which in [Which::All, Which::Process(65_600), Which::Group(0)] {
            for options in [
                option::EVERY,
                option::EXITED,
                option::CONTINUED | option::CLONE,
            ] {
                assert_eq!(wanted(which, options), Some(Wanted { which, options }));
            }
        }
    }

    #[test]
    fn nobody_waits_for_nothing() {
        for options in [0, option::NO_HANG, option::EXITED | 1 << 12] {
            assert_eq!(wanted(Which::All, options), None);
        }
        for which in [
            Which::Process(0),
            Which::Process(PID_LIMIT),
            Which::Group(u32::MAX),
        ] {
            assert_eq!(wanted(which, option::EXITED), None);
        }
    }

    fn through(answer: Answer) -> Result<Answer, Malformed> {
        let bytes = written(|out| answer.encode(out));
        assert!(bytes.len() <= ANSWER_BYTES_MAX);
        for cut in 0..bytes.len() {
            assert_eq!(Answer::decode(Reader::new(&bytes[..cut])), Err(Malformed));
        }
        Answer::decode(Reader::new(&bytes))
    }

    #[test]
    fn an_answer_arrives_as_it_was() {
        for found in [Found::Child(WAITED), Found::NothingYet, Found::NoChild] {
            for are_left in [false, true] {
                let answer = Answer { found, are_left };
                assert_eq!(through(answer), Ok(answer));
            }
        }
    }

    #[test]
    fn no_wait_ends_so() {
        for waited in [
            Waited { pid: 0, ..WAITED },
            Waited {
                pid: PID_LIMIT,
                ..WAITED
            },
            Waited { cause: 0, ..WAITED },
            Waited { cause: 7, ..WAITED },
        ] {
            let found = Found::Child(waited);
            let answer = Answer {
                found,
                are_left: true,
            };
            assert_eq!(through(answer), Err(Malformed));
        }
    }

    #[test]
    fn a_status_is_that_of_wait() {
        let status = |cause, status| {
            Waited {
                cause,
                status,
                ..WAITED
            }
            .wait_status()
        };
        assert_eq!(status(cause::EXITED, 3), 0x300);
        assert_eq!(status(cause::EXITED, 255), 0xff00);
        assert_eq!(status(cause::KILLED, 15), 15);
        assert_eq!(status(cause::DUMPED, 11), 0x8b);
        assert_eq!(status(cause::STOPPED, 19), 0x137f);
        assert_eq!(status(cause::CONTINUED, 18), 0xffff);
        assert_eq!(Waited::killed(1, 0).wait_status(), 9);
    }

    #[test]
    fn only_what_is_meant_is_waited_for() {
        let child = Child { pid: 5, group: 7 };
        let concerns = |which| {
            let options = option::EXITED;
            Wanted { which, options }.concerns(&child, 7)
        };
        assert!(concerns(Which::All) && concerns(Which::Process(5)));
        assert!(concerns(Which::Group(7)) && concerns(Which::Group(0)));
        assert!(!concerns(Which::Process(6)) && !concerns(Which::Group(5)));
    }

    #[test]
    fn a_child_arrives_as_it_was() {
        let decode = |pid, group| {
            let bytes = written(|out| Child { pid, group }.encode(out));
            assert_eq!(bytes.len(), CHILD_BYTES);
            Child::decode(&mut Reader::new(&bytes))
        };
        for (pid, group) in [(65_600, 65_601), (1, 0)] {
            assert_eq!(decode(pid, group), Ok(Child { pid, group }));
        }
        for (pid, group) in [(0, 1), (PID_LIMIT, 1), (1, PID_LIMIT)] {
            assert_eq!(decode(pid, group), Err(Malformed));
        }
    }
}
