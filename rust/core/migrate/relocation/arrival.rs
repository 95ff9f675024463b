// SPDX-License-Identifier: GPL-2.0

//! Process that arrives at a node.
//!
//! The copy of [`handover`](crate::migrate::handover), with two that may speak for it: the
//! node it comes from, its *source*, and its home, if that is another one.
//!
//! ```text
//!  Starting ---- executed ----> Held ---- commit of source or home ----> Running
//!     |                          |                                          |
//!     | abort, source died       | abort                                    | both have
//!     v                          | source died: home is asked               | spoken, or
//!   Doomed ----> Gone <----------| home never decided for it                | died
//!                                '-- nobody is left who could               v
//!                                                                      forgotten
//! ```
//!
//! Each of both says its word once. Until then the copy that runs is remembered, and does
//! not move on: a word that is late would be taken for one about the next arrival.

use crate::migrate::handover::{
    self,
    Guest,
    GuestAction, //
};

/// The process on its new node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arrival {
    guest: Guest,
    source: Party,
    home: Party,
}

/// Who may speak for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Party {
    /// Its word is to come.
    Due,
    /// It has spoken.
    Heard,
    /// It died, or is none.
    Gone,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happened {
    /// The copy is made.
    Executed,
    /// It could not be.
    Failed,
    /// It was killed while it was held.
    Died,
    /// The source decided for it.
    CommitOfSource,
    /// Home decided for it.
    CommitOfHome,
    /// The source decided against it.
    Abort,
    /// Home was [asked](Action::AskHome), and has not decided for it nor ever will.
    Forsaken,
    /// The source died.
    SourceDown,
    /// Home died.
    HomeDown,
}

/// What its node does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// Tells the source that it is held.
    TellHeld,
    /// Tells the source the error.
    TellFailed,
    /// Lets it run, and says so.
    Release,
    /// Says that it was let run.
    TellReleased,
    /// Ends it.
    Kill,
    /// Says that there is none.
    TellNotThere,
    /// Asks home whether it has decided for it: its commit is then on its way.
    AskHome,
}

impl Arrival {
    /// One whose home is alive, and is not where it comes from.
    pub const fn under_home() -> Self {
        Self::new(Party::Due)
    }

    /// One that comes from its home, or has none.
    pub const fn under_source() -> Self {
        Self::new(Party::Gone)
    }

    const fn new(home: Party) -> Self {
        Self {
            guest: Guest::Starting,
            source: Party::Due,
            home,
        }
    }

    /// Takes in what happened.
    pub const fn step(mut self, happened: Happened) -> (Self, Action) {
        match happened {
            Happened::Executed => self.by_guest(handover::Happened::Executed),
            Happened::Failed => self.by_guest(handover::Happened::Failed),
            Happened::CommitOfSource => {
                self.source = self.source.heard();
                self.commit()
            }
            Happened::CommitOfHome => {
                self.home = self.home.heard();
                self.commit()
            }
            Happened::Abort => {
                self.source = self.source.heard();
                self.by_guest(handover::Happened::Abort)
            }
            Happened::Died | Happened::Forsaken => match self.guest {
                Guest::Held => self.end(happened),
                Guest::Starting | Guest::Doomed | Guest::Running | Guest::Gone => {
                    (self, Action::Nothing)
                }
            },
            Happened::SourceDown => {
                self.source = Party::Gone;
                self.bereft()
            }
            Happened::HomeDown => {
                self.home = Party::Gone;
                match self.source {
                    Party::Gone => self.bereft(),
                    Party::Due | Party::Heard => (self, Action::Nothing),
                }
            }
        }
    }

    /// Whether nothing about it is open: it can be forgotten, and move on.
    pub const fn is_over(self) -> bool {
        match self.guest {
            Guest::Gone => true,
            Guest::Running => !self.source.is_due() && !self.home.is_due(),
            Guest::Starting | Guest::Doomed | Guest::Held => false,
        }
    }

    /// Whether it executes instructions, or has.
    pub const fn is_released(self) -> bool {
        matches!(self.guest, Guest::Running)
    }

    /// Whether it is being made.
    pub const fn is_being_made(self) -> bool {
        matches!(self.guest, Guest::Starting | Guest::Doomed)
    }

    /// Whether it is made, and waits for a decision.
    pub const fn is_held(self) -> bool {
        matches!(self.guest, Guest::Held)
    }

    const fn commit(self) -> (Self, Action) {
        match self.guest {
            Guest::Running => (self, Action::TellReleased),
            Guest::Starting | Guest::Doomed | Guest::Held | Guest::Gone => {
                self.by_guest(handover::Happened::Commit)
            }
        }
    }

    const fn end(mut self, happened: Happened) -> (Self, Action) {
        self.guest = Guest::Gone;
        match happened {
            Happened::Forsaken => (self, Action::Kill),
            _ => (self, Action::Nothing),
        }
    }

    /// The source died, who alone knew what is not held yet.
    const fn bereft(self) -> (Self, Action) {
        match (self.guest, self.home) {
            (Guest::Held, Party::Due | Party::Heard) => (self, Action::AskHome),
            _ => self.by_guest(handover::Happened::HomeDown),
        }
    }

    const fn by_guest(mut self, happened: handover::Happened) -> (Self, Action) {
        let (guest, action) = self.guest.step(happened);
        self.guest = guest;
        let action = match action {
            GuestAction::Nothing => Action::Nothing,
            GuestAction::TellHeld => Action::TellHeld,
            GuestAction::TellFailed => Action::TellFailed,
            GuestAction::Release => Action::Release,
            GuestAction::Kill => Action::Kill,
            GuestAction::TellNotThere => Action::TellNotThere,
        };
        (self, action)
    }
}

impl Party {
    const fn heard(self) -> Self {
        match self {
            Self::Due | Self::Heard => Self::Heard,
            Self::Gone => Self::Gone,
        }
    }

    const fn is_due(self) -> bool {
        matches!(self, Self::Due)
    }
}
