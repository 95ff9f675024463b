// SPDX-License-Identifier: GPL-2.0

//! Owner of a file.
//!
//! Who is sent `SIGIO` and `SIGURG` for it, and with whose rights. A signal for one goes
//! from node to node until it is where the owner is; to a group it goes to all nodes.
//!
//! ```text
//!  owner   +------+--------+-----------------+------+----------+
//!          | kind | number | user, effective | node | identity |
//!          +------+--------+-----------------+------+----------+
//!  signal  +-------+--------+------+--------+------+
//!          | owner | signal | file | reason | hops |
//!          +-------+--------+------+--------+------+
//! ```

use super::{
    pid::{
        is_shared,
        INIT, //
    },
    pidfd::Held, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes of an owner.
pub const OWNER_BYTES: usize = 23;

/// Bytes of a signal.
pub const SIGNAL_BYTES: usize = OWNER_BYTES + 7;

/// How often a signal is sent on. More nodes than that, one after another, no process
/// leaves while it is on its way.
pub const HOPS_MAX: u8 = 16;

/// The highest number of a signal.
const SIGNAL_MAX: u8 = 64;

/// The last reason of a `SIGIO`, `POLL_HUP`.
const REASON_MAX: u8 = 6;

/// What an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process, by its number or that of one of its threads.
    Process,
    /// A thread.
    Thread,
    /// A process group.
    Group,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Process, Self::Thread, Self::Group];

    /// Its code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Process => 0,
            Self::Thread => 1,
            Self::Group => 2,
        }
    }

    /// The one with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// An owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What it is.
    pub kind: Kind,
    /// Its number.
    pub number: u32,
    /// The user of who made it the owner.
    pub user: u32,
    /// Its effective user.
    pub effective: u32,
    /// Which one of that number; of a group the identity is 0.
    pub held: Held,
}

impl Owner {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u8(self.kind.code())
            .u32(self.number)
            .u32(self.user)
            .u32(self.effective);
        self.held.encode(out);
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none, and for a number that is private to a node.
    pub fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let owner = Self {
            kind: Kind::from_code(message.u8()?).ok_or(Malformed)?,
            number: message.u32()?,
            user: message.u32()?,
            effective: message.u32()?,
            held: Held::decode(message)?,
        };
        let is_one = match owner.kind {
            Kind::Process | Kind::Thread => is_shared(owner.number),
            Kind::Group => is_shared(owner.number) && owner.number != INIT,
        };
        is_one.then_some(owner).ok_or(Malformed)
    }
}

/// A signal to an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerSignal {
    /// The owner.
    pub owner: Owner,
    /// Which one `F_SETSIG` chose, 0 if none.
    pub signal: u8,
    /// The number of the file in the process that asked for signals.
    pub file: i32,
    /// `POLL_IN` and so on, 0 for `SIGURG`.
    pub reason: u8,
    /// How many nodes have sent it on.
    pub hops: u8,
}

impl OwnerSignal {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        self.owner.encode(out);
        out.u8(self.signal)
            .i32(self.file)
            .u8(self.reason)
            .u8(self.hops);
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none, and for no such signal or reason.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let signal = Self {
            owner: Owner::decode(&mut message)?,
            signal: message.u8()?,
            file: message.i32()?,
            reason: message.u8()?,
            hops: message.u8()?,
        };
        message.end()?;
        let is_sound =
            signal.signal <= SIGNAL_MAX && signal.reason <= REASON_MAX && signal.hops <= HOPS_MAX;
        is_sound.then_some(signal).ok_or(Malformed)
    }

    /// The same, sent on by one more node; `None` if that were too many.
    #[must_use]
    pub fn sent_on(self) -> Option<Self> {
        let hops = self.hops.saturating_add(1);
        (hops <= HOPS_MAX).then_some(Self { hops, ..self })
    }

    /// The same for a node that does not send it on: all get it, and one has the owner.
    #[must_use]
    pub const fn to_all(self) -> Self {
        let hops = HOPS_MAX;
        Self { hops, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;

    const PID: u32 = 65_600;

    fn owner(kind: Kind, number: u32) -> Owner {
        Owner {
            kind,
            number,
            user: 1000,
            effective: 1001,
            held: Held {
                node: NodeId::new(2).unwrap(),
                identity: 1 << 40,
            },
        }
    }

    fn signal(owner: Owner) -> OwnerSignal {
        OwnerSignal {
            owner,
            signal: 34,
            file: -1,
            reason: 1,
            hops: 0,
        }
    }

    fn arrived(signal: &OwnerSignal) -> Result<OwnerSignal, Malformed> {
        let mut room = [0; SIGNAL_BYTES];
        let mut out = Writer::new(&mut room);
        signal.encode(&mut out);
        assert_eq!(out.finish(), Ok(SIGNAL_BYTES));
        OwnerSignal::decode(Reader::new(&room))
    }

    #[test]
    fn a_signal_arrives_as_it_was() {
        for kind in Kind::ALL {
            let signal = signal(owner(kind, PID));
            assert_eq!(arrived(&signal), Ok(signal));
        }
        let to_init = signal(owner(Kind::Process, INIT));
        assert_eq!(arrived(&to_init), Ok(to_init));
    }

    #[test]
    fn nobody_is_sent_to_who_is_private() {
        for (kind, number) in [
            (Kind::Process, 0),
            (Kind::Process, 300),
            (Kind::Thread, 65_535),
            (Kind::Group, INIT),
        ] {
            assert_eq!(arrived(&signal(owner(kind, number))), Err(Malformed));
        }
    }

    #[test]
    fn what_no_kernel_sends_is_refused() {
        let good = signal(owner(Kind::Process, PID));
        for bad in [
            OwnerSignal { signal: 65, ..good },
            OwnerSignal { reason: 7, ..good },
            OwnerSignal {
                hops: HOPS_MAX + 1,
                ..good
            },
        ] {
            assert_eq!(arrived(&bad), Err(Malformed));
        }
    }

    #[test]
    fn it_is_not_sent_on_for_ever() {
        let mut at = Some(signal(owner(Kind::Process, PID)));
        let mut hops = 0;
        while let Some(signal) = at {
            assert_eq!(arrived(&signal), Ok(signal));
            at = signal.sent_on();
            hops += 1;
        }
        assert_eq!(hops, usize::from(HOPS_MAX) + 1);
        assert_eq!(signal(owner(Kind::Process, PID)).to_all().sent_on(), None);
    }
}
