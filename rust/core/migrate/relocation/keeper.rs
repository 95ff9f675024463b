// SPDX-License-Identifier: GPL-2.0

//! Record of a process elsewhere.
//!
//! What home knows of a process it stands for. It decides where the process is: who moves
//! on asks it, and it reports a death once.
//!
//! ```text
//!                        .--- moved: commits the copy there, which is `node` now
//!                        v  |
//!   the process left -> Away ---- ended, node died ------------------> Over
//!                       |  ^                                            ^
//!     comes back: the   |  | cannot be made, aborted                    |
//!     surrogate becomes v  |                                            |
//!     it                Filling -- ended, the node it comes from died --'
//!                         | commit
//!                         v
//!                        Home
//! ```

use crate::{
    ids::NodeId,
    migrate::handover::{
        self,
        Guest,
        GuestAction, //
    }, //
};

/// What home knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keeper {
    /// It is elsewhere.
    Away {
        /// Where it is.
        node: NodeId,
        /// Where it said it would go. That it stayed, it does not say.
        next: Option<NodeId>,
    },
    /// It comes back.
    Filling {
        /// Where it is until then.
        node: NodeId,
        /// What the surrogate becomes.
        guest: Guest,
    },
    /// It is here.
    Home,
    /// It is gone, and its parent knows.
    Over,
}

/// What home learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Learnt {
    /// Node `from` asks whether it may send it to `to`.
    Intends {
        /// Who asks.
        from: NodeId,
        /// Where it shall go.
        to: NodeId,
    },
    /// Node `from` says that the copy at `to` is held and shall be it.
    Moved {
        /// Who says so.
        from: NodeId,
        /// Where the copy is.
        to: NodeId,
        /// Whether that node is a member.
        is_up: bool,
    },
    /// Node `by` has a copy whose source is dead, and asks whether it is the process.
    Asked {
        /// Who asks.
        by: NodeId,
    },
    /// The commit found no copy at node `at`, or not even the node.
    NotThere {
        /// Where it should have been.
        at: NodeId,
    },
    /// The process ended on node `from`.
    Ended {
        /// Who says so.
        from: NodeId,
    },
    /// A node died.
    Down(NodeId),
    /// Node `from` asks that the process be made here.
    Returns {
        /// Who asks.
        from: NodeId,
    },
    /// It is made.
    Executed,
    /// It could not be.
    Failed,
    /// Node `from` decided that it is here.
    Commit {
        /// Who says so.
        from: NodeId,
    },
    /// Node `from` decided that it is not.
    Abort {
        /// Who says so.
        from: NodeId,
    },
}

/// What home does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// Answers that it may go.
    Allow,
    /// Answers that it stays where it is.
    Refuse,
    /// Answers that it moved, and commits the copy on its new node.
    Agree,
    /// Answers that it moved, as before.
    AgreeAgain,
    /// Answers that it is not that node's.
    Disown,
    /// Answers that the copy is the process: the commit is on its way.
    Confirm,
    /// Answers that the copy is not the process.
    Forsake,
    /// Makes the process of the surrogate, and answers when that is done.
    Fill,
    /// Answers that it is held.
    TellHeld,
    /// Answers with the error, and stands for it as before.
    TellFailed,
    /// Drops the copy, or stops to make it, and stands for it as before.
    Empty,
    /// Lets it run, and says so.
    Release,
    /// Says that there is no copy.
    TellNotThere,
    /// Reports to the parent how it ended.
    ReportEnd,
    /// Reports to the parent that it was killed.
    ReportKilled,
}

/// Where a signal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// To that node.
    To(NodeId),
    /// It waits until it is known where.
    Wait,
    /// It is the process' own.
    Here,
    /// There is nobody any more.
    Nowhere,
}

impl Keeper {
    /// A process that left for `node`.
    pub const fn of(node: NodeId) -> Self {
        Self::Away { node, next: None }
    }

    /// Takes in what was learnt.
    pub const fn step(self, learnt: Learnt) -> (Self, Action) {
        match self {
            Self::Away { node, next } => Self::away(node, next, learnt),
            Self::Filling { node, guest } => Self::filling(node, guest, learnt),
            Self::Home | Self::Over => (self, learnt.answer_of_another()),
        }
    }

    /// Where the next signal goes. A node that does not take it says only that it has no such
    /// process *now*: it is tried again where this says, until the end is reported.
    pub const fn route(self) -> Route {
        match self {
            Self::Away { node, .. } => Route::To(node),
            Self::Filling { .. } => Route::Wait,
            Self::Home => Route::Here,
            Self::Over => Route::Nowhere,
        }
    }

    const fn away(node: NodeId, next: Option<NodeId>, learnt: Learnt) -> (Self, Action) {
        let same = Self::Away { node, next };
        match learnt {
            Learnt::Intends { from, to } if is(node, from) => {
                let next = Some(to);
                (Self::Away { node, next }, Action::Allow)
            }
            Learnt::Returns { from } if is(node, from) => {
                let guest = Guest::Starting;
                (Self::Filling { node, guest }, Action::Fill)
            }
            Learnt::Moved { from, to, is_up } if is(node, from) => {
                match is_up && is_some(next, to) {
                    true => (Self::of(to), Action::Agree),
                    false => (Self::without(node, next, to), Action::Refuse),
                }
            }
            Learnt::Moved { to, .. } if is(node, to) => (same, Action::AgreeAgain),
            Learnt::Asked { by } if is(node, by) => (same, Action::Confirm),
            // Its source is dead: should it have said that it moved, that comes too late.
            Learnt::Asked { by } => (Self::without(node, next, by), Action::Forsake),
            Learnt::Ended { from } if is(node, from) => (Self::Over, Action::ReportEnd),
            Learnt::NotThere { at } if is(node, at) => (Self::Over, Action::ReportKilled),
            Learnt::Down(down) if is(node, down) => (Self::Over, Action::ReportKilled),
            Learnt::Down(down) => (Self::without(node, next, down), Action::Nothing),
            _ => (same, learnt.answer_of_another()),
        }
    }

    const fn filling(node: NodeId, guest: Guest, learnt: Learnt) -> (Self, Action) {
        let same = Self::Filling { node, guest };
        let happened = match learnt {
            Learnt::Executed => handover::Happened::Executed,
            Learnt::Failed => handover::Happened::Failed,
            Learnt::Commit { from } if is(node, from) => handover::Happened::Commit,
            Learnt::Abort { from } if is(node, from) => handover::Happened::Abort,
            Learnt::Ended { from } if is(node, from) => return (Self::Over, Action::ReportEnd),
            Learnt::Down(down) if is(node, down) => return (Self::Over, Action::ReportKilled),
            // It is still that node's.
            Learnt::Moved { from, .. } if is(node, from) => return (same, Action::Refuse),
            _ => return (same, learnt.answer_of_another()),
        };
        let (guest, action) = guest.step(happened);
        let keeper = match guest {
            Guest::Running => Self::Home,
            Guest::Gone => Self::of(node),
            Guest::Starting | Guest::Doomed | Guest::Held => Self::Filling { node, guest },
        };
        let action = match action {
            GuestAction::TellHeld => Action::TellHeld,
            GuestAction::TellFailed => Action::TellFailed,
            GuestAction::Release => Action::Release,
            GuestAction::Kill => Action::Empty,
            GuestAction::TellNotThere => Action::TellNotThere,
            GuestAction::Nothing => Action::Nothing,
        };
        (keeper, action)
    }

    const fn without(node: NodeId, next: Option<NodeId>, gone: NodeId) -> Self {
        let next = match is_some(next, gone) {
            true => None,
            false => next,
        };
        Self::Away { node, next }
    }
}

impl Learnt {
    /// What is answered when the process is not the asker's to move.
    const fn answer_of_another(self) -> Action {
        match self {
            Self::Intends { .. } | Self::Returns { .. } => Action::Refuse,
            Self::Moved { .. } => Action::Disown,
            Self::Asked { .. } => Action::Forsake,
            Self::Commit { .. } => Action::TellNotThere,
            Self::NotThere { .. }
            | Self::Ended { .. }
            | Self::Down(_)
            | Self::Executed
            | Self::Failed
            | Self::Abort { .. } => Action::Nothing,
        }
    }
}

const fn is(one: NodeId, other: NodeId) -> bool {
    one.get() == other.get()
}

const fn is_some(one: Option<NodeId>, other: NodeId) -> bool {
    matches!(one, Some(one) if is(one, other))
}

#[cfg(test)]
mod tests {
    //! What the exploration of [`relocation`](super::super) does not do: nodes that say what
    //! is not theirs to say.

    use super::*;
    use crate::ids::NodeNumber;

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn away() -> Keeper {
        Keeper::of(node(1))
    }

    fn intends() -> Keeper {
        let (from, to) = (node(1), node(2));
        away().step(Learnt::Intends { from, to }).0
    }

    #[test]
    fn a_node_speaks_for_what_is_there() {
        let (from, to, at, by) = (node(3), node(2), node(3), node(3));
        let is_up = true;
        for (learnt, action) in [
            (Learnt::Intends { from, to }, Action::Refuse),
            (Learnt::Returns { from }, Action::Refuse),
            (Learnt::Moved { from, to, is_up }, Action::Disown),
            (Learnt::Asked { by }, Action::Forsake),
            (Learnt::NotThere { at }, Action::Nothing),
            (Learnt::Ended { from }, Action::Nothing),
            (Learnt::Down(from), Action::Nothing),
            (Learnt::Commit { from }, Action::TellNotThere),
            (Learnt::Abort { from }, Action::Nothing),
        ] {
            assert_eq!(intends().step(learnt), (intends(), action), "{learnt:?}");
        }
    }

    #[test]
    fn nothing_comes_of_what_is_over() {
        let from = node(1);
        let (over, _) = away().step(Learnt::Ended { from });
        assert_eq!(over.step(Learnt::Down(from)), (over, Action::Nothing));
        assert_eq!(over.step(Learnt::Returns { from }), (over, Action::Refuse));
        assert_eq!(over.route(), Route::Nowhere);
    }

    #[test]
    fn none_moves_to_a_node_that_died() {
        let (from, to) = (node(1), node(2));
        let is_up = false;
        let refused = (away(), Action::Refuse);
        assert_eq!(intends().step(Learnt::Moved { from, to, is_up }), refused);
        let (keeper, _) = intends().step(Learnt::Down(to));
        let is_up = true;
        assert_eq!(keeper.step(Learnt::Moved { from, to, is_up }), refused);
    }

    #[test]
    fn a_signal_follows_the_process() {
        let moved = Learnt::Moved {
            from: node(1),
            to: node(2),
            is_up: true,
        };
        assert_eq!(intends().route(), Route::To(node(1)));
        let (keeper, action) = intends().step(moved);
        assert_eq!(action, Action::Agree);
        assert_eq!(keeper.route(), Route::To(node(2)));
        let (filling, _) = away().step(Learnt::Returns { from: node(1) });
        assert_eq!(filling.route(), Route::Wait);
    }
}
