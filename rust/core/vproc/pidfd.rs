// SPDX-License-Identifier: GPL-2.0

//! Pidfd of another node's process.
//!
//! What the node that holds it and the one that tells of the end say to each other. The
//! holder names its pidfd by a token that never comes again.
//!
//! ```text
//!  watch    +-------+-----+------+     answer  +----------+------+
//!           | token | pid | kind |             | identity | life |
//!           +-------+-----+------+             +----------+------+
//!  notice   +-------+------+           signal  +------+----------+------------
//!           | token | life |                   | node | identity | target, ...
//!           +-------+------+                   +------+----------+------------
//! ```

use super::{
    pid::is_shared,
    signal::Target, //
};
use crate::{
    ids::NodeId,
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};

/// Most processes one node watches for another one.
pub const WATCHES_MAX: u16 = 1024;

/// Longest message but that of a signal, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 13;

/// What it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process.
    Process,
    /// A thread, be it the only one of a process.
    Thread,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Process, Self::Thread];

    const fn code(self) -> u8 {
        match self {
            Self::Process => 0,
            Self::Thread => 1,
        }
    }
}

/// How far a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Life {
    /// It runs.
    Runs,
    /// It has ended, and its parent does not know yet.
    Ended,
    /// There is no such process any more.
    Gone,
}

impl Life {
    const ALL: [Self; 3] = [Self::Runs, Self::Ended, Self::Gone];

    /// Puts it into a message.
    fn encode(self, out: &mut Writer<'_>) {
        out.u8(match self {
            Self::Runs => 0,
            Self::Ended => 1,
            Self::Gone => 2,
        });
    }

    fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let life = usize::from(message.u8()?);
        Self::ALL.get(life).copied().ok_or(Malformed)
    }
}

/// Asks a node to tell of the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Whom it tells.
    pub token: u64,
    /// The process or thread.
    pub pid: u32,
    /// Which of both.
    pub kind: Kind,
}

impl Watch {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u64(self.token).u32(self.pid).u8(self.kind.code());
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none, and for a number that is private to a node.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let watch = Self {
            token: message.u64()?,
            pid: message.u32()?,
            kind: *Kind::ALL.get(usize::from(message.u8()?)).ok_or(Malformed)?,
        };
        message.end()?;
        is_shared(watch.pid).then_some(watch).ok_or(Malformed)
    }
}

/// The answer: what is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// What no other process of that node ever has.
    pub identity: u64,
    /// How far it is already.
    pub life: Life,
}

impl Watched {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        self.life.encode(out.u64(self.identity));
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let watched = Self {
            identity: message.u64()?,
            life: Life::decode(&mut message)?,
        };
        message.end()?;
        Ok(watched)
    }
}

/// What a node tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The pidfd.
    pub token: u64,
    /// How far its process is.
    pub life: Life,
}

impl Notice {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        self.life.encode(out.u64(self.token));
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let notice = Self {
            token: message.u64()?,
            life: Life::decode(&mut message)?,
        };
        message.end()?;
        Ok(notice)
    }
}

/// A process, as the node that tells of its end knows it. All other nodes know it by its
/// number alone: they are asked because that one has sent the question on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// That node.
    pub node: NodeId,
    /// What no other process of that node ever has.
    pub identity: u64,
}

impl Held {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u16(u16::from(self.node.get())).u64(self.identity);
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what names no node.
    pub fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            node: NodeId::read(message)?,
            identity: message.u64()?,
        })
    }

    /// Whether node `me`, whose process of that number has `identity`, may take that for
    /// the one that is held.
    pub fn may_be(self, me: NodeId, identity: u64) -> bool {
        self.node != me || self.identity == identity
    }
}

/// Flags of pidfd_send_signal(2).
const SIGNAL_THREAD: u32 = 1;
const SIGNAL_THREAD_GROUP: u32 = 2;
const SIGNAL_PROCESS_GROUP: u32 = 4;

/// Whom a signal through a pidfd of process or thread `pid` is for; `None` for `flags` that
/// are none.
pub fn target(kind: Kind, pid: u32, flags: u32) -> Option<Target> {
    let thread = Target::Thread {
        tgid: None,
        tid: pid,
    };
    match (flags, kind) {
        (0, Kind::Thread) | (SIGNAL_THREAD, _) => Some(thread),
        (0, Kind::Process) | (SIGNAL_THREAD_GROUP, _) => Some(Target::Process(pid)),
        (SIGNAL_PROCESS_GROUP, _) => Some(Target::Group(pid)),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(put: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0; MESSAGE_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        put(&mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    const PID: u32 = 65_600;

    #[test]
    fn a_message_arrives_as_it_was() {
        for kind in Kind::ALL {
            let watch = Watch {
                token: 1 << 40,
                pid: PID,
                kind,
            };
            let bytes = written(|out| watch.encode(out));
            assert_eq!(bytes.len(), MESSAGE_BYTES_MAX);
            assert_eq!(Watch::decode(Reader::new(&bytes)), Ok(watch));
        }
        for life in Life::ALL {
            let watched = Watched { identity: 7, life };
            let bytes = written(|out| watched.encode(out));
            assert_eq!(Watched::decode(Reader::new(&bytes)), Ok(watched));
            let notice = Notice { token: 9, life };
            let bytes = written(|out| notice.encode(out));
            assert_eq!(Notice::decode(Reader::new(&bytes)), Ok(notice));
        }
    }

    #[test]
    fn other_bytes_are_no_message() {
        for length in 0..32 {
            let bytes = vec![255; length];
            assert_eq!(Watch::decode(Reader::new(&bytes)), Err(Malformed));
            assert_eq!(Watched::decode(Reader::new(&bytes)), Err(Malformed));
            assert_eq!(Notice::decode(Reader::new(&bytes)), Err(Malformed));
            assert_eq!(Held::decode(&mut Reader::new(&bytes)), Err(Malformed));
        }
    }

    #[test]
    fn nobody_watches_a_private_number() {
        for pid in [0, 2, 65_535] {
            let watch = Watch {
                token: 0,
                pid,
                kind: Kind::Process,
            };
            let bytes = written(|out| watch.encode(out));
            assert_eq!(Watch::decode(Reader::new(&bytes)), Err(Malformed));
        }
    }

    #[test]
    fn only_the_node_that_tells_knows_who_it_is() {
        let node = |number| NodeId::new(number).unwrap();
        let held = Held {
            node: node(3),
            identity: 7,
        };
        let bytes = written(|out| held.encode(out));
        assert_eq!(Held::decode(&mut Reader::new(&bytes)), Ok(held));
        assert!(held.may_be(node(3), 7) && !held.may_be(node(3), 8));
        assert!(held.may_be(node(2), 8));
    }

    #[test]
    fn a_signal_goes_to_whom_the_flags_name() {
        let thread = Target::Thread {
            tgid: None,
            tid: PID,
        };
        for (kind, flags, whom) in [
            (Kind::Process, 0, Some(Target::Process(PID))),
            (Kind::Thread, 0, Some(thread)),
            (Kind::Process, 1, Some(thread)),
            (Kind::Thread, 2, Some(Target::Process(PID))),
            (Kind::Thread, 4, Some(Target::Group(PID))),
            (Kind::Process, 3, None),
            (Kind::Process, 8, None),
            (Kind::Thread, u32::MAX, None),
        ] {
            assert_eq!(target(kind, PID, flags), whom, "{kind:?} {flags}");
        }
    }

    #[test]
    fn a_process_gets_no_younger() {
        assert!(Life::Runs < Life::Ended && Life::Ended < Life::Gone);
    }
}
