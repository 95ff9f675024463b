// SPDX-License-Identifier: GPL-2.0

//! Process between two nodes.
//!
//! A process that executes a program on another node is to be on one of the two at every
//! moment, or its parent is told that it died. So the other node makes the new copy and
//! *holds* it before its first instruction. Home decides; once it has decided for the new
//! copy, its own never runs a program again, and only then the held one is released.
//!
//! ```text
//!  home (Source)                                     the other node (Guest)
//!
//!  Asking ---- execute this program ---------------> Starting --- cannot ---> gone
//!    |  | <--- held, or an error ------------------    | executed      \ answers the error
//!    |  |                                              v
//!    |  | held                                        Held --- abort, home died ---> gone
//!    |  '------> Away ---- commit ------------------>  |
//!    |            |                                    v
//!    |            | not there any more                Running --- exited ---> gone,
//!    v            v                                    |                      tells home
//!  Home        Dead: the parent is told                '-- home died: goes on without
//! ```
//!
//! A source that is killed while it asks says *abort*; the process then dies at home, as
//! its parent expects. An abort may come before the program is executed: then the copy is
//! *doomed*. It is killed, and should it not be there yet, it ends when it would have been
//! held.

/// The process at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It runs at home, and the other node was asked.
    Asking,
    /// It runs at home; nothing of it is left elsewhere.
    Home,
    /// What is at home stands for a process elsewhere.
    Away,
    /// It is gone.
    Dead,
}

/// What home learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// The new copy is held.
    Held,
    /// There is none: the program cannot be executed there, or the node is gone.
    Refused,
    /// The process is being killed and cannot wait for an answer.
    Killed,
    /// The commit found the copy.
    Released,
    /// The copy is gone: its node died, or does not know it.
    Lost,
}

/// What home does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HomeAction {
    /// Nothing.
    Nothing,
    /// The program that runs goes on, and gets the error.
    Return,
    /// It never runs again; the other node is told to release the copy.
    LeaveAndCommit,
    /// The other node is told to drop the copy.
    Abort,
    /// The parent is told that the process was killed.
    Die,
}

impl Source {
    /// Takes in what was learnt.
    pub const fn step(self, learnt: Learnt) -> (Self, HomeAction) {
        match (self, learnt) {
            (Self::Asking, Learnt::Held) => (Self::Away, HomeAction::LeaveAndCommit),
            (Self::Asking, Learnt::Refused | Learnt::Lost) => (Self::Home, HomeAction::Return),
            (Self::Asking, Learnt::Killed) => (Self::Dead, HomeAction::Abort),
            (Self::Away, Learnt::Lost) => (Self::Dead, HomeAction::Die),
            (state, _) => (state, HomeAction::Nothing),
        }
    }
}

/// The process on the other node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guest {
    /// It executes the program.
    Starting,
    /// As before; nobody wants it any more.
    Doomed,
    /// It has, and waits.
    Held,
    /// It runs.
    Running,
    /// It is gone, or going.
    Gone,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The program was executed.
    Executed,
    /// It could not be.
    Failed,
    /// Home decided for it.
    Commit,
    /// Home decided against it.
    Abort,
    /// Home died.
    HomeDown,
}

/// What its node does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestAction {
    /// Nothing.
    Nothing,
    /// Tells home that it is held.
    TellHeld,
    /// Tells home the error.
    TellFailed,
    /// Lets it run, and says so.
    Release,
    /// Ends it.
    Kill,
    /// Says that there is none.
    TellNotThere,
}

impl Guest {
    /// Takes in what happened.
    pub const fn step(self, happened: Happened) -> (Self, GuestAction) {
        match (self, happened) {
            (Self::Starting, Happened::Executed) => (Self::Held, GuestAction::TellHeld),
            (Self::Starting | Self::Doomed, Happened::Failed) => {
                (Self::Gone, GuestAction::TellFailed)
            }
            (Self::Doomed, Happened::Executed) => (Self::Gone, GuestAction::Kill),
            (Self::Starting, Happened::Abort | Happened::HomeDown) => {
                (Self::Doomed, GuestAction::Kill)
            }
            (Self::Held, Happened::Commit) => (Self::Running, GuestAction::Release),
            (Self::Held, Happened::Abort | Happened::HomeDown) => (Self::Gone, GuestAction::Kill),
            (state, Happened::Commit) => (state, GuestAction::TellNotThere),
            (state, _) => (state, GuestAction::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    //! All orders in which messages arrive, signals come and nodes die are tried.

    use std::collections::HashSet;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    enum Message {
        Execute,
        Held,
        Failed,
        Commit,
        Abort,
        Released,
        NotThere,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct World {
        source: Option<u8>,
        guest: Option<u8>,
        to_guest: Vec<Message>,
        to_source: Vec<Message>,
        home_is_up: bool,
        guest_is_up: bool,
        /// A node that is up knows of the other's death.
        home_knows: bool,
        guest_knows: bool,
        was_killed: bool,
        parent_was_told: bool,
    }

    const SOURCES: [Source; 4] = [Source::Asking, Source::Home, Source::Away, Source::Dead];
    const GUESTS: [Guest; 5] = [
        Guest::Starting,
        Guest::Doomed,
        Guest::Held,
        Guest::Running,
        Guest::Gone,
    ];

    fn place<T: PartialEq>(all: &[T], one: &T) -> Option<u8> {
        all.iter().position(|each| each == one).map(|at| at as u8)
    }

    impl World {
        fn new() -> Self {
            Self {
                source: place(&SOURCES, &Source::Asking),
                guest: None,
                to_guest: vec![Message::Execute],
                to_source: vec![],
                home_is_up: true,
                guest_is_up: true,
                home_knows: false,
                guest_knows: false,
                was_killed: false,
                parent_was_told: false,
            }
        }

        fn source(&self) -> Source {
            SOURCES[usize::from(self.source.unwrap())]
        }

        fn guest(&self) -> Option<Guest> {
            self.guest.map(|at| GUESTS[usize::from(at)])
        }

        /// Whether a program can execute instructions there.
        fn runs_at_home(&self) -> bool {
            self.home_is_up && matches!(self.source(), Source::Home)
        }

        fn runs_elsewhere(&self) -> bool {
            self.guest_is_up && self.guest() == Some(Guest::Running)
        }

        fn learn(&mut self, learnt: Learnt) {
            let (source, action) = self.source().step(learnt);
            self.source = place(&SOURCES, &source);
            match action {
                HomeAction::LeaveAndCommit => self.to_guest.push(Message::Commit),
                HomeAction::Abort => {
                    self.to_guest.push(Message::Abort);
                    self.parent_was_told = true;
                }
                HomeAction::Die => self.parent_was_told = true,
                HomeAction::Return | HomeAction::Nothing => (),
            }
        }

        fn happen(&mut self, happened: Happened) {
            let (guest, action) = self.guest().unwrap_or(Guest::Gone).step(happened);
            if self.guest.is_some() {
                self.guest = place(&GUESTS, &guest);
            }
            match action {
                GuestAction::TellHeld => self.to_source.push(Message::Held),
                GuestAction::TellFailed => self.to_source.push(Message::Failed),
                GuestAction::Release => self.to_source.push(Message::Released),
                GuestAction::TellNotThere => self.to_source.push(Message::NotThere),
                GuestAction::Kill | GuestAction::Nothing => (),
            }
        }

        /// What may happen next.
        fn next(&self) -> Vec<Self> {
            let mut all = Vec::new();
            let mut add = |change: &dyn Fn(&mut Self)| {
                let mut world = self.clone();
                change(&mut world);
                all.push(world);
            };
            if self.guest_is_up && !self.to_guest.is_empty() {
                add(&|world| match world.to_guest.remove(0) {
                    Message::Execute => world.guest = place(&GUESTS, &Guest::Starting),
                    Message::Commit => world.happen(Happened::Commit),
                    Message::Abort => world.happen(Happened::Abort),
                    other => panic!("{other:?} is not for a guest"),
                });
            }
            if self.home_is_up && !self.to_source.is_empty() {
                add(&|world| {
                    let learnt = match world.to_source.remove(0) {
                        Message::Held => Learnt::Held,
                        Message::Failed => Learnt::Refused,
                        Message::Released => Learnt::Released,
                        Message::NotThere => Learnt::Lost,
                        other => panic!("{other:?} is not for a source"),
                    };
                    world.learn(learnt);
                });
            }
            if self.guest_is_up && matches!(self.guest(), Some(Guest::Starting | Guest::Doomed)) {
                add(&|world| world.happen(Happened::Executed));
                add(&|world| world.happen(Happened::Failed));
            }
            if self.home_is_up && !self.was_killed && self.source() == Source::Asking {
                add(&|world| {
                    world.was_killed = true;
                    world.learn(Learnt::Killed);
                });
            }
            if self.home_is_up && self.guest_is_up {
                // What one node sent before it died may arrive or not.
                add(&|world| world.home_is_up = false);
                add(&|world| world.guest_is_up = false);
            }
            if !self.home_is_up && self.guest_is_up && !self.guest_knows {
                // The view: nothing of the dead one takes effect any more.
                add(&|world| {
                    world.guest_knows = true;
                    world.to_guest.clear();
                    if world.guest.is_some() {
                        world.happen(Happened::HomeDown);
                    }
                });
            }
            if !self.guest_is_up && self.home_is_up && !self.home_knows {
                add(&|world| {
                    world.home_knows = true;
                    world.to_source.clear();
                    world.to_guest.clear();
                    world.learn(Learnt::Lost);
                });
            }
            all
        }

        fn check(&self) {
            assert!(
                !(self.runs_at_home() && self.runs_elsewhere()),
                "two: {self:?}"
            );
            if self.parent_was_told {
                assert!(!self.runs_elsewhere(), "told, but it runs: {self:?}");
            }
        }

        /// Nothing more happens.
        fn check_end(&self) {
            if self.home_is_up {
                let is_somewhere = self.runs_at_home() || self.runs_elsewhere();
                assert!(is_somewhere || self.parent_was_told, "lost: {self:?}");
                assert!(!(is_somewhere && self.parent_was_told), "both: {self:?}");
            }
            let is_settled = !matches!(
                self.guest(),
                Some(Guest::Starting | Guest::Doomed | Guest::Held)
            );
            assert!(!self.guest_is_up || is_settled, "left over: {self:?}");
        }
    }

    #[test]
    fn there_is_one_process_whatever_happens() {
        let mut seen = HashSet::new();
        let mut todo = vec![World::new()];
        let mut ends = 0;
        while let Some(world) = todo.pop() {
            if !seen.insert(world.clone()) {
                continue;
            }
            world.check();
            let next = world.next();
            // Deaths need not happen.
            let is_quiet = next.iter().all(|next| {
                next.home_is_up != world.home_is_up || next.guest_is_up != world.guest_is_up
            });
            if is_quiet {
                world.check_end();
                ends += 1;
            }
            todo.extend(next);
        }
        assert!(seen.len() > 50 && ends > 10, "{} {ends}", seen.len());
    }

    #[test]
    fn one_that_nobody_wants_is_not_waited_for() {
        for why in [Happened::Abort, Happened::HomeDown] {
            let (guest, action) = Guest::Starting.step(why);
            assert_eq!((guest, action), (Guest::Doomed, GuestAction::Kill));
        }
    }

    #[test]
    fn a_commit_for_nobody_is_answered() {
        for guest in [Guest::Gone, Guest::Starting, Guest::Doomed, Guest::Running] {
            let (_, action) = guest.step(Happened::Commit);
            assert_eq!(action, GuestAction::TellNotThere);
        }
    }
}
