// SPDX-License-Identifier: GPL-2.0

//! Change of one node's state.
//!
//! What `/proc/cluster/events` shows, a line each. The same on all nodes: number,
//! order, cause and time come from the step that made them.

use core::fmt;

use crate::{
    ids::{
        Epoch,
        Incarnation,
        Instance,
        NodeId, //
    },
    view::NodeState,
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

/// Number of a transition, dense; 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransId(pub u64);

impl TransId {
    /// The one behind this one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The first one of a cluster founded on `base`: above all that a cluster
    /// with no higher epoch can have used.
    pub const fn first_above(base: Epoch) -> Self {
        // Widening, in a const context that has no From.
        let [a, b, c, d] = base.0.to_le_bytes();
        let base = u64::from_le_bytes([a, b, c, d, 0, 0, 0, 0]);
        Self(
            base.saturating_mul(TRANSITIONS_PER_EPOCH_MAX)
                .saturating_add(1),
        )
    }
}

impl fmt::Display for TransId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Most transitions of one epoch: each node takes at most three states in it.
pub const TRANSITIONS_PER_EPOCH_MAX: u64 = 4096;

/// Why a state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The node asked to join.
    Joined,
    /// All subsystems of all members have taken it in, or cleaned up after it.
    SubsystemsDone,
    /// Somebody asked for its shutdown.
    ShutdownAsked,
    /// It left in order.
    Left,
    /// Its death was reported.
    Died,
    /// It was silent or cut off, and was killed.
    Fenced,
    /// User-level cleanup after it is over.
    CleanedUp,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Joined,
        Self::SubsystemsDone,
        Self::ShutdownAsked,
        Self::Left,
        Self::Died,
        Self::Fenced,
        Self::CleanedUp,
    ];

    /// The cause on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Joined => 0,
            Self::SubsystemsDone => 1,
            Self::ShutdownAsked => 2,
            Self::Left => 3,
            Self::Died => 4,
            Self::Fenced => 5,
            Self::CleanedUp => 6,
        }
    }

    /// The cause with this code, `None` for any other.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::SubsystemsDone => "subsystems",
            Self::ShutdownAsked => "shutdown",
            Self::Left => "left",
            Self::Died => "died",
            Self::Fenced => "fenced",
            Self::CleanedUp => "cleaned",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A node went from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Its number.
    pub id: TransId,
    /// The epoch it belongs to.
    pub epoch: Epoch,
    /// The coordinator's wall clock, in microseconds since 1970.
    pub wall_us: u64,
    /// Whose state.
    pub instance: Instance,
    /// The state before.
    pub from: NodeState,
    /// The state after.
    pub to: NodeState,
    /// Why.
    pub cause: Cause,
}

/// Bytes of a transition on the wire.
pub(super) const TRANSITION_BYTES: usize = 33;

impl Transition {
    /// Whether it leads into or out of UP: OpenSSI's simple transition.
    pub fn is_simple(&self) -> bool {
        (self.from == NodeState::Up) != (self.to == NodeState::Up)
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.u64(self.id.0)
            .u32(self.epoch.0)
            .u64(self.wall_us)
            .u16(u16::from(self.instance.node.get()))
            .u64(self.instance.incarnation.0)
            .u8(self.from.code())
            .u8(self.to.code())
            .u8(self.cause.code());
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            id: TransId(from.u64()?),
            epoch: Epoch(from.u32()?),
            wall_us: from.u64()?,
            instance: Instance::new(NodeId::read(from)?, Incarnation(from.u64()?)),
            from: NodeState::from_code(from.u8()?).ok_or(Malformed)?,
            to: NodeState::from_code(from.u8()?).ok_or(Malformed)?,
            cause: Cause::from_code(from.u8()?).ok_or(Malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;

    fn example() -> Transition {
        Transition {
            id: TransId(7),
            epoch: Epoch(3),
            wall_us: 1_700_000_000_000_000,
            instance: Instance::new(NodeId::new(5).unwrap(), Incarnation(9)),
            from: NodeState::ComingUp,
            to: NodeState::Up,
            cause: Cause::SubsystemsDone,
        }
    }

    #[test]
    fn a_transition_comes_back_from_its_bytes() {
        let mut room = [0; TRANSITION_BYTES];
        let mut writer = Writer::new(&mut room);
        example().write(&mut writer);
        assert_eq!(writer.finish(), Ok(TRANSITION_BYTES));
        assert_eq!(Transition::read(&mut Reader::new(&room)), Ok(example()));
        room[32] = 7;
        assert_eq!(Transition::read(&mut Reader::new(&room)), Err(Malformed));
    }

    #[test]
    fn simple_is_into_or_out_of_up() {
        assert!(example().is_simple());
        let ending = Transition {
            from: NodeState::KCleanup,
            to: NodeState::UCleanup,
            ..example()
        };
        assert!(!ending.is_simple());
    }

    #[test]
    fn a_cause_comes_back_from_its_code() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_code(cause.code()), Some(cause));
        }
        assert_eq!(Cause::from_code(7), None);
    }

    #[test]
    fn a_cluster_founded_again_has_higher_numbers() {
        assert_eq!(TransId::first_above(Epoch::NONE), TransId(1));
        assert_eq!(TransId::first_above(Epoch(2)), TransId(8193));
    }
}
