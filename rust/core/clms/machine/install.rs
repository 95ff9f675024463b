// SPDX-License-Identifier: GPL-2.0

//! A step taken.
//!
//! What a node does when a step is agreed, the same for leader and follower.

use super::{
    super::{
        event::Output,
        statistics::count,
        transition::TransId, //
    },
    state::{
        Core,
        Turn, //
    },
};
use crate::{
    hostlink::FromNode,
    ids::{
        Epoch,
        NodeId, //
    },
    node_set::NodeSet,
    view::NodeState, //
};

impl Core {
    /// Takes the step in `last`, which fits.
    pub(super) fn install(&mut self, turn: &mut Turn<'_, '_>) {
        let (epoch, first) = (self.state.view.epoch, turn.history.next_id());
        let was_down = self.is_shutting_down();
        self.state.apply(&self.last, turn.history);
        self.pollers = NodeSet::EMPTY;
        if self.state.view.epoch == epoch {
            self.activated(first, turn);
        } else {
            self.view_installed(first, turn);
        }
        if self.is_shutting_down() && !was_down {
            turn.out.put(Output::ShutDown);
        }
    }

    /// The view is another than before; its transitions begin with `first`.
    pub(super) fn view_installed(&mut self, first: TransId, turn: &mut Turn<'_, '_>) {
        self.members_changed(turn);
        let epoch = self.state.view.epoch;
        self.barrier.restart(epoch);
        count(&mut self.statistics.steps);
        self.report(turn);
        turn.out.put(Output::Install(&self.state.view));
        tell_transitions(first, turn);
        turn.out.put(Output::RunSubsystems(epoch));
    }

    fn activated(&mut self, first: TransId, turn: &mut Turn<'_, '_>) {
        count(&mut self.statistics.steps);
        turn.out.put(Output::Update(&self.state.view));
        tell_transitions(first, turn);
    }

    fn members_changed(&mut self, turn: &mut Turn<'_, '_>) {
        let now = turn.instant();
        let members = self.state.members;
        self.dead = self.dead_of(&members);
        for node in members.difference(&self.known) {
            let is_linked = self
                .state
                .view
                .member(node)
                .is_some_and(|member| self.is_linked(member));
            self.detector.begin(node, is_linked, now);
        }
        self.known = members;
        self.pace = self.parameters.for_members(members.len());
        let up = self.state.view.in_state(NodeState::Up);
        self.asked = self.asked.intersection(&up);
        self.shutdowns = self.shutdowns.intersection(&up);
        self.fence.forget_others(&members);
        self.joiners.forget(&members);
        self.is_watch_stale = true;
    }

    fn dead_of(&self, members: &NodeSet) -> NodeSet {
        members
            .iter()
            .filter(|&node| {
                let member = self.state.view.member(node);
                member.is_some_and(|member| self.is_over(member))
            })
            .collect()
    }

    fn is_shutting_down(&self) -> bool {
        self.number()
            .is_some_and(|me| self.state.view.entry(me).state == NodeState::Shutdown)
    }

    /// The leader tells the host's user what the cluster looks like.
    pub(super) fn tell_host_view(&self, turn: &mut Turn<'_, '_>) {
        if self.has_host() {
            turn.out
                .put(Output::Host(FromNode::ViewIs(&self.state.view)));
        }
    }

    /// The view's number.
    pub(super) const fn epoch(&self) -> Epoch {
        self.state.view.epoch
    }

    /// Whether `node` is a member in state UP.
    pub(super) fn is_up(&self, node: NodeId) -> bool {
        self.state.view.entry(node).state == NodeState::Up
    }
}

fn tell_transitions(first: TransId, turn: &mut Turn<'_, '_>) {
    for transition in turn.history.since(first) {
        turn.out.put(Output::Transition(*transition));
    }
}
