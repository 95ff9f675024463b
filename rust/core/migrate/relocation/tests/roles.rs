// SPDX-License-Identifier: GPL-2.0

//! Roles of the three nodes.
//!
//! What each does with its machine and what reaches it, as the kernel does.

#![expect(clippy::arithmetic_side_effects, reason = "numbers of the test itself")]

use super::{
    super::{
        arrival::{
            self,
            Arrival, //
        },
        departure::{
            self,
            Departure, //
        },
        keeper::{
            self,
            Keeper,
            Route, //
        },
    },
    world::{
        id,
        number,
        Message,
        Node,
        Signals,
        World,
        A,
        B,
        H, //
    },
};

impl World {
    // --- the source -----------------------------------------------------------

    pub(super) fn begin(&mut self, target: Node) {
        self.left.attempts -= 1;
        self.target = target;
        self.a.runs = false;
        let is_under_home = target == B && !self.knows(A, H);
        match is_under_home {
            true => {
                self.departure = Some(Departure::guest());
                self.send(A, H, Message::Intends(B));
            }
            false => {
                self.departure = Some(Departure::alone());
                self.make(false);
            }
        }
    }

    fn make(&mut self, is_under_home: bool) {
        let got = self.a.got.clone();
        self.send(A, self.target, Message::Make { got, is_under_home });
    }

    pub(super) fn a_learns(&mut self, learnt: departure::Learnt) {
        let Some(departure) = self.departure else {
            return;
        };
        let (departure, action) = departure.step(learnt);
        self.departure = Some(departure);
        let target = self.target;
        match action {
            departure::Action::Nothing => (),
            departure::Action::Copy => self.make(true),
            departure::Action::HandOn => self.hand_on(),
            departure::Action::TellHome => {
                self.is_handed = true;
                self.send(A, H, Message::Moved(target));
            }
            departure::Action::Leave => self.leave(),
            departure::Action::Return => self.go_on(),
            departure::Action::AbortAndReturn => {
                self.go_on();
                self.aborts = true;
                self.send(A, target, Message::Abort);
            }
            departure::Action::Die => self.a_dies(),
            departure::Action::AbortAndDie => {
                self.send(A, target, Message::Abort);
                self.a_dies();
            }
            departure::Action::Vanish => {
                self.a.end();
                self.send(A, target, Message::Abort);
            }
        }
    }

    fn hand_on(&mut self) {
        let waiting = self.a.waiting.clone();
        self.send(A, self.target, Message::HandOn(waiting));
    }

    fn leave(&mut self) {
        match self.is_handed {
            true => {
                self.a.end();
                self.send(A, self.target, Message::Commit);
            }
            false => self.hand_on(),
        }
    }

    fn handed(&mut self) {
        if self.departure == Some(Departure::Left) {
            self.is_handed = true;
            return self.leave();
        }
        self.a_learns(departure::Learnt::Handed);
    }

    pub(super) fn handing_failed(&mut self) {
        if self.departure == Some(Departure::Left) {
            return self.a.end();
        }
        let is_down = self.knows(A, self.target);
        self.a_learns(match is_down {
            true => departure::Learnt::TargetDown,
            false => departure::Learnt::Refused,
        });
    }

    fn go_on(&mut self) {
        self.departure = None;
        self.is_handed = false;
        self.a.run();
    }

    fn a_dies(&mut self) {
        self.departure = Some(Departure::Dead);
        self.is_killed = true;
        self.a.end();
        self.send(A, H, Message::Ended);
    }

    fn a_takes(&mut self, signal: u8) -> bool {
        let takes = self.departure.is_none_or(Departure::takes_signal);
        if takes {
            self.a.take(signal);
        }
        takes
    }

    // --- the target -----------------------------------------------------------

    fn arrive(&mut self, got: Signals, is_under_home: bool) {
        if self.arrival.is_some() || self.b.runs {
            return self.send(B, A, Message::NotMade);
        }
        self.arrival = Some(match is_under_home {
            true => Arrival::under_home(),
            false => Arrival::under_source(),
        });
        self.b.got = got;
        if self.knows(B, H) {
            self.b_happens(arrival::Happened::HomeDown);
        }
    }

    pub(super) fn b_happens(&mut self, happened: arrival::Happened) {
        let asker = match happened {
            arrival::Happened::CommitOfHome => H,
            _ => A,
        };
        let Some(arrival) = self.arrival else {
            if matches!(
                happened,
                arrival::Happened::CommitOfHome | arrival::Happened::CommitOfSource
            ) {
                self.send(B, asker, Message::NotThere);
            }
            return;
        };
        let (arrival, action) = arrival.step(happened);
        self.arrival = (!arrival.is_over()).then_some(arrival);
        if !arrival.is_released() && arrival.is_over() {
            self.b.end();
        }
        match action {
            arrival::Action::Nothing | arrival::Action::Kill => (),
            arrival::Action::TellHeld => self.send(B, A, Message::Held),
            arrival::Action::TellFailed => self.send(B, A, Message::NotMade),
            arrival::Action::Release => {
                self.b.run();
                self.has_moved = true;
                self.send(B, asker, Message::Released);
            }
            arrival::Action::TellReleased => self.send(B, asker, Message::Released),
            arrival::Action::TellNotThere => self.send(B, asker, Message::NotThere),
            arrival::Action::AskHome => self.send(B, H, Message::Asked),
        }
    }

    /// Whether there is a process that can take signals.
    fn b_is_there(&self) -> bool {
        self.b.runs || self.arrival.is_some_and(|arrival| !arrival.is_released())
    }

    // --- home -----------------------------------------------------------------

    pub(super) fn h_learns(&mut self, learnt: keeper::Learnt) {
        let (keeper, action) = self.keeper.step(learnt);
        self.keeper = keeper;
        match action {
            keeper::Action::Nothing | keeper::Action::Confirm | keeper::Action::Fill => (),
            keeper::Action::Allow => self.send(H, A, Message::Allowed),
            keeper::Action::Refuse => {
                let answer = match learnt {
                    keeper::Learnt::Returns { .. } => Message::NotMade,
                    _ => Message::Refused,
                };
                self.send(H, A, answer);
            }
            keeper::Action::Agree => {
                self.has_agreed = true;
                self.send(H, A, Message::Agreed);
                self.send(H, B, Message::Commit);
            }
            keeper::Action::AgreeAgain => self.send(H, A, Message::Agreed),
            keeper::Action::Disown => self.send(H, A, Message::Disowned),
            keeper::Action::Forsake => self.send(H, B, Message::Forsaken),
            keeper::Action::TellHeld => self.send(H, A, Message::Held),
            keeper::Action::TellFailed => self.send(H, A, Message::NotMade),
            keeper::Action::Empty => self.h.got.clear(),
            keeper::Action::Release => {
                self.h.run();
                self.has_moved = true;
                self.send(H, A, Message::Released);
            }
            keeper::Action::TellNotThere => self.send(H, A, Message::NotThere),
            keeper::Action::ReportEnd | keeper::Action::ReportKilled => {
                self.told += 1;
                self.h.end();
            }
        }
    }

    pub(super) fn h_signal(&mut self, signal: u8) {
        if self.keeper != Keeper::Over {
            self.h.take(signal);
        }
    }

    /// Sends the next signal on.
    pub(super) fn h_forward(&mut self) {
        let Route::To(node) = self.keeper.route() else {
            panic!("nobody is elsewhere: {self:?}");
        };
        let node = number(node);
        self.sends = Some(node);
        self.send(H, node, Message::Signal(self.h.waiting[0]));
    }

    fn h_hears_of_signal(&mut self, from: Node, is_taken: bool) {
        if self.sends.take() == Some(from) && is_taken && !self.h.waiting.is_empty() {
            self.h.waiting.remove(0);
        }
    }

    // --- what arrives -------------------------------------------------------------

    pub(super) fn deliver(&mut self, from: Node, to: Node, message: Message) {
        match to {
            A => self.deliver_to_a(from, message),
            B => self.deliver_to_b(from, message),
            _ => self.deliver_to_h(from, message),
        }
    }

    fn deliver_to_a(&mut self, from: Node, message: Message) {
        use departure::Learnt;
        match message {
            Message::Allowed => self.a_learns(Learnt::Allowed),
            Message::Refused | Message::NotMade => self.a_learns(Learnt::Refused),
            Message::Held => self.a_learns(Learnt::Held),
            Message::Agreed => self.a_learns(Learnt::Agreed),
            Message::Disowned => self.a_learns(Learnt::Disowned),
            Message::Handed => self.handed(),
            Message::NotHanded => self.handing_failed(),
            Message::Aborted => self.aborts = false,
            Message::Signal(signal) => {
                let takes = self.a_takes(signal);
                self.send(A, from, answer(takes, Message::Taken, Message::NotTaken));
            }
            Message::Released | Message::NotThere => (),
            other => panic!("{other:?} is not for the source"),
        }
    }

    fn deliver_to_b(&mut self, from: Node, message: Message) {
        use arrival::Happened;
        match message {
            Message::Make { got, is_under_home } => self.arrive(got, is_under_home),
            Message::Commit if from == A => self.b_happens(Happened::CommitOfSource),
            Message::Commit => self.b_happens(Happened::CommitOfHome),
            Message::Abort => {
                self.b_happens(Happened::Abort);
                self.send(B, A, Message::Aborted);
            }
            Message::Forsaken => self.b_happens(Happened::Forsaken),
            Message::HandOn(signals) => {
                let is_there = self.b_is_there();
                if is_there {
                    signals.into_iter().for_each(|signal| self.b.take(signal));
                }
                self.send(B, A, answer(is_there, Message::Handed, Message::NotHanded));
            }
            Message::Signal(signal) => {
                let is_there = self.b_is_there();
                if is_there {
                    self.b.take(signal);
                }
                self.send(B, H, answer(is_there, Message::Taken, Message::NotTaken));
            }
            other => panic!("{other:?} is not for the target"),
        }
    }

    fn deliver_to_h(&mut self, from: Node, message: Message) {
        use keeper::Learnt;
        let (by, from) = (from, id(from));
        match message {
            Message::Intends(to) => self.h_learns(Learnt::Intends { from, to: id(to) }),
            Message::Moved(to) => self.h_learns(Learnt::Moved {
                from,
                to: id(to),
                is_up: !self.knows(H, to),
            }),
            Message::Asked => self.h_learns(Learnt::Asked { by: from }),
            Message::NotThere => self.h_learns(Learnt::NotThere { at: from }),
            Message::Ended => self.h_learns(Learnt::Ended { from }),
            Message::Make { got, .. } => {
                self.h_learns(Learnt::Returns { from });
                if matches!(self.keeper, Keeper::Filling { .. }) {
                    self.h.got = got;
                }
            }
            Message::Commit => self.h_learns(Learnt::Commit { from }),
            Message::Abort => {
                self.h_learns(Learnt::Abort { from });
                self.send(H, by, Message::Aborted);
            }
            Message::HandOn(signals) => {
                let is_there = self.keeper != Keeper::Over;
                if is_there {
                    signals.into_iter().for_each(|signal| self.h.take(signal));
                }
                self.send(H, by, answer(is_there, Message::Handed, Message::NotHanded));
            }
            Message::Taken => self.h_hears_of_signal(by, true),
            Message::NotTaken => self.h_hears_of_signal(by, false),
            Message::Released => (),
            other => panic!("{other:?} is not for home"),
        }
    }
}

fn answer(is_there: bool, yes: Message, no: Message) -> Message {
    match is_there {
        true => yes,
        false => no,
    }
}
