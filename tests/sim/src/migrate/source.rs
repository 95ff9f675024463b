// SPDX-License-Identifier: GPL-2.0

//! Node a process leaves.

use ssi_core::{
    ids::NodeId,
    migrate::{
        handover::{self, HomeAction, Source},
        relocation::{
            departure::{Action, Departure, Learnt},
            keeper::Keeper,
        },
    },
};

use super::{
    history::Event,
    message::{Answer, CallId, Image, Outcome, Pid, Question, Signal},
    node::{Leaving, Machine, Record},
    world::World,
};

impl World {
    /// The process sets out for `target`, which lives.
    pub(super) fn begin(&mut self, at: NodeId, pid: Pid, target: NodeId) {
        let (here, target) = (self.life(at), self.life(target));
        let Some(home) = self.image(at, pid).map(|image| image.home) else {
            return;
        };
        self.stand(at, pid);
        self.tell(&Event::SetsOut(pid, here, target));
        let is_alone = home == target || self.knows_dead(at, home);
        let machine = match (home == here, is_alone) {
            (true, _) => Machine::Home(Source::Asking),
            (false, true) => Machine::Guest(Departure::alone()),
            (false, false) => Machine::Guest(Departure::guest()),
        };
        let leaving = Leaving {
            machine,
            target,
            call: None,
            is_handed: false,
        };
        if let Some(local) = self.local(at, pid) {
            local.leaving = Some(leaving);
        }
        match home == here || is_alone {
            true => self.ask_copy(at, pid),
            false => self.wait(at, pid, Question::Intends(target.node), true),
        }
    }

    /// A call of a process that leaves was answered.
    pub(super) fn answered(
        &mut self,
        at: NodeId,
        pid: Pid,
        call: CallId,
        question: &Question,
        outcome: Outcome,
    ) {
        let Some(leaving) = self.leaving(at, pid) else {
            return;
        };
        if leaving.call != Some(call) {
            return;
        }
        leaving.call = None;
        let machine = leaving.machine;
        match (machine, question) {
            (_, Question::Abort) => self.aborted(at, pid),
            (Machine::Home(_), _) => self.home_learns(at, pid, of_home(outcome)),
            (Machine::Guest(Departure::Left), Question::HandOn(_)) => {
                if let Some(leaving) = self.leaving(at, pid) {
                    leaving.is_handed = true;
                }
                self.leave(at, pid);
            }
            (Machine::Guest(_), _) => self.source_learns(at, pid, of_guest(question, outcome)),
        }
    }

    /// The process is killed.
    pub(super) fn kill(&mut self, at: NodeId, pid: Pid) {
        let Some(local) = self.local(at, pid) else {
            return;
        };
        let machine = local.leaving.as_ref().map(|leaving| leaving.machine);
        let runs = local.process.as_ref().is_some_and(|process| process.runs);
        match machine {
            _ if runs => {
                self.stand(at, pid);
                self.end(at, pid);
            }
            Some(Machine::Home(_)) => self.home_learns(at, pid, handover::Learnt::Killed),
            Some(Machine::Guest(_)) => self.source_learns(at, pid, Learnt::Killed),
            None => self.kill_held(at, pid),
        }
    }

    /// What is said to a signal of home, and to those that another node hands on.
    pub(super) fn take_signal(&mut self, at: NodeId, pid: Pid, signal: Signal) -> Answer {
        let Some(local) = self.local(at, pid) else {
            return Answer::No;
        };
        let machine = local.leaving.as_ref().map(|leaving| leaving.machine);
        let takes = match machine {
            Some(Machine::Guest(departure)) => departure.takes_signal(),
            _ => true,
        };
        if local.process.is_none() || !takes {
            return Answer::No;
        }
        self.take(at, pid, signal);
        Answer::Yes
    }

    /// What came of the commit of who is no home.
    pub(super) fn left(&mut self, at: NodeId, pid: Pid) {
        if let Some(local) = self.local(at, pid) {
            local.leaving = None;
            self.node(at).tidy(pid);
        }
    }

    fn source_learns(&mut self, at: NodeId, pid: Pid, learnt: Learnt) {
        let Some(leaving) = self.leaving(at, pid) else {
            return;
        };
        let Machine::Guest(departure) = leaving.machine else {
            return;
        };
        let (departure, action) = departure.step(learnt);
        leaving.machine = Machine::Guest(departure);
        let target = leaving.target;
        match action {
            Action::Nothing => (),
            Action::Copy => self.ask_copy(at, pid),
            Action::HandOn => self.hand_on(at, pid),
            Action::TellHome => {
                leaving.is_handed = true;
                self.wait(at, pid, Question::Moved(target.node), true);
            }
            Action::Leave => self.leave(at, pid),
            Action::Return => self.stays(at, pid),
            Action::AbortAndReturn => self.wait(at, pid, Question::Abort, false),
            Action::Die => self.dies(at, pid),
            Action::AbortAndDie => {
                self.ask(at, target, pid, Question::Abort);
                self.dies(at, pid);
            }
            Action::Vanish => {
                self.ask(at, target, pid, Question::Abort);
                if let Some(local) = self.local(at, pid) {
                    local.process = None;
                    local.leaving = None;
                }
                self.node(at).tidy(pid);
            }
        }
    }

    fn home_learns(&mut self, at: NodeId, pid: Pid, learnt: handover::Learnt) {
        let Some(leaving) = self.leaving(at, pid) else {
            return;
        };
        let Machine::Home(source) = leaving.machine else {
            return;
        };
        let (source, action) = source.step(learnt);
        leaving.machine = Machine::Home(source);
        let target = leaving.target;
        match action {
            HomeAction::LeaveAndCommit => self.leave_home(at, pid),
            HomeAction::Abort => {
                self.ask(at, target, pid, Question::Abort);
                self.dies(at, pid);
            }
            // The copy may be there.
            HomeAction::Return if learnt == handover::Learnt::Refused => {
                self.wait(at, pid, Question::Abort, false);
            }
            HomeAction::Return => self.stays(at, pid),
            HomeAction::Nothing | HomeAction::Die => (),
        }
    }

    fn leave_home(&mut self, at: NodeId, pid: Pid) {
        let Some(local) = self.local(at, pid) else {
            return;
        };
        let leaving = local.leaving.take();
        let process = local.process.take();
        let (Some(leaving), Some(process)) = (leaving, process) else {
            return;
        };
        let keeper = Keeper::of(leaving.target.node);
        local.record = Some(Record::new(keeper, process.waiting));
        self.ask(at, leaving.target, pid, Question::Commit);
        self.forward(at, pid);
    }

    fn ask_copy(&mut self, at: NodeId, pid: Pid) {
        if let Some(image) = self.image(at, pid).cloned() {
            self.wait(at, pid, Question::Make(image), false);
        }
    }

    fn hand_on(&mut self, at: NodeId, pid: Pid) {
        let local = self.local(at, pid);
        let process = local.and_then(|local| local.process.as_ref());
        let waiting = process.map(|process| process.waiting.clone());
        self.wait(
            at,
            pid,
            Question::HandOn(waiting.unwrap_or_default()),
            false,
        );
    }

    /// It is elsewhere. What waits is handed on, then the copy is committed.
    fn leave(&mut self, at: NodeId, pid: Pid) {
        let Some(leaving) = self.leaving(at, pid) else {
            return;
        };
        if !leaving.is_handed {
            return self.hand_on(at, pid);
        }
        if let Some(local) = self.local(at, pid) {
            local.process = None;
        }
        self.wait(at, pid, Question::Commit, false);
    }

    fn stays(&mut self, at: NodeId, pid: Pid) {
        if let Some(local) = self.local(at, pid) {
            local.leaving = None;
            self.go(at, pid);
        }
    }

    fn aborted(&mut self, at: NodeId, pid: Pid) {
        self.stays(at, pid);
    }

    fn dies(&mut self, at: NodeId, pid: Pid) {
        if let Some(local) = self.local(at, pid) {
            local.leaving = None;
            self.end(at, pid);
        }
    }

    /// Asks home or the target, and waits for the answer.
    fn wait(&mut self, at: NodeId, pid: Pid, question: Question, is_for_home: bool) {
        let home = self.image(at, pid).map(|image| image.home);
        let Some(leaving) = self.leaving(at, pid) else {
            return;
        };
        let target = leaving.target;
        let to = match (is_for_home, home) {
            (true, Some(home)) => home,
            _ => target,
        };
        let call = self.ask(at, to, pid, question);
        if let Some(leaving) = self.leaving(at, pid) {
            leaving.call = Some(call);
        }
    }

    fn leaving(&mut self, at: NodeId, pid: Pid) -> Option<&mut Leaving> {
        self.local(at, pid)?.leaving.as_mut()
    }

    fn image(&mut self, at: NodeId, pid: Pid) -> Option<&Image> {
        let process = self.local(at, pid)?.process.as_ref()?;
        Some(&process.image)
    }
}

fn of_home(outcome: Outcome) -> handover::Learnt {
    match outcome {
        Outcome::Answered(Answer::Yes) => handover::Learnt::Held,
        Outcome::Answered(_) | Outcome::Lost => handover::Learnt::Refused,
        Outcome::Down => handover::Learnt::Lost,
    }
}

fn of_guest(question: &Question, outcome: Outcome) -> Learnt {
    let is_of_home = matches!(question, Question::Intends(_) | Question::Moved(_));
    match outcome {
        Outcome::Answered(Answer::Yes) => match question {
            Question::Intends(_) => Learnt::Allowed,
            Question::Make(_) => Learnt::Held,
            Question::HandOn(_) => Learnt::Handed,
            _ => Learnt::Agreed,
        },
        Outcome::Answered(Answer::Disowned) => Learnt::Disowned,
        Outcome::Answered(Answer::No) => Learnt::Refused,
        Outcome::Lost => Learnt::Unclear,
        Outcome::Down if is_of_home => Learnt::HomeDown,
        Outcome::Down => Learnt::TargetDown,
    }
}
