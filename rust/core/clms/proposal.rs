// SPDX-License-Identifier: GPL-2.0

//! What a leader proposes.
//!
//! One step of the membership: either the changes that make the next view out of
//! the one that holds, or the activation of the one that holds.

use super::{
    ballot::{
        Ballot,
        Step, //
    },
    facts::Facts,
    transition::Cause, //
};
use crate::{
    ids::{
        Epoch,
        Incarnation,
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A new view, with this coordinator.
    View(NodeId),
    /// All subsystems of all members have taken the view in.
    Active,
}

/// What a new view changes of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    Keep,
    /// It comes.
    Join(Incarnation, Facts),
    /// It goes.
    Lose(Cause),
    /// It is to shut down.
    ShutDown,
    /// User-level cleanup after it is over.
    Clean,
}

/// A step, proposed or taken.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) step: Step,
    pub(super) epoch: Epoch,
    pub(super) wall_us: u64,
    /// `None` in a place that holds no proposal.
    pub(super) kind: Option<Kind>,
    changes: [Change; NODES_LEN],
}

/// A proposal and the ballot it was accepted under.
#[derive(Clone)]
pub(super) struct Accepted {
    pub(super) ballot: Ballot,
    pub(super) proposal: Proposal,
}

impl Accepted {
    pub(super) const NONE: Self = Self {
        ballot: Ballot::NONE,
        proposal: Proposal::NONE,
    };

    /// Whether it is one for `step`.
    pub(super) fn is_for(&self, step: Step) -> bool {
        self.proposal.kind.is_some() && self.proposal.step == step
    }
}

impl Proposal {
    pub(super) const NONE: Self = Self {
        step: Step(0),
        epoch: Epoch::NONE,
        wall_us: 0,
        kind: None,
        changes: [Change::Keep; NODES_LEN],
    };

    /// Makes it one of `kind` that changes nothing yet.
    pub(super) fn begin(&mut self, step: Step, epoch: Epoch, wall_us: u64, kind: Kind) {
        self.step = step;
        self.epoch = epoch;
        self.wall_us = wall_us;
        self.kind = Some(kind);
        self.changes = [Change::Keep; NODES_LEN];
    }

    pub(super) fn change(&self, node: NodeId) -> Change {
        let change = self.changes.get(node.index()).copied();
        change.unwrap_or(Change::Keep)
    }

    pub(super) fn set(&mut self, node: NodeId, change: Change) {
        if let Some(slot) = self.changes.get_mut(node.index()) {
            *slot = change;
        }
    }

    /// The nodes it changes, with what.
    pub(super) fn changes(&self) -> impl Iterator<Item = (NodeId, Change)> + '_ {
        NodeId::all()
            .map(|node| (node, self.change(node)))
            .filter(|(_, change)| *change != Change::Keep)
    }

    /// The nodes it takes out.
    pub(super) fn losses(&self) -> NodeSet {
        self.changes()
            .filter(|(_, change)| matches!(change, Change::Lose(_)))
            .map(|(node, _)| node)
            .collect()
    }

    /// The nodes it takes in.
    pub(super) fn joins(&self) -> NodeSet {
        self.changes()
            .filter(|(_, change)| matches!(change, Change::Join(..)))
            .map(|(node, _)| node)
            .collect()
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.u64(self.step.0).u32(self.epoch.0).u64(self.wall_us);
        NodeId::write_maybe(
            match self.kind {
                Some(Kind::View(coordinator)) => Some(coordinator),
                Some(Kind::Active) | None => None,
            },
            out,
        );
        out.u16(self.changes().count().try_into().unwrap_or(u16::MAX));
        for (node, change) in self.changes() {
            out.u16(u16::from(node.get()));
            change.write(out);
        }
    }

    /// Reads what [`write`](Self::write) wrote into this place.
    pub(super) fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Malformed> {
        let (step, epoch) = (Step(from.u64()?), Epoch(from.u32()?));
        let wall_us = from.u64()?;
        let kind = match NodeId::read_maybe(from)? {
            Some(coordinator) => Kind::View(coordinator),
            None => Kind::Active,
        };
        self.begin(step, epoch, wall_us, kind);
        let mut last = None;
        for _ in 0..from.u16()? {
            let node = NodeId::read(from)?;
            // Strictly in order, so that a proposal has one form only.
            if last >= Some(node) || kind == Kind::Active {
                return Err(Malformed);
            }
            last = Some(node);
            self.set(node, Change::read(from)?);
        }
        Ok(())
    }
}

const JOIN: u8 = 1;
const LOSE: u8 = 2;
const SHUT_DOWN: u8 = 3;
const CLEAN: u8 = 4;

impl Change {
    fn write(self, out: &mut Writer<'_>) {
        match self {
            // Never written: only changes are.
            Self::Keep => {}
            Self::Join(incarnation, facts) => {
                out.u8(JOIN).u64(incarnation.0);
                facts.write(out);
            }
            Self::Lose(cause) => {
                out.u8(LOSE).u8(cause.code());
            }
            Self::ShutDown => {
                out.u8(SHUT_DOWN);
            }
            Self::Clean => {
                out.u8(CLEAN);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        match from.u8()? {
            JOIN => Ok(Self::Join(Incarnation(from.u64()?), Facts::read(from)?)),
            LOSE => match Cause::from_code(from.u8()?) {
                Some(cause @ (Cause::Left | Cause::Died | Cause::Fenced)) => Ok(Self::Lose(cause)),
                _ => Err(Malformed),
            },
            SHUT_DOWN => Ok(Self::ShutDown),
            CLEAN => Ok(Self::Clean),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn example() -> Proposal {
        let mut proposal = Proposal::NONE;
        proposal.begin(Step(3), Epoch(2), 99, Kind::View(node(1)));
        let facts = Facts {
            cpus: 1,
            memory_pages: 65536,
        };
        proposal.set(node(2), Change::Join(Incarnation(7), facts));
        proposal.set(node(3), Change::Lose(Cause::Died));
        proposal.set(node(4), Change::ShutDown);
        proposal.set(node(9), Change::Clean);
        proposal
    }

    #[test]
    fn a_proposal_comes_back_from_its_bytes() {
        let mut room = [0; 80];
        let mut writer = Writer::new(&mut room);
        example().write(&mut writer);
        let len = writer.finish().unwrap();
        let mut read = Proposal::NONE;
        assert_eq!(read.read(&mut Reader::new(&room[..len])), Ok(()));
        assert!(read == example());
        assert_eq!(read.losses(), NodeSet::only(node(3)));
        assert_eq!(read.joins(), NodeSet::only(node(2)));
    }

    #[test]
    fn a_node_changes_once() {
        let mut room = [0; 64];
        let mut writer = Writer::new(&mut room);
        writer.u64(1).u32(1).u64(0).u16(1).u16(2);
        writer.u16(5).u8(CLEAN).u16(5).u8(CLEAN);
        let len = writer.finish().unwrap();
        let mut read = Proposal::NONE;
        let outcome = read.read(&mut Reader::new(&room[..len]));
        assert_eq!(outcome, Err(Malformed));
    }
}
