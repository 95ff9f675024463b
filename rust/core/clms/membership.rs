// SPDX-License-Identifier: GPL-2.0

//! Membership as it was agreed.
//!
//! The view that holds, what is known of its nodes, and how many steps led here.
//! A proposal either fits or does not; applied, it gives the same view and the
//! same transitions on every node.
//!
//! ```text
//!           Join            Active        ShutDown
//!  NEVERUP ------> COMINGUP ------> UP ------------> SHUTDOWN
//!            ^         |            |                    |
//!       Join |         | Lose       | Lose               | Lose
//!            |         v            v                    v
//!          DOWN <-- UCLEANUP <-- KCLEANUP <---------- GOINGDOWN
//!             Clean        Active        (the same step)
//! ```

use super::{
    ballot::Step,
    facts::{
        Facts,
        FactsTable, //
    },
    history::{
        Happening,
        History, //
    },
    proposal::{
        Change,
        Kind,
        Proposal, //
    },
    transition::Cause, //
};
use crate::{
    hostlink::{
        read_view,
        write_view, //
    },
    ids::{
        Epoch,
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    view::{
        Entry,
        NodeState,
        View, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

/// The agreed state.
#[derive(Clone)]
pub(super) struct Membership {
    pub(super) step: Step,
    pub(super) view: View,
    /// Its members, worked out once.
    pub(super) members: NodeSet,
    /// Nobody comes up and nobody is cleaned up after in the kernels.
    pub(super) is_active: bool,
    facts: FactsTable,
}

impl Membership {
    pub(super) const NONE: Self = Self {
        step: Step(0),
        view: View::EMPTY,
        members: NodeSet::EMPTY,
        is_active: true,
        facts: [Facts::NONE; NODES_LEN],
    };

    pub(super) fn facts(&self, node: NodeId) -> Facts {
        self.facts.get(node.index()).copied().unwrap_or_default()
    }

    /// The first view of a cluster: `me` alone.
    pub(super) fn found(
        &mut self,
        me: Instance,
        facts: Facts,
        base: Epoch,
        wall_us: u64,
        history: &mut History,
    ) {
        *self = Self::NONE;
        self.step = Step(1);
        self.view.epoch = base.next();
        self.view.coordinator = Some(me.node);
        let change = Change::Join(me.incarnation, facts);
        self.change(me.node, change, wall_us, history);
        self.work_out();
    }

    /// Whether `proposal` is the next step and makes sense.
    pub(super) fn fits(&self, proposal: &Proposal) -> bool {
        if proposal.step != self.step.next() {
            return false;
        }
        match proposal.kind {
            None => false,
            Some(Kind::Active) => proposal.epoch == self.view.epoch && !self.is_active,
            Some(Kind::View(coordinator)) => {
                proposal.epoch == self.view.epoch.next()
                    && proposal.epoch != self.view.epoch
                    && self.view.member(coordinator).is_some()
                    && proposal.losses() != self.members
                    && proposal
                        .changes()
                        .all(|(node, change)| self.allows(node, change))
            }
        }
    }

    fn allows(&self, node: NodeId, change: Change) -> bool {
        let entry = self.view.entry(node);
        match change {
            Change::Keep => true,
            Change::Join(incarnation, _) => {
                matches!(entry.state, NodeState::NeverUp | NodeState::Down)
                    && incarnation > entry.incarnation
            }
            Change::Lose(_) => entry.state.is_member(),
            Change::ShutDown => entry.state == NodeState::Up,
            Change::Clean => entry.state == NodeState::UCleanup,
        }
    }

    /// Takes the step `proposal`, which [`fits`](Self::fits).
    pub(super) fn apply(&mut self, proposal: &Proposal, history: &mut History) {
        self.step = proposal.step;
        match proposal.kind {
            Some(Kind::View(coordinator)) => {
                self.view.epoch = proposal.epoch;
                self.view.coordinator = Some(coordinator);
                for (node, change) in proposal.changes() {
                    self.change(node, change, proposal.wall_us, history);
                }
            }
            Some(Kind::Active) => self.activate(proposal.wall_us, history),
            None => {}
        }
        self.work_out();
    }

    /// What follows from the view.
    fn work_out(&mut self) {
        self.members = self.view.members();
        self.is_active = NodeId::all().all(|node| {
            let state = self.view.entry(node).state;
            !matches!(state, NodeState::ComingUp | NodeState::KCleanup)
        });
    }

    fn change(&mut self, node: NodeId, change: Change, wall_us: u64, history: &mut History) {
        let mut go = |to, cause| self.go(node, to, cause, wall_us, history);
        match change {
            Change::Keep => {}
            Change::Join(incarnation, facts) => {
                if let Some(slot) = self.facts.get_mut(node.index()) {
                    *slot = facts;
                }
                let state = self.view.entry(node).state;
                self.view.set(node, Entry { state, incarnation });
                self.go(node, NodeState::ComingUp, Cause::Joined, wall_us, history);
            }
            Change::Lose(cause) => {
                go(NodeState::GoingDown, cause);
                go(NodeState::KCleanup, cause);
            }
            Change::ShutDown => go(NodeState::Shutdown, Cause::ShutdownAsked),
            Change::Clean => go(NodeState::Down, Cause::CleanedUp),
        }
    }

    fn activate(&mut self, wall_us: u64, history: &mut History) {
        for node in NodeId::all() {
            let to = match self.view.entry(node).state {
                NodeState::KCleanup => NodeState::UCleanup,
                NodeState::ComingUp => NodeState::Up,
                _ => continue,
            };
            self.go(node, to, Cause::SubsystemsDone, wall_us, history);
        }
    }

    /// One node goes to another state, and the history has it.
    fn go(
        &mut self,
        node: NodeId,
        to: NodeState,
        cause: Cause,
        wall_us: u64,
        history: &mut History,
    ) {
        let entry = self.view.entry(node);
        history.record(Happening {
            epoch: self.view.epoch,
            wall_us,
            instance: Instance::new(node, entry.incarnation),
            from: entry.state,
            to,
            cause,
        });
        self.view.set(node, Entry { state: to, ..entry });
    }

    /// Nodes the members clean up after at user level.
    pub(super) fn in_cleanup(&self) -> NodeSet {
        self.view.in_state(NodeState::UCleanup)
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.u64(self.step.0);
        write_view(&self.view, out);
        for node in self.known() {
            self.facts(node).write(out);
        }
    }

    /// Reads what [`write`](Self::write) wrote into this place.
    pub(super) fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Malformed> {
        *self = Self::NONE;
        self.step = Step(from.u64()?);
        read_view(from, &mut self.view)?;
        for node in NodeId::all() {
            if self.view.entry(node).state == NodeState::NeverUp {
                continue;
            }
            let facts = Facts::read(from)?;
            if let Some(slot) = self.facts.get_mut(node.index()) {
                *slot = facts;
            }
        }
        self.work_out();
        Ok(())
    }

    fn known(&self) -> impl Iterator<Item = NodeId> + '_ {
        NodeId::all().filter(|&node| self.view.entry(node).state != NodeState::NeverUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{
        Incarnation,
        NodeNumber, //
    };

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn founded() -> (Membership, Box<History>) {
        let (mut state, mut history) = (Membership::NONE, Box::new(History::EMPTY));
        let me = Instance::new(node(1), Incarnation(1));
        state.found(me, Facts::NONE, Epoch(0), 5, &mut history);
        (state, history)
    }

    fn next(state: &Membership, kind: Kind, changes: &[(NodeNumber, Change)]) -> Proposal {
        let mut proposal = Proposal::NONE;
        let epoch = match kind {
            Kind::View(_) => state.view.epoch.next(),
            Kind::Active => state.view.epoch,
        };
        proposal.begin(state.step.next(), epoch, 6, kind);
        for &(number, change) in changes {
            proposal.set(node(number), change);
        }
        proposal
    }

    #[test]
    fn a_life_goes_through_the_eight_states() {
        let (mut state, mut history) = founded();
        let view = Kind::View(node(1));
        let join = Change::Join(Incarnation(2), Facts::NONE);
        let life = [
            (Kind::Active, vec![]),
            (view, vec![(2, join)]),
            (Kind::Active, vec![]),
            (view, vec![(2, Change::ShutDown)]),
            (view, vec![(2, Change::Lose(Cause::Left))]),
            (Kind::Active, vec![]),
            (view, vec![(2, Change::Clean)]),
        ];
        for (kind, changes) in life {
            let proposal = next(&state, kind, &changes);
            assert!(state.fits(&proposal), "{kind:?} {changes:?}");
            state.apply(&proposal, &mut history);
        }
        let states: Vec<_> = history
            .since(history.first_id())
            .filter(|t| t.instance.node == node(2))
            .map(|t| t.to.name())
            .collect();
        let expected = "COMINGUP UP SHUTDOWN GOINGDOWN KCLEANUP UCLEANUP DOWN";
        assert_eq!(states.join(" "), expected);
        assert!(state.is_active);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (state, _) = founded();
        let view = Kind::View(node(1));
        let old_life = Change::Join(Incarnation(0), Facts::NONE);
        for (kind, changes) in [
            (view, vec![(1, Change::Join(Incarnation(9), Facts::NONE))]),
            (view, vec![(2, old_life)]),
            (view, vec![(2, Change::Lose(Cause::Died))]),
            (view, vec![(1, Change::Lose(Cause::Died))]),
            (view, vec![(1, Change::ShutDown)]),
            (view, vec![(1, Change::Clean)]),
            (Kind::View(node(2)), vec![]),
        ] {
            assert!(!state.fits(&next(&state, kind, &changes)), "{changes:?}");
        }
        let mut late = next(&state, Kind::Active, &[]);
        late.step = late.step.next();
        assert!(!state.fits(&late));
    }

    #[test]
    fn the_state_comes_back_from_its_bytes() {
        let (state, _) = founded();
        let mut room = [0; 64];
        let mut writer = Writer::new(&mut room);
        state.write(&mut writer);
        let len = writer.finish().unwrap();
        let mut read = Membership::NONE;
        let mut reader = Reader::new(&room[..len]);
        assert_eq!(read.read(&mut reader), Ok(()));
        assert_eq!((read.step, &read.view), (state.step, &state.view));
        assert_eq!(reader.end(), Ok(()));
    }
}
