// SPDX-License-Identifier: GPL-2.0

//! Call, on the client's side.
//!
//! ```text
//!     Waiting ----- credit -----> Sent --- stale ---> Stale
//!        |                       |  ^ |                | |
//!        |                cancel |  | +--- reply ---+  | |
//!        |                       v  +--- view ------|--+ |
//!        |                  Cancelling -- reply --+ |    |
//!        |                                        v v    |
//!        +--- cancel, down -------------------->  Done  <+ cancel, down
//! ```
//!
//! A call ends once. Cancelling one that was sent asks the server to give up;
//! what the server answers decides, so that nothing it did is lost. A call that
//! came to its server in an epoch that was gone there is issued once more, under
//! a new name, as soon as its client has a later view with the server in it.

use core::mem;

use crate::ids::Epoch;

use super::payload::Status;

pub use super::table::CallId;

/// Most calls to one peer that have not ended.
pub const CALLS_MAX: u32 = 4096;

/// A call that was made and has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// There is no credit for its request.
    Waiting,
    /// Its request is with the session, stamped with this epoch.
    Sent(Epoch),
    /// So is the wish to cancel it.
    Cancelling(Epoch),
    /// Its request came too late, and will be issued from this epoch on.
    Stale(Epoch),
    /// It ended.
    Done,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is credit for its request, in this epoch of the client's.
    Credit(Epoch),
    /// Its reply came.
    Reply {
        /// What it says.
        status: Status,
        /// Epoch of the server when it answered.
        theirs: Epoch,
        /// Epoch of the client now.
        mine: Epoch,
    },
    /// The caller does not want it any more: a signal, or its time is over.
    Cancel,
    /// The client's view is now that of this epoch, and the server is in it.
    View(Epoch),
    /// The server is dead or no member any more.
    Down,
}

/// What to do after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// Send the request, stamped with this epoch.
    Issue(Epoch),
    /// Send the request again, stamped with this epoch and under a new name: see
    /// [`Table::rename`](super::table::Table::rename).
    Reissue(Epoch),
    /// Ask the server to give up.
    SendCancel,
    /// The call ended.
    Finish(Outcome, Credit),
    /// No such thing can happen to it in its state: count it and do nothing.
    Reject,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With a reply.
    Replied(Status),
    /// Without having had an effect, because it was cancelled.
    Cancelled,
    /// The server is dead or no member any more. What it did before is unknown.
    NodeDown,
}

/// Whether a call that ended had credit, which its window gets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    /// It had.
    GiveBack,
    /// It was still waiting for some.
    None,
}

impl Call {
    /// A call for which there is no credit yet; [`Event::Credit`] sends it.
    pub const fn new() -> Self {
        Self::Waiting
    }

    /// Takes in an event.
    pub fn step(&mut self, event: Event) -> Action {
        let (state, action) = Self::decide(mem::replace(self, Self::Done), event);
        *self = state;
        action
    }

    fn decide(state: Self, event: Event) -> (Self, Action) {
        match (state, event) {
            (Self::Waiting, Event::Credit(mine)) => (Self::Sent(mine), Action::Issue(mine)),
            (Self::Waiting, Event::Cancel) => finish(Outcome::Cancelled, Credit::None),
            (Self::Waiting, Event::Down) => finish(Outcome::NodeDown, Credit::None),

            (
                Self::Sent(epoch),
                Event::Reply {
                    status,
                    theirs,
                    mine,
                },
            ) => match status {
                Status::Stale => again(epoch, theirs, mine),
                _ => finish(Outcome::Replied(status), Credit::GiveBack),
            },
            (Self::Sent(epoch), Event::Cancel) => (Self::Cancelling(epoch), Action::SendCancel),

            (Self::Cancelling(_), Event::Reply { status, .. }) => match status {
                Status::Stale | Status::Cancelled => finish(Outcome::Cancelled, Credit::GiveBack),
                _ => finish(Outcome::Replied(status), Credit::GiveBack),
            },

            (Self::Stale(from), Event::View(mine)) if mine >= from => {
                (Self::Sent(mine), Action::Reissue(mine))
            }
            (Self::Stale(_), Event::Cancel) => finish(Outcome::Cancelled, Credit::GiveBack),

            (Self::Sent(_) | Self::Cancelling(_) | Self::Stale(_), Event::Down) => {
                finish(Outcome::NodeDown, Credit::GiveBack)
            }

            // Cancelled twice, or a view that changes nothing for it.
            (Self::Cancelling(_), Event::Cancel)
            | (
                Self::Waiting | Self::Sent(_) | Self::Cancelling(_) | Self::Stale(_),
                Event::View(_),
            ) => (state, Action::Nothing),

            (Self::Waiting | Self::Stale(_), Event::Reply { .. })
            | (Self::Sent(_) | Self::Cancelling(_) | Self::Stale(_), Event::Credit(_))
            | (
                Self::Done,
                Event::Credit(_)
                | Event::Reply { .. }
                | Event::Cancel
                | Event::View(_)
                | Event::Down,
            ) => (state, Action::Reject),
        }
    }
}

impl Default for Call {
    fn default() -> Self {
        Self::new()
    }
}

fn finish(outcome: Outcome, credit: Credit) -> (Call, Action) {
    (Call::Done, Action::Finish(outcome, credit))
}

/// The request of `epoch` was stale at a server in epoch `theirs`.
fn again(epoch: Epoch, theirs: Epoch, mine: Epoch) -> (Call, Action) {
    let from = theirs.max(epoch.next());
    if mine >= from {
        (Call::Sent(mine), Action::Reissue(mine))
    } else {
        (Call::Stale(from), Action::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: Status) -> Event {
        Event::Reply {
            status,
            theirs: Epoch(5),
            mine: Epoch(5),
        }
    }

    fn finished(outcome: Outcome) -> Action {
        Action::Finish(outcome, Credit::GiveBack)
    }

    #[test]
    fn a_call_is_sent_and_replied_to() {
        let mut call = Call::new();
        assert_eq!(call.step(Event::Credit(Epoch(5))), Action::Issue(Epoch(5)));
        let outcome = Outcome::Replied(Status::Answered);
        assert_eq!(call.step(reply(Status::Answered)), finished(outcome));
        assert_eq!(call, Call::Done);
    }

    #[test]
    fn a_second_reply_is_rejected() {
        let mut call = Call::Sent(Epoch(5));
        call.step(reply(Status::Answered));
        assert_eq!(call.step(reply(Status::Answered)), Action::Reject);
        assert_eq!(call.step(Event::Cancel), Action::Reject);
    }

    #[test]
    fn the_final_reply_decides_over_a_cancel() {
        let mut call = Call::Sent(Epoch(5));
        assert_eq!(call.step(Event::Cancel), Action::SendCancel);
        assert_eq!(call.step(Event::Cancel), Action::Nothing);
        let outcome = Outcome::Replied(Status::Answered);
        assert_eq!(call.step(reply(Status::Answered)), finished(outcome));
        for status in [Status::Cancelled, Status::Stale] {
            let mut call = Call::Cancelling(Epoch(5));
            assert_eq!(call.step(reply(status)), finished(Outcome::Cancelled));
        }
    }

    #[test]
    fn what_was_never_sent_is_cancelled_at_once() {
        let none = Action::Finish(Outcome::Cancelled, Credit::None);
        assert_eq!(Call::Waiting.step(Event::Cancel), none);
        let mut stale = Call::Stale(Epoch(6));
        assert_eq!(stale.step(Event::Cancel), finished(Outcome::Cancelled));
    }

    #[test]
    fn a_stale_call_is_issued_again_in_a_later_view() {
        let mut call = Call::Sent(Epoch(5));
        let stale = Event::Reply {
            status: Status::Stale,
            theirs: Epoch(7),
            mine: Epoch(6),
        };
        assert_eq!(call.step(stale), Action::Nothing);
        assert_eq!(call.step(Event::View(Epoch(6))), Action::Nothing);
        assert_eq!(call.step(Event::View(Epoch(8))), Action::Reissue(Epoch(8)));
        assert_eq!(call, Call::Sent(Epoch(8)));
    }

    #[test]
    fn a_stale_call_is_issued_at_once_when_the_view_is_there() {
        let mut call = Call::Sent(Epoch(4));
        assert_eq!(call.step(reply(Status::Stale)), Action::Reissue(Epoch(5)));
        // One that lies is not asked the same again before the next view.
        let mut call = Call::Sent(Epoch(5));
        assert_eq!(call.step(reply(Status::Stale)), Action::Nothing);
        assert_eq!(call, Call::Stale(Epoch(6)));
    }

    #[test]
    fn the_death_of_the_server_ends_every_call() {
        for state in [
            Call::Sent(Epoch(1)),
            Call::Cancelling(Epoch(1)),
            Call::Stale(Epoch(1)),
        ] {
            assert_eq!({ state }.step(Event::Down), finished(Outcome::NodeDown));
        }
        let none = Action::Finish(Outcome::NodeDown, Credit::None);
        assert_eq!(Call::Waiting.step(Event::Down), none);
    }
}
