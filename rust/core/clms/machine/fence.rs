// SPDX-License-Identifier: GPL-2.0

//! Asking for deaths.
//!
//! Leader and candidate come here when all they wait for are members that are gone
//! for them. The answer is no proof; the report of each death is.

use super::{
    super::{
        event::{
            Output,
            Reject, //
        },
        quorum::{
            Licence,
            Question, //
        },
        statistics::count,
    },
    state::{
        Core,
        Turn, //
    },
};
use crate::{
    hostlink::{
        FromNode,
        Verdict, //
    },
    node_set::NodeSet,
    time::Instant, //
};

/// What was asked for.
pub(super) struct FenceDesk {
    last_request: u64,
    /// The request that has no answer yet.
    pending: Option<Pending>,
    /// No request before.
    not_before: Instant,
    /// Since when this side is the second half.
    half_since: Option<Instant>,
    /// Members whose death this node asked for.
    pub(super) fenced: NodeSet,
}

#[derive(Clone, Copy)]
struct Pending {
    request: u64,
    targets: NodeSet,
    since: Instant,
}

impl FenceDesk {
    pub(super) const NEW: Self = Self {
        last_request: 0,
        pending: None,
        not_before: Instant(0),
        half_since: None,
        fenced: NodeSet::EMPTY,
    };

    /// Whose death is on its way.
    pub(super) fn pending(&self) -> NodeSet {
        self.pending
            .map_or(NodeSet::EMPTY, |pending| pending.targets)
    }

    /// Nobody but `members` matters any more.
    pub(super) fn forget_others(&mut self, members: &NodeSet) {
        self.fenced = self.fenced.intersection(members);
        if let Some(pending) = self.pending.as_mut() {
            pending.targets = pending.targets.intersection(members);
        }
    }

    /// The reason for waiting is gone.
    pub(super) fn calm_down(&mut self) {
        self.half_since = None;
    }

    /// When to look again; `None` when nothing waits for the time.
    pub(super) fn deadline(&self, now: Instant, half_delay: crate::time::Span) -> Option<Instant> {
        let half = self.half_since.map(|since| since.after(half_delay));
        [Some(self.not_before), half]
            .into_iter()
            .flatten()
            .filter(|&due| due > now)
            .min()
    }
}

impl Core {
    /// Has `targets`, who are all that is waited for, killed if `side` may.
    pub(super) fn fence(&mut self, side: NodeSet, targets: NodeSet, turn: &mut Turn<'_, '_>) {
        let now = turn.instant();
        // A request that has no answer for so long was lost.
        let patience = self.parameters.timeout;
        let is_pending = |pending: Pending| now < pending.since.after(patience);
        let waits = self.fence.pending.is_some_and(is_pending) || now < self.fence.not_before;
        if waits || !self.has_host() {
            return;
        }
        let unsettled_until = self.detector.unsettled_until(&self.pace);
        if unsettled_until.is_some_and(|until| now < until) {
            return;
        }
        let question = Question {
            members: self.state.members,
            dead: self.dead,
            side,
            coordinator: self.state.view.coordinator,
        };
        match question.licence() {
            Licence::Majority | Licence::FirstHalf => {}
            Licence::SecondHalf => {
                let since = *self.fence.half_since.get_or_insert(now);
                if now < since.after(self.parameters.timeout.half()) {
                    return;
                }
            }
            Licence::None | Licence::Unneeded => {
                self.fence.calm_down();
                return;
            }
        }
        let desk = &mut self.fence;
        desk.last_request = desk.last_request.saturating_add(1);
        let request = desk.last_request;
        desk.pending = Some(Pending {
            request,
            targets,
            since: now,
        });
        desk.fenced = desk.fenced.union(&targets);
        count(&mut self.statistics.fences_asked);
        turn.out.put(Output::Host(FromNode::Fence {
            request,
            view: &self.state.view,
            side,
            targets,
        }));
    }

    pub(super) fn fence_answered(
        &mut self,
        request: u64,
        verdict: Verdict,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let pending = self.fence.pending.filter(|p| p.request == request);
        let Some(pending) = pending else {
            return Err(Reject::Stale);
        };
        self.fence.pending = None;
        self.fence.calm_down();
        match verdict {
            Verdict::Done => {}
            Verdict::Refused => {
                count(&mut self.statistics.fences_refused);
                self.fence.fenced = self.fence.fenced.difference(&pending.targets);
                self.fence.not_before = turn.instant().after(self.parameters.retry);
            }
            Verdict::Busy => {
                self.fence.not_before = turn.instant().after(self.parameters.candidate_delay);
            }
        }
        Ok(())
    }
}
