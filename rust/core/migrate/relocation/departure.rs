// SPDX-License-Identifier: GPL-2.0

//! Process that leaves a node.
//!
//! What the node decides on which it runs. A guest whose home lives leaves only when home
//! has agreed, for home is who sends it signals and reports its death; all others decide
//! for themselves: those whose home is gone, and those that go home.
//!
//! ```text
//!  guest() -> Asking ---- may it go to that node? ----> home
//!               | allowed
//!               v
//!             Copying --- make it ----> the other node          alone() -> Copying
//!               | held                                                       | held
//!               v                                                            |
//!             Handing --- signals that wait ----> the copy                   |
//!               | taken                                                      |
//!               v                                                            |
//!            Deciding --- it moved ----> home                                |
//!               | agreed, or home is gone                                    |
//!               v                                                            v
//!             Left ------ rest of the signals, then commit ----> the copy ----
//!
//!  Asking, Copying, Handing:  refused, unclear, target gone ---> Stays
//!                             killed --------------------------> Dead
//!  Deciding:                  refused -------------------------> Stays
//!                             not home's process any more -----> Dead
//! ```
//!
//! It never executes an instruction again once it has told home that it moved, or sent a
//! commit, unless home *answers* with a refusal. So nothing can kill it in
//! [`Deciding`](Departure::Deciding): what is to, waits, and goes along.

/// The process, on the node it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Departure {
    /// Home is asked whether it may go there.
    Asking,
    /// The other node makes the copy.
    Copying(Judge),
    /// The copy is held and gets the signals that wait. From here on it takes none.
    Handing,
    /// Home is told that it moved.
    Deciding,
    /// It stays, and nothing of it will run elsewhere.
    Stays,
    /// It is on the other node, if anywhere.
    Left,
    /// It is gone.
    Dead,
}

/// Who decides for the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Judge {
    /// Its home.
    Home,
    /// The node it leaves.
    Itself,
}

/// What it learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Learnt {
    /// Home allows the attempt.
    Allowed,
    /// The copy is held.
    Held,
    /// The copy has all signals.
    Handed,
    /// Home agreed: the process is on the other node.
    Agreed,
    /// Whoever was asked said no.
    Refused,
    /// Home says that the process is not on this node, or not at all.
    Disowned,
    /// There was an answer, and it is lost.
    Unclear,
    /// The node it goes to died.
    TargetDown,
    /// Home died. Only who asks it need learn so.
    HomeDown,
    /// The process is being killed.
    Killed,
}

/// What its node does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// Has the other node make the copy.
    Copy,
    /// Takes no signals of home from now on, then gives those that wait to the copy, and keeps
    /// them.
    HandOn,
    /// Tells home that it moved, and waits whatever comes.
    TellHome,
    /// Takes no signals from now on, gives the rest of those that wait to the copy, then commits
    /// it. Ends without a word to home, whatever comes of all that.
    Leave,
    /// Goes on with the error, and with the signals that it has handed on.
    Return,
    /// The same when the other node has said that the copy is dropped, or died.
    AbortAndReturn,
    /// Dies as any process there does, which home is told.
    Die,
    /// The same, and the other node is told to drop the copy.
    AbortAndDie,
    /// Ends without a word to home; the other node is told to drop the copy.
    Vanish,
}

impl Departure {
    /// A guest whose home is alive, and not where it goes. Home is to be asked first.
    pub const fn guest() -> Self {
        Self::Asking
    }

    /// One that decides for itself. The copy is to be made first.
    pub const fn alone() -> Self {
        Self::Copying(Judge::Itself)
    }

    /// Takes in what was learnt.
    pub const fn step(self, learnt: Learnt) -> (Self, Action) {
        match self {
            Self::Asking => Self::asked(learnt),
            Self::Copying(judge) => Self::copying(judge, learnt),
            Self::Handing => Self::handing(learnt),
            Self::Deciding => Self::deciding(learnt),
            Self::Stays | Self::Left | Self::Dead => (self, Action::Nothing),
        }
    }

    const fn asked(learnt: Learnt) -> (Self, Action) {
        match learnt {
            Learnt::Allowed => (Self::Copying(Judge::Home), Action::Copy),
            Learnt::Killed => (Self::Dead, Action::Die),
            Learnt::Refused | Learnt::Disowned | Learnt::Unclear | Learnt::HomeDown => {
                (Self::Stays, Action::Return)
            }
            Learnt::Held | Learnt::Handed | Learnt::Agreed | Learnt::TargetDown => {
                (Self::Asking, Action::Nothing)
            }
        }
    }

    const fn copying(judge: Judge, learnt: Learnt) -> (Self, Action) {
        match (learnt, judge) {
            (Learnt::Held, Judge::Home) => (Self::Handing, Action::HandOn),
            (Learnt::Held, Judge::Itself) => (Self::Left, Action::Leave),
            (Learnt::Refused | Learnt::TargetDown, _) => (Self::Stays, Action::Return),
            (Learnt::Unclear, _) => (Self::Stays, Action::AbortAndReturn),
            (Learnt::Killed, _) => (Self::Dead, Action::AbortAndDie),
            (
                Learnt::Allowed
                | Learnt::Handed
                | Learnt::Agreed
                | Learnt::Disowned
                | Learnt::HomeDown,
                _,
            ) => (Self::Copying(judge), Action::Nothing),
        }
    }

    const fn handing(learnt: Learnt) -> (Self, Action) {
        match learnt {
            Learnt::Handed => (Self::Deciding, Action::TellHome),
            Learnt::Refused | Learnt::Unclear => (Self::Stays, Action::AbortAndReturn),
            Learnt::TargetDown => (Self::Stays, Action::Return),
            Learnt::Killed => (Self::Dead, Action::AbortAndDie),
            Learnt::Allowed
            | Learnt::Held
            | Learnt::Agreed
            | Learnt::Disowned
            | Learnt::HomeDown => (Self::Handing, Action::Nothing),
        }
    }

    const fn deciding(learnt: Learnt) -> (Self, Action) {
        match learnt {
            Learnt::Agreed | Learnt::HomeDown => (Self::Left, Action::Leave),
            Learnt::Refused => (Self::Stays, Action::AbortAndReturn),
            Learnt::Disowned => (Self::Dead, Action::Vanish),
            // Home says the same as often as it is asked.
            Learnt::Unclear => (Self::Deciding, Action::TellHome),
            Learnt::Allowed
            | Learnt::Held
            | Learnt::Handed
            | Learnt::TargetDown
            | Learnt::Killed => (Self::Deciding, Action::Nothing),
        }
    }

    /// Whether a signal of home is taken: it waits in the process. If not, home tries again
    /// where the process is then.
    pub const fn takes_signal(self) -> bool {
        match self {
            Self::Asking | Self::Copying(_) | Self::Stays => true,
            Self::Handing | Self::Deciding | Self::Left | Self::Dead => false,
        }
    }
}
