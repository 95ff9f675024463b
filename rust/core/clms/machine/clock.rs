// SPDX-License-Identifier: GPL-2.0

//! What time brings.
//!
//! Heartbeats, asking again, forgiving others one's own sleep, and when to be
//! woken next.

use super::{
    super::{
        beat::{
            Beat,
            Sort, //
        },
        detector::{
            neighbours,
            ALL_WATCH_MAX, //
        },
        event::Output,
        statistics::count,
    },
    leader::Lead,
    state::{
        Core,
        RoleState,
        Turn, //
    },
};
use crate::{
    node_set::NodeSet,
    time::Instant, //
};

impl Core {
    /// A node that slept through its time to wake has heard nobody meanwhile.
    pub(super) fn notice_sleep(&mut self, turn: &Turn<'_, '_>) {
        let now = turn.instant();
        let late = self.wake.map(|wake| now.since(wake));
        if late.is_some_and(|late| late > self.parameters.timeout.half()) {
            count(&mut self.statistics.stalls);
            self.detector.forgive(now);
            self.noticed = None;
            self.waits_since = self.waits_since.map(|_| now);
        }
        // One sleep is forgiven once.
        self.wake = self.wake.map(|wake| wake.max(now));
    }

    pub(super) fn pass_time(&mut self, turn: &mut Turn<'_, '_>) {
        let now = turn.instant();
        if self.is_member() {
            self.watch(now);
            self.detector.wait_for(&self.unanswered(), now);
            if now >= self.next_beat {
                self.next_beat = now.after(self.pace.beat_interval);
                let to = self.detector.watched().difference(&self.dead);
                self.send_beat(to, Sort::Regular, turn);
            }
        }
        if now >= self.next_retry {
            self.next_retry = now.after(self.parameters.retry);
            self.ask_again(turn);
        }
    }

    /// Notices when this node begins or ends to wait for others.
    pub(super) fn notice_waiting(&mut self, now: Instant) {
        let since = self.waits_since.unwrap_or(now);
        self.waits_since = (!self.awaited().is_empty()).then_some(since);
    }

    /// Living members without which nothing is decided here.
    pub(super) fn awaited(&self) -> NodeSet {
        match &self.role {
            RoleState::Polling(votes) => self.others().difference(votes),
            _ => self.unanswered(),
        }
    }

    /// Members that were asked for what this node cannot decide without, or for a sign
    /// that they can be, and have not answered.
    fn unanswered(&self) -> NodeSet {
        match &self.role {
            RoleState::Leading(Lead::Preparing { prepared, .. }) => {
                self.others().difference(prepared)
            }
            RoleState::Electing(election) => self.others().difference(&election.promises),
            RoleState::Leading(Lead::Idle)
            | RoleState::Booting
            | RoleState::Outside(_)
            | RoleState::Follower
            | RoleState::Polling(_)
            | RoleState::Halted => NodeSet::EMPTY,
        }
    }

    /// Works out whom to watch, after something it rests on has changed.
    fn watch(&mut self, now: Instant) {
        if !core::mem::take(&mut self.is_watch_stale) {
            return;
        }
        let (Some(me), others) = (self.me, self.others()) else {
            return;
        };
        let watches_all = match self.role {
            RoleState::Leading(_) | RoleState::Electing(_) => true,
            RoleState::Booting
            | RoleState::Outside(_)
            | RoleState::Follower
            | RoleState::Polling(_)
            | RoleState::Halted => others.len() < ALL_WATCH_MAX,
        };
        let watched = if watches_all {
            others
        } else {
            let leaders = [self.state.view.coordinator, self.promised.proposer];
            let leaders: NodeSet = leaders.into_iter().flatten().collect();
            neighbours(&others.with(me.node), me.node)
                .union(&leaders.intersection(&others))
                .union(&self.detector.without_link(&others))
        };
        self.detector.watch(watched, now);
    }

    pub(super) fn send_beat(&mut self, to: NodeSet, sort: Sort, turn: &mut Turn<'_, '_>) {
        if to.is_empty() {
            return;
        }
        let beat = Beat {
            sort,
            epoch: self.epoch(),
            deaf_to: self.detector.deaf_to(turn.instant(), &self.pace),
        };
        let targets = u64::try_from(to.len()).unwrap_or(u64::MAX);
        self.statistics.beats_sent = self.statistics.beats_sent.saturating_add(targets);
        let body = &beat.encode();
        turn.out.put(Output::Beat { to, body });
    }

    /// Sends what was not answered again; a session loses nothing, but has limits.
    fn ask_again(&mut self, turn: &mut Turn<'_, '_>) {
        match &self.role {
            RoleState::Booting | RoleState::Halted => return,
            RoleState::Outside(_) => {
                self.outside_retry(turn);
                return;
            }
            RoleState::Follower => {}
            RoleState::Polling(_) => self.send_poll(turn),
            RoleState::Electing(election) => {
                let to = self.others().difference(&election.promises);
                self.send_elect(to, turn);
            }
            RoleState::Leading(_) => {
                let others = self.others();
                self.prepare_again(others, turn);
                self.probe(turn);
            }
        }
        self.tell_done(turn);
        self.tell_asked(turn);
    }

    /// Asks for the next time anything can happen by itself.
    pub(super) fn ask_to_be_woken(&mut self, turn: &mut Turn<'_, '_>) {
        let now = turn.instant();
        let wake = match &self.role {
            RoleState::Booting | RoleState::Halted => return,
            RoleState::Outside(_) => self.next_retry,
            RoleState::Follower
            | RoleState::Polling(_)
            | RoleState::Electing(_)
            | RoleState::Leading(_) => [
                Some(self.next_beat.min(self.next_retry)),
                self.detector.deadline(now, &self.pace),
                self.stands_at().filter(|&at| at > now),
                self.fence.deadline(now, self.parameters.timeout.half()),
                self.lead_deadline(now),
            ]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(self.next_beat),
        };
        self.wake = Some(wake);
        if self.alarm != Some(wake) {
            self.alarm = Some(wake);
            turn.out.put(Output::Wake(wake));
        }
    }
}
