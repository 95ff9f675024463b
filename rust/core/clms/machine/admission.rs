// SPDX-License-Identifier: GPL-2.0

//! Letting nodes in.
//!
//! The leader keeps a list of those who asked. It takes all of them in at once
//! that have a link with every member and with one another. A joiner is sent the
//! history and the view it is a member of, by whoever leads when it asks: an
//! admission can be given twice, and is taken once.

use super::{
    super::{
        event::Reject,
        facts::Facts,
        message::{
            Message,
            Status, //
        },
    },
    state::{
        life,
        Core,
        RoleState,
        Turn, //
    },
};
use crate::{
    ids::{
        Incarnation,
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    view::NodeState, //
};

/// One that asked.
#[derive(Clone, Copy)]
struct Joiner {
    /// 0 when nobody of this number asked.
    incarnation: Incarnation,
    facts: Facts,
    /// Whom it has a link with.
    links: NodeSet,
}

/// Those who asked.
pub(super) struct Joiners {
    waiting: NodeSet,
    list: [Joiner; NODES_LEN],
}

impl Joiners {
    pub(super) const NONE: Self = Self {
        waiting: NodeSet::EMPTY,
        list: [Joiner {
            incarnation: Incarnation(0),
            facts: Facts::NONE,
            links: NodeSet::EMPTY,
        }; NODES_LEN],
    };

    fn put(&mut self, instance: Instance, facts: Facts, links: NodeSet) {
        if let Some(slot) = self.list.get_mut(instance.node.index()) {
            *slot = Joiner {
                incarnation: instance.incarnation,
                facts,
                links,
            };
            self.waiting.insert(instance.node);
        }
    }

    pub(super) fn remove(&mut self, instance: Instance) {
        let joiner = self.get(instance.node);
        if joiner.is_some_and(|joiner| joiner.incarnation <= instance.incarnation) {
            self.waiting.remove(instance.node);
        }
    }

    /// `members` wait no longer.
    pub(super) fn forget(&mut self, members: &NodeSet) {
        self.waiting = self.waiting.difference(members);
    }

    fn get(&self, node: NodeId) -> Option<Joiner> {
        let joiner = self.list.get(node.index()).copied();
        joiner.filter(|_| self.waiting.contains(node))
    }
}

impl Core {
    /// Somebody wants in.
    pub(super) fn join_asked(
        &mut self,
        from: Instance,
        facts: Facts,
        links: NodeSet,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        if !self.is_leader() {
            self.tell_status(NodeSet::only(from.node), turn);
            return Ok(());
        }
        if self.state.view.has(from) {
            self.admit(NodeSet::only(from.node), turn);
            return Ok(());
        }
        self.joiners.put(from, facts, links);
        Ok(())
    }

    /// Who of those that asked can be taken in beside `members`.
    pub(super) fn admissible(&self, members: &NodeSet) -> NodeSet {
        let mut admitted = NodeSet::EMPTY;
        if self.joiners.waiting.is_empty() {
            return admitted;
        }
        let links_of = |node| self.joiners.get(node).map(|joiner| joiner.links);
        for node in self.joiners.waiting {
            let Some(links) = links_of(node).filter(|_| self.is_ready(node)) else {
                continue;
            };
            let reaches_all = members.union(&admitted).without(node).is_subset(&links);
            let is_reached = |other: NodeId| links_of(other).is_some_and(|l| l.contains(node));
            if reaches_all && admitted.iter().all(is_reached) {
                admitted.insert(node);
            }
        }
        admitted
    }

    /// Whether `node`, that asked, is here and its earlier lives are done with.
    fn is_ready(&self, node: NodeId) -> bool {
        self.joiners.get(node).is_some_and(|joiner| {
            let instance = Instance::new(node, joiner.incarnation);
            let entry = self.state.view.entry(node);
            matches!(entry.state, NodeState::NeverUp | NodeState::Down)
                && entry.incarnation < joiner.incarnation
                && self.is_linked(instance)
                && !self.is_over(instance)
        })
    }

    pub(super) fn joiner(&self, node: NodeId) -> Option<(Incarnation, Facts)> {
        let joiner = self.joiners.get(node)?;
        Some((joiner.incarnation, joiner.facts))
    }

    /// Sends `to`, who are members and may not know it, all they need.
    pub(super) fn admit(&mut self, to: NodeSet, turn: &mut Turn<'_, '_>) {
        if to.is_empty() {
            return;
        }
        self.post.send_history(to, turn.history, turn.out);
        let admit = Message::Admit {
            ballot: self.promised,
            state: &self.state,
            next: turn.history.next_id(),
            last: &self.last,
        };
        self.post.send(to, &admit, turn.out);
    }

    /// Tells where this node stands.
    pub(super) fn tell_status(&mut self, to: NodeSet, turn: &mut Turn<'_, '_>) {
        let status = if self.is_member() {
            Status::Member {
                epoch: self.state.view.epoch,
                leader: self.leader(),
                members: self.state.members,
            }
        } else {
            Status::Outside
        };
        self.post.send(to, &Message::Status(status), turn.out);
    }

    /// A connection came up.
    pub(super) fn linked(&mut self, peer: Instance, turn: &mut Turn<'_, '_>) -> Result<(), Reject> {
        if self.is_over(peer) || self.is_me(peer.node) {
            return Err(Reject::DeadSender);
        }
        super::state::set_life(&mut self.links, peer);
        match self.role {
            RoleState::Booting | RoleState::Halted => return Err(Reject::OutOfPlace),
            RoleState::Outside(_) => {
                self.tell_status(NodeSet::only(peer.node), turn);
                self.ask_to_join(turn);
            }
            RoleState::Follower
            | RoleState::Polling(_)
            | RoleState::Electing(_)
            | RoleState::Leading(_) => {
                if self.state.view.has(peer) {
                    self.detector.linked(peer.node, turn.instant(), &self.pace);
                    self.is_watch_stale = true;
                } else {
                    self.tell_status(NodeSet::only(peer.node), turn);
                }
            }
        }
        Ok(())
    }

    /// A connection broke.
    pub(super) fn unlinked(
        &mut self,
        peer: Instance,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        if life(&self.links, peer.node) != peer.incarnation {
            return Err(Reject::Stale);
        }
        let nobody = Instance::new(peer.node, Incarnation(0));
        super::state::set_life(&mut self.links, nobody);
        if self.is_member() && self.state.view.has(peer) {
            self.detector.unlinked(peer.node, turn.instant());
            self.is_watch_stale = true;
        }
        Ok(())
    }
}
