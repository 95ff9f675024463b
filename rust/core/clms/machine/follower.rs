// SPDX-License-Identifier: GPL-2.0

//! Member's answers.
//!
//! What every member does for whoever leads or wants to, whatever it is itself.
//! A promise is never taken back, an acceptance never made under a lower ballot
//! than was promised, and a step that was taken is learned from anybody.

use super::{
    super::{
        ballot::{
            Ballot,
            Step, //
        },
        event::{
            Output,
            Reject, //
        },
        message::{
            BarrierMark,
            Message, //
        },
        parameters::Parameters,
        proposal::Proposal,
    },
    state::{
        Core,
        RoleState,
        Turn, //
    },
};
use crate::{
    ids::{
        Epoch,
        Instance,
        NodeId, //
    },
    node_set::NodeSet, //
};

impl Core {
    /// Becomes a follower of whoever has the promise.
    pub(super) fn follow(&mut self) {
        self.role = RoleState::Follower;
        self.noticed = None;
        self.fence.calm_down();
        self.is_watch_stale = true;
    }

    /// A leader wants a step accepted.
    pub(super) fn prepare(
        &mut self,
        from: Instance,
        ballot: Ballot,
        proposal: &Proposal,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        if ballot.proposer != Some(from.node) || !ballot.is_near(self.promised) {
            return Err(Reject::Contradiction);
        }
        let to = NodeSet::only(from.node);
        if ballot < self.promised || proposal.step > self.state.step.next() {
            self.refuse(to, turn);
            return Err(Reject::Stale);
        }
        if proposal.step <= self.state.step {
            self.send_last(to, turn);
            return Err(Reject::Stale);
        }
        if !self.state.fits(proposal) {
            return Err(Reject::Contradiction);
        }
        if !ballot.same_attempt(self.promised) || !matches!(self.role, RoleState::Follower) {
            self.follow();
        }
        self.promised = ballot;
        self.accepted.ballot = ballot;
        self.accepted.proposal.clone_from(proposal);
        let prepared = Message::Prepared { ballot };
        self.post.send(to, &prepared, turn.out);
        Ok(())
    }

    fn refuse(&mut self, to: NodeSet, turn: &mut Turn<'_, '_>) {
        let refused = Message::Refused {
            promised: self.promised,
            step: self.state.step,
        };
        self.post.send(to, &refused, turn.out);
    }

    /// Sends the last step to those who are one behind.
    pub(super) fn send_last(&mut self, to: NodeSet, turn: &mut Turn<'_, '_>) {
        if self.last.step == self.state.step {
            let proposal = &self.last;
            self.post.send(to, &Message::Commit { proposal }, turn.out);
        }
    }

    /// A step was taken. That is a fact, whoever tells it and whatever this node
    /// has promised since.
    pub(super) fn committed(
        &mut self,
        from: Instance,
        proposal: &Proposal,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        if proposal.step <= self.state.step {
            return Err(Reject::Stale);
        }
        if !self.state.fits(proposal) {
            self.refuse(NodeSet::only(from.node), turn);
            return Err(Reject::Contradiction);
        }
        self.last.clone_from(proposal);
        self.install(turn);
        match self.role {
            RoleState::Polling(_) => self.follow(),
            // What was promised was promised for the step before.
            RoleState::Electing(_) => self.stand_again(turn),
            RoleState::Leading(_) => self.stand(turn),
            RoleState::Follower
            | RoleState::Booting
            | RoleState::Outside(_)
            | RoleState::Halted => {}
        }
        Ok(())
    }

    /// Somebody asks whether the leader is gone for this node too. If it is not,
    /// the answer comes when it is.
    pub(super) fn polled(
        &mut self,
        from: Instance,
        step: Step,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let to = NodeSet::only(from.node);
        if step < self.state.step {
            self.send_last(to, turn);
            return Err(Reject::Stale);
        }
        if step > self.state.step {
            return Err(Reject::Stale);
        }
        // Who asks does not lead, whatever was promised to it.
        let is_asker = self.leader() == Some(from.node);
        if is_asker || self.has_lost_leader(turn.instant()) {
            self.post.send(to, &Message::Vote { step }, turn.out);
        } else {
            self.pollers.insert(from.node);
        }
        Ok(())
    }

    /// Somebody wants to lead.
    pub(super) fn elected(
        &mut self,
        from: Instance,
        ballot: Ballot,
        step: Step,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        if ballot.proposer != Some(from.node) || !ballot.is_near(self.promised) {
            return Err(Reject::Contradiction);
        }
        let to = NodeSet::only(from.node);
        if ballot > self.promised {
            self.promised = ballot;
            self.follow();
        }
        if ballot < self.promised || step > self.state.step {
            self.refuse(to, turn);
            return Err(Reject::Stale);
        }
        if step < self.state.step {
            self.send_last(to, turn);
        }
        let is_done = self.me.is_some_and(|me| self.barrier.has(me.node));
        let promise = Message::Promise {
            ballot,
            step: self.state.step,
            barrier: if is_done {
                BarrierMark::Done
            } else {
                BarrierMark::Running
            },
        };
        self.post.send(to, &promise, turn.out);
        Ok(())
    }

    /// A member's subsystems have taken a view in.
    pub(super) fn done(&mut self, from: Instance, epoch: Epoch) -> Result<(), Reject> {
        let holds = self.barrier.done(from.node, epoch);
        holds.then_some(()).ok_or(Reject::Stale)
    }

    /// This node's have.
    pub(super) fn subsystems_done(
        &mut self,
        epoch: Epoch,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let me = self.me.filter(|_| self.is_member());
        let me = me.ok_or(Reject::OutOfPlace)?;
        if !self.barrier.done(me.node, epoch) {
            return Err(Reject::Stale);
        }
        self.tell_done(turn);
        Ok(())
    }

    /// Tells the leader that this node's subsystems have taken the view in, if
    /// that still matters.
    pub(super) fn tell_done(&mut self, turn: &mut Turn<'_, '_>) {
        let is_done = self.me.is_some_and(|me| self.barrier.has(me.node));
        if is_done && !self.state.is_active {
            let to = self.to_leader();
            let epoch = self.epoch();
            self.post.send(to, &Message::Done { epoch }, turn.out);
        }
    }

    /// A user of this node wants a node shut down.
    pub(super) fn shut_down(
        &mut self,
        node: NodeId,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        if !self.is_member() {
            return Err(Reject::OutOfPlace);
        }
        if !self.is_up(node) {
            return Err(Reject::NotUp);
        }
        self.asked.insert(node);
        self.tell_asked(turn);
        Ok(())
    }

    /// Tells the leader which nodes are wanted down.
    pub(super) fn tell_asked(&mut self, turn: &mut Turn<'_, '_>) {
        if self.is_leader() {
            self.shutdowns = self.shutdowns.union(&self.asked);
            return;
        }
        let to = self.to_leader();
        for member in self.asked.iter().filter_map(|n| self.state.view.member(n)) {
            self.post.send(to, &Message::ShutDown(member), turn.out);
        }
    }

    /// A member's user wants a node shut down.
    pub(super) fn shut_down_asked(&mut self, instance: Instance) -> Result<(), Reject> {
        if !self.is_leader() {
            return Err(Reject::OutOfPlace);
        }
        if !self.state.view.has(instance) || !self.is_up(instance.node) {
            return Err(Reject::NotUp);
        }
        self.shutdowns.insert(instance.node);
        Ok(())
    }

    /// This node is about to end in order.
    pub(super) fn leave(&mut self, turn: &mut Turn<'_, '_>) -> Result<(), Reject> {
        if !self.is_member() {
            return Err(Reject::OutOfPlace);
        }
        let others = self.others();
        self.post.send(others, &Message::Leave, turn.out);
        Ok(())
    }

    pub(super) fn tune(&mut self, parameters: Parameters) -> Result<(), Reject> {
        parameters.check().map_err(|_| Reject::Parameters)?;
        self.parameters = parameters;
        self.pace = parameters.for_members(self.state.members.len());
        Ok(())
    }

    /// User-level cleanup after `instance` is over.
    pub(super) fn cleaned_up(&mut self, instance: Instance) -> Result<(), Reject> {
        let entry = self.state.view.entry(instance.node);
        let is_asked = self.cleanup.asked.contains(instance.node);
        if !self.is_leader() || !is_asked || entry.incarnation != instance.incarnation {
            return Err(Reject::Stale);
        }
        self.cleanup.done.insert(instance.node);
        Ok(())
    }

    /// Asks this node, the leader's, for the user-level cleanups that are due.
    pub(super) fn ask_for_cleanups(&mut self, turn: &mut Turn<'_, '_>) {
        let due = self.state.in_cleanup();
        self.cleanup.asked = self.cleanup.asked.intersection(&due);
        self.cleanup.done = self.cleanup.done.intersection(&due);
        for node in due.difference(&self.cleanup.asked) {
            self.cleanup.asked.insert(node);
            if let Some(since) = self.cleanup.since.get_mut(node.index()) {
                *since = turn.instant();
            }
            let incarnation = self.state.view.entry(node).incarnation;
            turn.out
                .put(Output::Cleanup(Instance::new(node, incarnation)));
        }
    }
}
