// SPDX-License-Identifier: GPL-2.0

//! Node a process was born on.

use ssi_core::{
    ids::{Instance, NodeId},
    migrate::relocation::keeper::{Action, Keeper, Learnt, Route},
};

use super::{
    history::Event,
    message::{Answer, CallId, Image, Outcome, Pid, Question, Signal},
    node::{Process, Record},
    world::{Happening, World},
};

/// Longest wait until a signal is tried again.
const RETRY: u64 = 200;

impl World {
    /// A node asks home about a process.
    pub(super) fn asked_at_home(
        &mut self,
        at: NodeId,
        from: Instance,
        call: CallId,
        pid: Pid,
        question: &Question,
    ) {
        let asker = from.node;
        let learnt = match *question {
            Question::Intends(to) => Learnt::Intends { from: asker, to },
            Question::Moved(to) => Learnt::Moved {
                from: asker,
                to,
                is_up: !self.knows_dead(at, self.life(to)),
            },
            Question::Asked => Learnt::Asked { by: asker },
            _ => Learnt::Ended { from: asker },
        };
        self.keeper_learns(at, pid, learnt, Some((from, call)));
    }

    /// Node `source` asks that the process be made here again.
    pub(super) fn returns(
        &mut self,
        at: NodeId,
        source: Instance,
        call: CallId,
        pid: Pid,
        image: Image,
    ) {
        let from = source.node;
        let asker = Some((source, call));
        if self.keeper_learns(at, pid, Learnt::Returns { from }, asker) == Action::Fill {
            if let Some(local) = self.local(at, pid) {
                local.process = Some(Process::copy(image));
                if let Some(record) = &mut local.record {
                    record.maker = asker;
                }
            }
            self.begin_making(at, pid, call);
        }
    }

    pub(super) fn is_filled(&mut self, at: NodeId, pid: Pid, call: CallId, is_failure: bool) {
        let maker = self.record(at, pid).and_then(|record| record.maker);
        if maker.is_some_and(|(_, maker)| maker == call) {
            let learnt = match is_failure {
                true => Learnt::Failed,
                false => Learnt::Executed,
            };
            self.keeper_learns(at, pid, learnt, maker);
        }
    }

    pub(super) fn commit_at_home(&mut self, at: NodeId, source: Instance, call: CallId, pid: Pid) {
        let from = source.node;
        self.keeper_learns(at, pid, Learnt::Commit { from }, Some((source, call)));
    }

    pub(super) fn abort_at_home(&mut self, at: NodeId, source: Instance, pid: Pid) {
        let from = source.node;
        self.keeper_learns(at, pid, Learnt::Abort { from }, None);
    }

    pub(super) fn record_learns(&mut self, at: NodeId, pid: Pid, dead: NodeId) {
        if self.record(at, pid).is_some() {
            self.keeper_learns(at, pid, Learnt::Down(dead), None);
        }
    }

    /// What came of a commit.
    pub(super) fn committed(&mut self, at: NodeId, pid: Pid, target: NodeId, outcome: Outcome) {
        if self
            .local(at, pid)
            .is_some_and(|local| local.leaving.is_some())
        {
            return self.left(at, pid);
        }
        if outcome != Outcome::Answered(Answer::Yes) && self.record(at, pid).is_some() {
            self.keeper_learns(at, pid, Learnt::NotThere { at: target }, None);
        }
    }

    /// Somebody sends the process a signal.
    pub(super) fn signal_at_home(&mut self, at: NodeId, pid: Pid, signal: Signal) {
        match self.record(at, pid) {
            Some(record) => {
                record.waiting.push(signal);
                self.forward(at, pid);
            }
            None => self.take(at, pid, signal),
        }
    }

    /// Sends the next signal on.
    pub(super) fn forward(&mut self, at: NodeId, pid: Pid) {
        let Some(record) = self.record(at, pid) else {
            return;
        };
        // A surrogate does one thing at a time, and what waits for it comes first.
        if record.sends.is_some() || !record.asks.is_empty() {
            return;
        }
        let (Some(&signal), Route::To(node)) = (record.waiting.first(), record.keeper.route())
        else {
            return;
        };
        let to = self.life(node);
        let call = self.ask(at, to, pid, Question::Signal(signal));
        if let Some(record) = self.record(at, pid) {
            record.sends = Some(call);
        }
    }

    /// What came of a signal that was sent on.
    pub(super) fn signal_sent(&mut self, at: NodeId, pid: Pid, call: CallId, outcome: Outcome) {
        let Some(record) = self.record(at, pid) else {
            return;
        };
        if record.sends != Some(call) {
            return;
        }
        record.sends = None;
        let asks = std::mem::take(&mut record.asks);
        let is_taken = outcome == Outcome::Answered(Answer::Yes);
        if is_taken {
            record.waiting.remove(0);
        }
        for ask in asks {
            self.after(0, Happening::Served(ask));
        }
        // What a dead node had taken it said before it said that the process moved.
        match is_taken {
            true => self.forward(at, pid),
            false => {
                let wait = self.rng.between(1, RETRY);
                let life = self.life(at);
                self.after(wait, Happening::Retry(life, pid));
            }
        }
    }

    /// Where home believes the process to be, if elsewhere.
    pub(super) fn believed(record: &Record) -> Option<NodeId> {
        match record.keeper {
            Keeper::Away { node, .. } | Keeper::Filling { node, .. } => Some(node),
            Keeper::Home | Keeper::Over => None,
        }
    }

    fn record(&mut self, at: NodeId, pid: Pid) -> Option<&mut Record> {
        self.local(at, pid)?.record.as_mut()
    }

    fn keeper_learns(
        &mut self,
        at: NodeId,
        pid: Pid,
        learnt: Learnt,
        asker: Option<(Instance, CallId)>,
    ) -> Action {
        let record = self.record(at, pid);
        // Of a process that is at home or gone, there is none.
        let keeper = record.map_or(Keeper::Over, |record| record.keeper);
        let (keeper, action) = keeper.step(learnt);
        if let Some(record) = self.record(at, pid) {
            record.keeper = keeper;
        }
        if let Some((to, call)) = asker {
            if let Some(answer) = answer(action, learnt) {
                self.reply(at, to, call, pid, answer);
            }
        }
        match (action, learnt) {
            (Action::Agree, Learnt::Moved { to, .. }) => {
                let to = self.life(to);
                self.ask(at, to, pid, Question::Commit);
            }
            (Action::Release, _) => self.is_back(at, pid),
            (Action::ReportEnd | Action::ReportKilled, _) => {
                let record = self.record(at, pid);
                let maker = record.and_then(|record| record.maker);
                let asks = self
                    .record(at, pid)
                    .map(|record| std::mem::take(&mut record.asks));
                let asks = asks.into_iter().flatten().map(|ask| (ask.from, ask.call));
                for (to, call) in maker.into_iter().chain(asks) {
                    self.reply(at, to, call, pid, Answer::No);
                }
                if let Some(local) = self.local(at, pid) {
                    local.process = None;
                    local.record = None;
                }
                self.tell(&Event::Told(pid));
                self.node(at).tidy(pid);
            }
            _ => (),
        }
        if matches!(keeper, Keeper::Away { .. }) {
            // What was made of it is dropped.
            if let Some(local) = self.local(at, pid).filter(|local| local.record.is_some()) {
                local.process = None;
            }
            self.forward(at, pid);
        }
        action
    }

    fn is_back(&mut self, at: NodeId, pid: Pid) {
        let Some(local) = self.local(at, pid) else {
            return;
        };
        let record = local.record.take();
        if let (Some(record), Some(process)) = (record, local.process.as_mut()) {
            process.waiting.extend(record.waiting);
        }
        self.tell(&Event::Returned(pid));
        self.go(at, pid);
    }
}

fn answer(action: Action, learnt: Learnt) -> Option<Answer> {
    match action {
        Action::Allow
        | Action::Agree
        | Action::AgreeAgain
        | Action::Confirm
        | Action::TellHeld
        | Action::Release => Some(Answer::Yes),
        Action::Refuse | Action::Forsake | Action::TellFailed | Action::TellNotThere => {
            Some(Answer::No)
        }
        Action::Disown => Some(Answer::Disowned),
        // One that nobody wants any more.
        Action::Empty if learnt == Learnt::Executed => Some(Answer::No),
        Action::ReportEnd => Some(Answer::Yes),
        Action::Nothing => matches!(learnt, Learnt::Ended { .. }).then_some(Answer::Yes),
        Action::Fill | Action::Empty | Action::ReportKilled => None,
    }
}
