// SPDX-License-Identifier: GPL-2.0

//! Node a process arrives at.

use ssi_core::{
    ids::{Instance, NodeId},
    migrate::relocation::arrival::{Action, Arrival, Happened},
};

use super::{
    history::Event,
    message::{Answer, CallId, Image, Pid, Question, Signal},
    node::{Arriving, Local, Process},
    world::{Happening, World},
};

impl World {
    /// Node `source` asks for a copy.
    pub(super) fn make(
        &mut self,
        at: NodeId,
        source: Instance,
        call: CallId,
        pid: Pid,
        image: Image,
    ) {
        if self
            .local(at, pid)
            .is_some_and(|local| local.record.is_some())
        {
            return self.returns(at, source, call, pid, image);
        }
        let home = image.home;
        if self.local(at, pid).is_some() || home == self.life(at) {
            return self.reply(at, source, call, pid, Answer::No);
        }
        let is_alone = home == source || self.knows_dead(at, home);
        let arrival = match is_alone {
            true => Arrival::under_source(),
            false => Arrival::under_home(),
        };
        let local = Local {
            process: Some(Process::copy(image)),
            arriving: Some(Arriving {
                arrival,
                source,
                call,
            }),
            ..Local::default()
        };
        self.node(at).locals.insert(pid, local);
        self.begin_making(at, pid, call);
    }

    pub(super) fn begin_making(&mut self, at: NodeId, pid: Pid, call: CallId) {
        let wait = self.rng.between(1, self.scenario.making);
        let life = self.life(at);
        self.after(wait, Happening::Made(life, pid, call));
    }

    /// A copy is made, or cannot be.
    pub(super) fn is_made(&mut self, at: NodeId, pid: Pid, call: CallId) {
        let is_failure = self.rng.permille(self.scenario.fail_permille);
        let Some(local) = self.local(at, pid) else {
            return;
        };
        if local.record.is_some() {
            return self.is_filled(at, pid, call, is_failure);
        }
        let arriving = local.arriving.as_ref();
        if arriving.is_some_and(|one| one.call == call && one.arrival.is_being_made()) {
            let happened = match is_failure {
                true => Happened::Failed,
                false => Happened::Executed,
            };
            self.happens(at, pid, happened, None);
        }
    }

    pub(super) fn commit(&mut self, at: NodeId, from: Instance, call: CallId, pid: Pid) {
        let Some(local) = self.local(at, pid) else {
            return self.reply(at, from, call, pid, Answer::No);
        };
        if local.record.is_some() {
            return self.commit_at_home(at, from, call, pid);
        }
        let Some(source) = local.arriving.as_ref().map(|arriving| arriving.source) else {
            return self.reply(at, from, call, pid, Answer::No);
        };
        let happened = match from == source {
            true => Happened::CommitOfSource,
            false => Happened::CommitOfHome,
        };
        self.happens(at, pid, happened, Some((from, call)));
    }

    pub(super) fn abort(&mut self, at: NodeId, from: Instance, call: CallId, pid: Pid) {
        if let Some(local) = self.local(at, pid) {
            let arriving = local.arriving.as_ref();
            if local.record.is_some() {
                self.abort_at_home(at, from, pid);
            } else if arriving.is_some_and(|arriving| arriving.source == from) {
                self.happens(at, pid, Happened::Abort, None);
            }
        }
        self.reply(at, from, call, pid, Answer::Yes);
    }

    /// Home has not decided for the copy, and never will.
    pub(super) fn forsaken(&mut self, at: NodeId, pid: Pid) {
        self.happens(at, pid, Happened::Forsaken, None);
    }

    /// A copy that is held is killed.
    pub(super) fn kill_held(&mut self, at: NodeId, pid: Pid) {
        let arriving = self
            .local(at, pid)
            .and_then(|local| local.arriving.as_ref());
        if arriving.is_some_and(|arriving| arriving.arrival.is_held()) {
            self.tell(&Event::CopyEnded(pid));
            self.happens(at, pid, Happened::Died, None);
        }
    }

    pub(super) fn arrival_learns(&mut self, at: NodeId, pid: Pid, dead: Instance) {
        let Some(local) = self.local(at, pid) else {
            return;
        };
        let Some(source) = local.arriving.as_ref().map(|arriving| arriving.source) else {
            return;
        };
        let home = local.process.as_ref().map(|process| process.image.home);
        if source == dead {
            self.happens(at, pid, Happened::SourceDown, None);
        } else if home.is_none_or(|home| home == dead) {
            self.happens(at, pid, Happened::HomeDown, None);
        }
    }

    /// The copy takes the signals that waited elsewhere.
    pub(super) fn take_all(&mut self, at: NodeId, pid: Pid, signals: &[Signal]) -> Answer {
        let Some(local) = self.local(at, pid) else {
            return Answer::No;
        };
        if let Some(record) = &mut local.record {
            record.waiting.extend(signals);
            return Answer::Yes;
        }
        if local.process.is_none() {
            return Answer::No;
        }
        for &signal in signals {
            self.take(at, pid, signal);
        }
        Answer::Yes
    }

    fn happens(
        &mut self,
        at: NodeId,
        pid: Pid,
        happened: Happened,
        asker: Option<(Instance, CallId)>,
    ) {
        let Some(local) = self.local(at, pid) else {
            return;
        };
        let Some(arriving) = local.arriving.as_mut() else {
            return;
        };
        let (arrival, action) = arriving.arrival.step(happened);
        arriving.arrival = arrival;
        let maker = (arriving.source, arriving.call);
        let home = local.process.as_ref().map(|process| process.image.home);
        if arrival.is_over() {
            local.arriving = None;
            if !arrival.is_released() {
                local.process = None;
            }
        }
        if action == Action::Release {
            self.go(at, pid);
        }
        let answer = match action {
            Action::TellHeld => Some((maker, Answer::Yes)),
            Action::TellFailed => Some((maker, Answer::No)),
            Action::Kill if happened == Happened::Executed => Some((maker, Answer::No)),
            Action::Release | Action::TellReleased => asker.map(|asker| (asker, Answer::Yes)),
            Action::TellNotThere => asker.map(|asker| (asker, Answer::No)),
            Action::AskHome | Action::Kill | Action::Nothing => None,
        };
        if let Some(((to, call), answer)) = answer {
            self.reply(at, to, call, pid, answer);
        }
        if let (Action::AskHome, Some(home)) = (action, home) {
            self.ask(at, home, pid, Question::Asked);
        }
        self.node(at).tidy(pid);
    }
}
