// SPDX-License-Identifier: GPL-2.0

//! Leading.
//!
//! The leader turns what it has heard into the next step, has it accepted, has the
//! gone fenced, and takes it. Losses are taken up at once, also in place of a
//! proposal that is on its way; everything else waits until the view is active.

use super::{
    super::{
        ballot::{
            Ballot,
            Step, //
        },
        event::Reject,
        message::Message,
        proposal::{
            Change,
            Kind, //
        },
        statistics::count,
        transition::Cause,
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
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    time::Instant,
    view::NodeState, //
};

/// What a leader is about.
#[derive(Clone, Copy)]
pub(super) enum Lead {
    /// Nothing is proposed.
    Idle,
    /// `accepted` is proposed, and these have accepted it.
    Preparing { prepared: NodeSet, origin: Origin },
}

/// Whose proposal it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// This leader's: it may be replaced.
    Own,
    /// An earlier leader's, who may have taken the step: it must stay as it is.
    Adopted,
}

impl Lead {
    pub(super) const NEW: Self = Self::Idle;
}

impl Core {
    /// The election is won.
    pub(super) fn lead(&mut self, turn: &mut Turn<'_, '_>) {
        count(&mut self.statistics.elections_won);
        self.role = RoleState::Leading(Lead::Idle);
        self.fence.calm_down();
        self.is_watch_stale = true;
        self.cleanup.asked = NodeSet::EMPTY;
        self.ask_for_cleanups(turn);
        self.tell_asked(turn);
        let outsiders = self.outsiders();
        self.tell_status(outsiders, turn);
        // Who was to be lost and has promised was alive: then nobody took that
        // step, and nobody will.
        let next = self.state.step.next();
        let may_be_taken = self.accepted.is_for(next)
            && self.state.fits(&self.accepted.proposal)
            && self.accepted.proposal.losses().is_subset(&self.dead);
        if may_be_taken {
            core::mem::swap(&mut self.draft, &mut self.accepted.proposal);
            self.propose(Origin::Adopted, turn);
        }
    }

    /// Goes on with what it leads to; whether something has changed.
    pub(super) fn lead_on(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        self.ask_for_cleanups(turn);
        match self.role {
            RoleState::Leading(Lead::Idle) => {
                let is_worth_it = self.draft_next(turn);
                if is_worth_it {
                    self.propose(Origin::Own, turn);
                }
                is_worth_it
            }
            RoleState::Leading(Lead::Preparing { prepared, origin }) => {
                self.prepare_on(prepared, origin, turn)
            }
            RoleState::Booting
            | RoleState::Outside(_)
            | RoleState::Follower
            | RoleState::Polling(_)
            | RoleState::Electing(_)
            | RoleState::Halted => false,
        }
    }

    fn prepare_on(&mut self, prepared: NodeSet, origin: Origin, turn: &mut Turn<'_, '_>) -> bool {
        let now = turn.instant();
        let losses = self.accepted.proposal.losses();
        if origin == Origin::Own && losses != self.losses(now) {
            if self.draft_next(turn) {
                self.propose(Origin::Own, turn);
            } else {
                self.role = RoleState::Leading(Lead::Idle);
            }
            return true;
        }
        let missing = self.living().difference(&prepared);
        if missing.is_empty() {
            self.commit(turn);
            return true;
        }
        let is_hopeless = |node| losses.contains(node) || self.is_gone(node, now);
        if missing.iter().all(is_hopeless) {
            self.fence(prepared, missing, turn);
        } else {
            self.fence.calm_down();
        }
        false
    }

    /// Members to take out: the dead, and those to be killed.
    fn losses(&self, now: Instant) -> NodeSet {
        let excluded = self.number().map_or(NodeSet::EMPTY, |me| {
            self.detector
                .exclusions(me, &self.others(), now, &self.pace)
        });
        let pending = self.fence.pending().intersection(&self.state.members);
        self.dead.union(&excluded).union(&pending)
    }

    /// Writes the next step, if there is reason for one.
    fn draft_next(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let Some(me) = self.me else {
            return false;
        };
        let (now, wall_us) = (turn.instant(), turn.now.wall_us);
        let (step, epoch) = (self.state.step.next(), self.state.view.epoch);
        let losses = self.losses(now);
        self.draft
            .begin(step, epoch.next(), wall_us, Kind::View(me.node));
        for node in losses {
            self.draft.set(node, Change::Lose(self.cause_of(node)));
        }
        if !self.state.is_active {
            if losses.is_empty() && self.barrier.is_passed_by(&self.living()) {
                self.draft.begin(step, epoch, wall_us, Kind::Active);
                return true;
            }
            return !losses.is_empty();
        }
        let is_takeover = self.state.view.coordinator != Some(me.node);
        let mut is_worth_it = is_takeover || !losses.is_empty();
        for node in self.shutdowns.difference(&losses) {
            self.draft.set(node, Change::ShutDown);
            is_worth_it = true;
        }
        for node in self.cleaned(now) {
            self.draft.set(node, Change::Clean);
            is_worth_it = true;
        }
        let joins = self.joins_of(&losses);
        is_worth_it |= self.has_gathered(&joins, now);
        if is_worth_it {
            for node in joins {
                if let Some((incarnation, facts)) = self.joiner(node) {
                    self.draft.set(node, Change::Join(incarnation, facts));
                }
            }
        }
        is_worth_it
    }

    fn joins_of(&self, losses: &NodeSet) -> NodeSet {
        let staying = self.state.members.difference(losses);
        self.admissible(&staying)
    }

    /// Whether those who want in have waited for others long enough.
    fn has_gathered(&mut self, joins: &NodeSet, now: Instant) -> bool {
        if joins.is_empty() {
            self.gather_since = None;
            return false;
        }
        let since = *self.gather_since.get_or_insert(now);
        now >= since.after(self.parameters.gather)
    }

    /// Nodes whose user-level cleanup is over, or was given up.
    fn cleaned(&self, now: Instant) -> NodeSet {
        let cleanup = &self.cleanup;
        let is_over = |node| now >= cleanup.due(node, &self.parameters);
        let given_up: NodeSet = cleanup.asked.iter().filter(|&node| is_over(node)).collect();
        cleanup.done.union(&given_up)
    }

    /// When something is due that only waits for the time.
    pub(super) fn lead_deadline(&self, now: Instant) -> Option<Instant> {
        let gather = self
            .gather_since
            .map(|since| since.after(self.parameters.gather));
        let mut next = gather.filter(|&due| due > now);
        // A chain of adapters has a name that is too long for the kernel's symbols.
        for node in self.cleanup.asked.iter() {
            let due = self.cleanup.due(node, &self.parameters);
            if due > now {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        next
    }

    fn cause_of(&self, node: NodeId) -> Cause {
        let entry = self.state.view.entry(node);
        if entry.state == NodeState::Shutdown || life(&self.leaving, node) == entry.incarnation {
            Cause::Left
        } else if !self.dead.contains(node) || self.fence.fenced.contains(node) {
            Cause::Fenced
        } else {
            Cause::Died
        }
    }

    /// Proposes the draft under the next revision of this leader's ballot.
    fn propose(&mut self, origin: Origin, turn: &mut Turn<'_, '_>) {
        let Some(me) = self.me else {
            return;
        };
        count(&mut self.statistics.proposals);
        self.promised = self.promised.revised();
        core::mem::swap(&mut self.draft, &mut self.accepted.proposal);
        self.accepted.ballot = self.promised;
        let prepared = NodeSet::only(me.node);
        self.role = RoleState::Leading(Lead::Preparing { prepared, origin });
        let others = self.others();
        self.prepare_again(others, turn);
    }

    /// Asks those of `to` who have not accepted what is proposed.
    pub(super) fn prepare_again(&mut self, to: NodeSet, turn: &mut Turn<'_, '_>) {
        let RoleState::Leading(Lead::Preparing { prepared, .. }) = self.role else {
            return;
        };
        let losses = self.accepted.proposal.losses();
        let to = to
            .intersection(&self.others())
            .difference(&prepared)
            .difference(&losses);
        let prepare = Message::Prepare {
            ballot: self.accepted.ballot,
            proposal: &self.accepted.proposal,
        };
        self.post.send(to, &prepare, turn.out);
    }

    /// Asks those it is about to have killed whether they can answer after all.
    pub(super) fn probe(&mut self, turn: &mut Turn<'_, '_>) {
        if !matches!(self.role, RoleState::Leading(Lead::Preparing { .. })) {
            return;
        }
        let losses = self.accepted.proposal.losses();
        let to = losses
            .intersection(&self.others())
            .intersection(&self.linked_nodes());
        let step = self.state.step;
        self.post.send(to, &Message::Poll { step }, turn.out);
    }

    /// A member has accepted.
    pub(super) fn prepared(&mut self, from: Instance, ballot: Ballot) -> Result<(), Reject> {
        let is_current = ballot == self.accepted.ballot;
        let is_lost = self.accepted.proposal.losses().contains(from.node);
        match &mut self.role {
            RoleState::Leading(Lead::Preparing { prepared, .. }) if is_current && !is_lost => {
                prepared.insert(from.node);
                Ok(())
            }
            _ => Err(Reject::Stale),
        }
    }

    /// A member follows somebody else, or is a step behind or ahead.
    pub(super) fn refused(
        &mut self,
        from: Instance,
        promised: Ballot,
        step: Step,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let to = NodeSet::only(from.node);
        match self.role {
            RoleState::Leading(_) | RoleState::Electing(_) => {}
            RoleState::Booting
            | RoleState::Outside(_)
            | RoleState::Follower
            | RoleState::Polling(_)
            | RoleState::Halted => return Err(Reject::Stale),
        }
        if !promised.is_near(self.promised) {
            return Err(Reject::Contradiction);
        }
        if promised > self.promised {
            self.promised = promised;
            self.follow();
        } else if step < self.state.step {
            self.send_last(to, turn);
            if self.is_leader() {
                self.prepare_again(to, turn);
            } else {
                self.send_elect(to, turn);
            }
        }
        Ok(())
    }

    /// Takes the step: all who are alive have accepted it.
    fn commit(&mut self, turn: &mut Turn<'_, '_>) {
        core::mem::swap(&mut self.last, &mut self.accepted.proposal);
        self.role = RoleState::Leading(Lead::Idle);
        self.gather_since = None;
        let told = self.others();
        self.install(turn);
        self.send_last(told, turn);
        let joins = self.last.joins();
        self.admit(joins, turn);
        if matches!(self.last.kind, Some(Kind::View(_))) {
            let outsiders = self.outsiders();
            self.tell_status(outsiders, turn);
        }
        self.ask_for_cleanups(turn);
        self.tell_host_view(turn);
    }
}
