// SPDX-License-Identifier: GPL-2.0

//! Standing for election.
//!
//! A member for whom the leader is gone waits for those before it, then asks the
//! others; when half of the living agree it stands. A leader proven dead needs no
//! asking. So one node that is deaf disturbs nobody, and who stands can win.
//!
//! A candidate has won when every member has promised or is proven dead. Nobody
//! follows an earlier leader then. What an earlier leader may have taken, this node
//! has accepted, for it is a member and alive: nothing need be asked of the others.

use super::{
    super::{
        ballot::{
            Ballot,
            Step, //
        },
        event::Reject,
        message::{
            BarrierMark,
            Message, //
        },
        quorum::{
            Licence,
            Question, //
        },
        statistics::count,
    },
    state::{
        Core,
        RoleState,
        Turn, //
    },
};
use crate::{
    ids::Instance,
    node_set::NodeSet,
    time::Instant, //
};

/// Who follows the candidate.
pub(super) struct Election {
    pub(super) promises: NodeSet,
}

impl Core {
    /// Whether nobody leads, or who does is gone for this node.
    pub(super) fn has_lost_leader(&self, now: Instant) -> bool {
        match self.leader() {
            None => true,
            // Who stands for election is there.
            Some(leader) if self.is_me(leader) => matches!(self.role, RoleState::Follower),
            Some(leader) => self.is_dead_member(leader) || self.is_gone(leader, now),
        }
    }

    /// Whether it is proven that nobody leads.
    fn has_no_leader(&self) -> bool {
        self.leader()
            .is_none_or(|leader| self.is_me(leader) || self.is_dead_member(leader))
    }

    fn is_dead_member(&self, node: crate::ids::NodeId) -> bool {
        !self.living().contains(node)
    }

    /// A follower looks after its leader; whether that changed what it is.
    pub(super) fn follow_on(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let now = turn.instant();
        if !self.has_lost_leader(now) {
            self.noticed = None;
            return false;
        }
        if self.noticed.is_none() {
            self.noticed = Some(now);
            self.vote(turn);
        }
        if self.stands_at().is_some_and(|at| now < at) {
            return false;
        }
        if self.has_no_leader() {
            self.stand(turn);
        } else {
            self.poll(turn);
        }
        true
    }

    /// When it is this node's turn to stand.
    pub(super) fn stands_at(&self) -> Option<Instant> {
        let (noticed, me) = (self.noticed?, self.me?);
        let leader = self.leader();
        let before_me = self
            .living()
            .iter()
            .take_while(|&node| node < me.node)
            .filter(|&node| Some(node) != leader && !self.is_gone(node, noticed))
            .count();
        let rank = u64::try_from(before_me).unwrap_or(u64::MAX);
        Some(noticed.after(self.parameters.candidate_delay.times(rank)))
    }

    /// Tells those who asked that the leader is gone for this node too.
    fn vote(&mut self, turn: &mut Turn<'_, '_>) {
        let to = core::mem::take(&mut self.pollers).intersection(&self.others());
        let step = self.state.step;
        self.post.send(to, &Message::Vote { step }, turn.out);
    }

    fn poll(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(me) = self.me else {
            return;
        };
        count(&mut self.statistics.polls);
        self.role = RoleState::Polling(NodeSet::only(me.node));
        self.send_poll(turn);
    }

    /// Asks those who have not answered.
    pub(super) fn send_poll(&mut self, turn: &mut Turn<'_, '_>) {
        let RoleState::Polling(votes) = &self.role else {
            return;
        };
        let to = self.others().difference(votes);
        let step = self.state.step;
        self.post.send(to, &Message::Poll { step }, turn.out);
    }

    pub(super) fn voted(&mut self, from: Instance, step: Step) -> Result<(), Reject> {
        match &mut self.role {
            RoleState::Polling(votes) if step == self.state.step => {
                votes.insert(from.node);
                Ok(())
            }
            _ => Err(Reject::Stale),
        }
    }

    /// Whether it is the others' opinion too.
    pub(super) fn poll_on(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let RoleState::Polling(votes) = &self.role else {
            return false;
        };
        let question = Question {
            members: self.state.members,
            dead: self.dead,
            side: *votes,
            coordinator: self.state.view.coordinator,
        };
        if !self.has_lost_leader(turn.instant()) {
            self.follow();
            return true;
        }
        let is_enough = match question.licence() {
            Licence::None => false,
            Licence::Unneeded | Licence::Majority | Licence::FirstHalf | Licence::SecondHalf => {
                true
            }
        };
        let stands = is_enough || self.has_no_leader();
        if stands {
            self.stand(turn);
        }
        stands
    }

    /// Takes a new ballot and asks everybody to follow.
    pub(super) fn stand(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(me) = self.me else {
            return;
        };
        let ballot = Ballot::above(self.promised, me.node);
        if ballot <= self.promised {
            // There are no numbers left: a promise is never taken back.
            self.follow();
            return;
        }
        count(&mut self.statistics.elections);
        self.promised = ballot;
        self.fence.calm_down();
        self.is_watch_stale = true;
        self.stand_again(turn);
    }

    /// Asks everybody from the beginning, with the same ballot.
    pub(super) fn stand_again(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(me) = self.me else {
            return;
        };
        let promises = NodeSet::only(me.node);
        self.role = RoleState::Electing(Election { promises });
        let others = self.others();
        self.send_elect(others, turn);
    }

    /// Asks `to` to follow. Who is a step behind is told that step first.
    pub(super) fn send_elect(&mut self, to: NodeSet, turn: &mut Turn<'_, '_>) {
        self.send_last(to, turn);
        let elect = Message::Elect {
            ballot: self.promised,
            step: self.state.step,
        };
        self.post.send(to, &elect, turn.out);
    }

    /// A member follows.
    pub(super) fn promise(
        &mut self,
        from: Instance,
        ballot: Ballot,
        step: Step,
        barrier: BarrierMark,
    ) -> Result<(), Reject> {
        let is_now = ballot == self.promised && step == self.state.step;
        let RoleState::Electing(election) = &mut self.role else {
            return Err(Reject::Stale);
        };
        if !is_now {
            return Err(Reject::Stale);
        }
        election.promises.insert(from.node);
        if barrier == BarrierMark::Done {
            self.barrier.done(from.node, self.state.view.epoch);
        }
        Ok(())
    }

    /// Whether the election is won, or somebody is in the way.
    pub(super) fn elect_on(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let now = turn.instant();
        let RoleState::Electing(election) = &self.role else {
            return false;
        };
        let promises = election.promises;
        let missing = self.living().difference(&promises);
        if missing.is_empty() {
            self.lead(turn);
            return true;
        }
        if missing.iter().all(|node| self.is_gone(node, now)) {
            self.fence(promises, missing, turn);
        } else {
            self.fence.calm_down();
        }
        false
    }
}
