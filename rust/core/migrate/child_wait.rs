// SPDX-License-Identifier: GPL-2.0

//! Wait for children on two nodes.
//!
//! A process that is elsewhere has children where it is, which the kernel there knows, and
//! others at home, where what stands for it is their parent. One wait is for all of them, and
//! takes one:
//!
//! ```text
//!        .-------------------- called: something became of a child -----.
//!        v                                                               |
//!   LookingHere --- nothing ---> Asking home --- nothing ---> Sleeping --'
//!        |                        |   ^   |                      |
//!      a child                a child |  none, here neither    a signal
//!        v                        v   |   v                      v
//!      given                  given  lost: asked again         restarts
//!                                        no child
//! ```
//!
//! Who is called while it looks or asks does so again before it sleeps: so it has to be known
//! from before it looks that it is to be called.
//!
//! Home takes a child when it is asked, and the answer may be lost. The question is then asked
//! again, under the [`Ticket`] it had, and home says again what it said: [`Kept`].

use super::children::{
    Answer,
    Found, //
};
use crate::ids::Instance;

/// What was found, the child apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// A child.
    Child,
    /// There are such children, and nothing to be told of them.
    NothingYet,
    /// There is none.
    NoChild,
}

impl From<&Found> for Look {
    fn from(found: &Found) -> Self {
        match found {
            Found::Child(_) => Self::Child,
            Found::NothingYet => Self::NothingYet,
            Found::NoChild => Self::NoChild,
        }
    }
}

/// What a wait learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Learnt {
    /// This is here.
    Here(Look),
    /// This is at home.
    There(Look),
    /// Home was asked, and what it said is not known.
    Lost,
    /// It was called, or need not have slept.
    Called,
    /// A signal came.
    Interrupted,
}

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Looks among the children here, and notes before that it is called from now on.
    LookHere,
    /// Asks home.
    Ask,
    /// Asks home what it was asked last.
    AskAgain,
    /// Sleeps until it is called, unless it was since it looked.
    Sleep,
    /// Gives the child that was found here.
    GiveOwn,
    /// Gives the one that home told of.
    GiveTold,
    /// Says that there is nothing yet.
    SayNothing,
    /// Says that there is no such child.
    SayNoChild,
    /// Is made again when the signal was handled.
    Restart,
}

/// A wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wait {
    state: State,
    /// Whether it sleeps if there is nothing yet.
    sleeps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    LookingHere,
    /// Whether there are children here.
    Asking {
        here: bool,
    },
    Sleeping,
    Over,
}

impl Wait {
    /// One that `sleeps` if there is nothing yet, and what it does first.
    pub const fn begin(sleeps: bool) -> (Self, Action) {
        let state = State::LookingHere;
        (Self { state, sleeps }, Action::LookHere)
    }

    /// Takes in what was learnt.
    pub const fn step(self, learnt: Learnt) -> (Self, Action) {
        let (state, action) = match (self.state, learnt) {
            (State::LookingHere, Learnt::Here(Look::Child)) => (State::Over, Action::GiveOwn),
            (State::LookingHere, Learnt::Here(look)) => {
                let here = matches!(look, Look::NothingYet);
                (State::Asking { here }, Action::Ask)
            }
            (State::Asking { .. }, Learnt::There(Look::Child)) => (State::Over, Action::GiveTold),
            (State::Asking { here: false }, Learnt::There(Look::NoChild)) => {
                (State::Over, Action::SayNoChild)
            }
            (State::Asking { .. }, Learnt::There(_)) if self.sleeps => {
                (State::Sleeping, Action::Sleep)
            }
            (State::Asking { .. }, Learnt::There(_)) => (State::Over, Action::SayNothing),
            (State::Asking { here }, Learnt::Lost) => (State::Asking { here }, Action::AskAgain),
            (State::Sleeping, Learnt::Called) => (State::LookingHere, Action::LookHere),
            (State::Sleeping, Learnt::Interrupted) => (State::Over, Action::Restart),
            // Nothing comes of itself.
            (_, _) => (State::Over, Action::Restart),
        };
        let sleeps = self.sleeps;
        (Self { state, sleeps }, action)
    }
}

/// Which question that is: none of another node, or of an earlier life of it, has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Who asks.
    pub from: Instance,
    /// The number of the question there.
    pub number: u64,
}

/// What home said last for a process, which asks one question after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept(Option<(Ticket, Answer)>);

impl Kept {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(None)
    }

    /// What was said to this question; `None` if that is a new one.
    pub fn again(&self, ticket: Ticket) -> Option<Answer> {
        self.0
            .filter(|(last, _)| *last == ticket)
            .map(|(_, answer)| answer)
    }

    /// This is said to it.
    pub fn keep(&mut self, ticket: Ticket, answer: Answer) {
        self.0 = Some((ticket, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{
            Incarnation,
            NodeId, //
        },
        migrate::children::Waited, //
    };

    /// A child of each node, with the number of it.
    const HERE: usize = 0;
    const HOME: usize = 1;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Life {
        None,
        Runs,
        Ended,
        Taken,
    }

    #[derive(Clone)]
    struct World {
        children: [Life; 2],
        is_called: bool,
        kept: Kept,
        number: u64,
        /// How many answers may still be lost.
        losses: u32,
        may_interrupt: bool,
        wait: Wait,
        action: Action,
    }

    impl World {
        fn new(children: [Life; 2], sleeps: bool, may_interrupt: bool) -> Self {
            let (wait, action) = Wait::begin(sleeps);
            Self {
                children,
                is_called: false,
                kept: Kept::new(),
                number: 0,
                losses: 2,
                may_interrupt,
                wait,
                action,
            }
        }

        fn look(&mut self, node: usize) -> Look {
            match self.children[node] {
                Life::Ended => {
                    self.children[node] = Life::Taken;
                    Look::Child
                }
                Life::Runs => Look::NothingYet,
                Life::None | Life::Taken => Look::NoChild,
            }
        }

        fn serve(&mut self) -> Look {
            let ticket = ticket(self.number);
            let answer = self.kept.again(ticket).unwrap_or_else(|| {
                let found = match self.look(HOME) {
                    Look::Child => Found::Child(Waited::killed(1, 0)),
                    Look::NothingYet => Found::NothingYet,
                    Look::NoChild => Found::NoChild,
                };
                let are_left = true;
                Answer { found, are_left }
            });
            self.kept.keep(ticket, answer);
            Look::from(&answer.found)
        }

        fn learn(mut self, learnt: Learnt) -> Self {
            (self.wait, self.action) = self.wait.step(learnt);
            self
        }

        /// All that may come next.
        fn go_on(&self, ends: &mut Vec<World>) {
            for node in [HERE, HOME] {
                if self.children[node] == Life::Runs {
                    let mut next = self.clone();
                    next.children[node] = Life::Ended;
                    next.is_called = true;
                    next.go_on(ends);
                }
            }
            let mut next = self.clone();
            match self.action {
                Action::LookHere => {
                    next.is_called = false;
                    let look = next.look(HERE);
                    next.learn(Learnt::Here(look)).go_on(ends);
                }
                Action::Ask | Action::AskAgain => {
                    if self.action == Action::Ask {
                        next.number = next.number.saturating_add(1);
                    }
                    let look = next.serve();
                    if next.losses > 0 {
                        let mut lost = next.clone();
                        lost.losses = lost.losses.saturating_sub(1);
                        lost.learn(Learnt::Lost).go_on(ends);
                    }
                    next.learn(Learnt::There(look)).go_on(ends);
                }
                Action::Sleep if next.is_called => next.learn(Learnt::Called).go_on(ends),
                Action::Sleep => {
                    let runs = |life: &Life| *life == Life::Runs;
                    let ended = |life: &Life| *life == Life::Ended;
                    assert!(!next.children.iter().any(ended), "it sleeps for ever");
                    assert!(next.children.iter().any(runs), "nobody calls");
                    if next.may_interrupt {
                        next.learn(Learnt::Interrupted).go_on(ends);
                    }
                }
                _ => ends.push(next),
            }
        }
    }

    fn ticket(number: u64) -> Ticket {
        let node = NodeId::new(2).unwrap();
        let incarnation = Incarnation(7);
        let from = Instance { node, incarnation };
        Ticket { from, number }
    }

    #[test]
    fn whatever_happens_one_child_is_given() {
        let lives = [Life::None, Life::Runs, Life::Ended];
        let mut seen = 0;
        for here in lives {
            for home in lives {
                for (sleeps, may_interrupt) in [(false, false), (true, false), (true, true)] {
                    let mut ends = Vec::new();
                    let children = [here, home];
                    World::new(children, sleeps, may_interrupt).go_on(&mut ends);
                    assert!(!ends.is_empty());
                    for end in ends {
                        seen += 1;
                        check(children, sleeps, &end);
                    }
                }
            }
        }
        assert!(seen > 100);
    }

    fn check(children: [Life; 2], sleeps: bool, end: &World) {
        let taken = |life: &&Life| **life == Life::Taken;
        let count = end.children.iter().filter(taken).count();
        match end.action {
            Action::GiveOwn => assert_eq!((count, end.children[HERE]), (1, Life::Taken)),
            Action::GiveTold => assert_eq!((count, end.children[HOME]), (1, Life::Taken)),
            Action::SayNoChild => assert_eq!(children, [Life::None; 2]),
            Action::SayNothing => assert!(!sleeps && count == 0),
            Action::Restart => assert!(end.may_interrupt && count == 0),
            action => panic!("it ends with {action:?}"),
        }
    }

    #[test]
    fn a_new_question_gets_a_new_answer() {
        let mut kept = Kept::new();
        let found = Found::NoChild;
        let answer = Answer {
            found,
            are_left: false,
        };
        assert_eq!(kept.again(ticket(1)), None);
        kept.keep(ticket(1), answer);
        assert_eq!(kept.again(ticket(1)), Some(answer));
        assert_eq!(kept.again(ticket(2)), None);
        let mut other = ticket(1);
        other.from.node = NodeId::new(3).unwrap();
        assert_eq!(kept.again(other), None);
    }
}
