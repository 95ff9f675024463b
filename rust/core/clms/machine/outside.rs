// SPDX-License-Identifier: GPL-2.0

//! Node that is no member yet.
//!
//! It tells every new link that it is outside, hears from members who leads and
//! who is in, and asks the leader to be let in when it has a link with each of
//! them. It keeps no promise and accepts nothing: until it is admitted, whether it
//! lives matters to nobody.

use super::{
    super::{
        ballot::Ballot,
        event::Reject,
        membership::Membership,
        message::{
            Chunk,
            Message,
            Status, //
        },
        proposal::Proposal,
        transition::TransId,
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

/// What an outsider knows of the cluster.
pub(super) struct Outlook {
    seen: Option<Seen>,
    /// What was said in the last Join.
    told: Option<(Seen, NodeSet)>,
    /// Who is giving the history.
    loader: Option<Instance>,
}

/// What a member said.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    epoch: Epoch,
    leader: Option<NodeId>,
    members: NodeSet,
}

impl Outlook {
    pub(super) const NEW: Self = Self {
        seen: None,
        told: None,
        loader: None,
    };
}

impl Core {
    /// Somebody says where it stands, and this node is outside.
    pub(super) fn look_at(
        &mut self,
        status: Status,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let RoleState::Outside(outlook) = &mut self.role else {
            return Err(Reject::OutOfPlace);
        };
        let Status::Member {
            epoch,
            leader,
            members,
        } = status
        else {
            return Ok(());
        };
        if outlook.seen.is_some_and(|seen| seen.epoch > epoch) {
            return Err(Reject::Stale);
        }
        outlook.seen = Some(Seen {
            epoch,
            leader,
            members,
        });
        self.ask_to_join(turn);
        Ok(())
    }

    /// A life is over: if it was the leader's, who leads now?
    pub(super) fn outlook_lost(&mut self, instance: Instance, turn: &mut Turn<'_, '_>) {
        let RoleState::Outside(outlook) = &mut self.role else {
            return;
        };
        if outlook.loader == Some(instance) {
            outlook.loader = None;
        }
        let leader = outlook.seen.and_then(|seen| seen.leader);
        if leader == Some(instance.node) {
            outlook.seen = None;
            outlook.told = None;
            self.ask_around(turn);
        }
    }

    /// Time has passed: asks again, and reports again, for a founder waits for it.
    pub(super) fn outside_retry(&mut self, turn: &mut Turn<'_, '_>) {
        self.report(turn);
        let links = self.linked_nodes();
        let RoleState::Outside(outlook) = &mut self.role else {
            return;
        };
        outlook.told = None;
        let leader = outlook.seen.and_then(|seen| seen.leader);
        if leader.is_some_and(|leader| links.contains(leader)) {
            self.ask_to_join(turn);
        } else {
            self.ask_around(turn);
        }
    }

    fn ask_around(&mut self, turn: &mut Turn<'_, '_>) {
        let to = self.linked_nodes();
        self.post
            .send(to, &Message::Status(Status::Outside), turn.out);
    }

    /// Asks the leader, if this node is linked with all members and has not said
    /// the same before.
    pub(super) fn ask_to_join(&mut self, turn: &mut Turn<'_, '_>) {
        let links = self.linked_nodes();
        let (RoleState::Outside(outlook), Some(me), Some(boot)) =
            (&mut self.role, self.me, self.boot)
        else {
            return;
        };
        let Some(seen) = outlook.seen else {
            return;
        };
        let Some(leader) = seen.leader.filter(|&leader| links.contains(leader)) else {
            return;
        };
        let is_linked_with_all = seen.members.without(me.node).is_subset(&links);
        if !is_linked_with_all || outlook.told == Some((seen, links)) {
            return;
        }
        outlook.told = Some((seen, links));
        let facts = boot.facts;
        let join = Message::Join { facts, links };
        self.post.send(NodeSet::only(leader), &join, turn.out);
    }

    /// Takes in what happened before.
    pub(super) fn load(
        &mut self,
        from: Instance,
        chunk: Chunk<'_>,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let RoleState::Outside(outlook) = &mut self.role else {
            return Err(Reject::OutOfPlace);
        };
        match chunk.restart {
            Some(first) => {
                turn.history.restart(first);
                outlook.loader = Some(from);
            }
            None if outlook.loader == Some(from) => {}
            None => return Err(Reject::Stale),
        }
        for transition in chunk.transitions() {
            let transition = transition.map_err(|_| Reject::Malformed)?;
            if !turn.history.adopt(transition) {
                outlook.loader = None;
                return Err(Reject::Contradiction);
            }
        }
        Ok(())
    }

    /// This node is in.
    pub(super) fn admitted(
        &mut self,
        from: Instance,
        admission: Admission<'_>,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let (RoleState::Outside(outlook), Some(me)) = (&self.role, self.me) else {
            return Err(Reject::OutOfPlace);
        };
        let is_whole = outlook.loader == Some(from) && turn.history.next_id() == admission.next;
        if !is_whole || !admission.state.view.has(me) {
            return Err(Reject::Contradiction);
        }
        self.state.clone_from(admission.state);
        self.last.clone_from(admission.last);
        self.promised = admission.ballot;
        self.follow();
        let next = turn.history.next_id();
        self.view_installed(next, turn);
        Ok(())
    }
}

/// What a joiner is given last.
#[derive(Clone, Copy)]
pub(super) struct Admission<'a> {
    pub(super) ballot: Ballot,
    pub(super) state: &'a Membership,
    pub(super) next: TransId,
    pub(super) last: &'a Proposal,
}
