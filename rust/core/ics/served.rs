// SPDX-License-Identifier: GPL-2.0

//! Call, on the server's side.
//!
//! ```text
//!                                    too old: reply Stale
//!     Gathering --- all there ---+------------------------+
//!                                |                        |
//!     Parked ------ view --------+--> Ready --- start ----+--> Done
//!                                                |             ^ ^
//!                                                v             | |
//!                                             Running - answer + |
//!                                                | down          |
//!                                                v               |
//!                                             Orphaned -- answer +
//! ```
//!
//! The handler starts once, when the transfer that goes with the request is
//! there and in the epoch the request was sent in. A cancel before that ends the
//! request; after it the handler is told, and what it answers is final.

use core::mem;

use crate::ids::Epoch;

use super::{
    epoch_gate::{
        judge,
        Gate, //
    },
    payload::Status,
};

/// Most requests of one peer that wait for a view.
pub const PARKED_MAX: u32 = super::call::CALLS_MAX;

/// A request that came and was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Its transfer is not all there.
    Gathering(Epoch),
    /// Its epoch has not begun here.
    Parked(Epoch),
    /// It waits for a worker.
    Ready(Epoch),
    /// Its handler has it.
    Running(Wanted),
    /// Its handler has it, and the client is dead.
    Orphaned,
    /// It was answered.
    Done,
}

/// Whether the client still wants what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It does.
    Yes,
    /// It does not, and the handler was told.
    No,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its transfer is all there; the server's epoch is this.
    Gathered(Epoch),
    /// There is no memory for its transfer.
    NoMemory,
    /// The server's view is now that of this epoch.
    View(Epoch),
    /// A worker takes it up; the server's epoch is this.
    Start(Epoch),
    /// The client does not want it any more.
    Cancel,
    /// The handler answered, or dropped it.
    Answer,
    /// The client is dead or no member any more.
    Down,
}

/// What to do after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// Give it to a worker of its priority, or to the handler itself.
    Queue,
    /// Call the handler.
    Run,
    /// Send a reply with this status: it ended without an effect.
    Reply(Status),
    /// Send what the handler answered: it ended.
    Answer,
    /// Tell the handler that nobody wants it any more.
    TellHandler,
    /// Forget it: it ended and there is nobody to reply to.
    Discard,
    /// No such thing can happen to it in its state: count it and do nothing.
    Reject,
}

/// Whether a transfer goes with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// One that is not there yet.
    Expected,
    /// None.
    None,
}

impl Served {
    /// A request of epoch `request` that came to a server in epoch `mine`.
    pub fn arrived(request: Epoch, mine: Epoch, transfer: Transfer) -> (Self, Action) {
        match (judge(request, mine), transfer) {
            (Gate::Run | Gate::Park, Transfer::Expected) => {
                (Self::Gathering(request), Action::Nothing)
            }
            (gate, _) => pass(gate, request),
        }
    }

    /// Takes in an event.
    pub fn step(&mut self, event: Event) -> Action {
        let (state, action) = Self::decide(mem::replace(self, Self::Done), event);
        *self = state;
        action
    }

    /// Whether a handler has it and the client waits for what it answers.
    pub const fn is_wanted(&self) -> bool {
        matches!(self, Self::Running(Wanted::Yes))
    }

    /// Whether a handler has it.
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running(_) | Self::Orphaned)
    }

    fn decide(state: Self, event: Event) -> (Self, Action) {
        match (state, event) {
            (Self::Gathering(request), Event::Gathered(mine)) => {
                pass(judge(request, mine), request)
            }
            (Self::Gathering(_), Event::NoMemory) => reply(Status::NoMemory),
            (Self::Gathering(request), Event::View(mine)) => match judge(request, mine) {
                Gate::Stale => reply(Status::Stale),
                Gate::Run | Gate::Park => (state, Action::Nothing),
            },
            (Self::Parked(request), Event::View(mine)) => pass(judge(request, mine), request),
            (Self::Ready(request), Event::Start(mine)) => match judge(request, mine) {
                Gate::Run => (Self::Running(Wanted::Yes), Action::Run),
                Gate::Stale | Gate::Park => reply(Status::Stale),
            },
            (Self::Gathering(_) | Self::Parked(_) | Self::Ready(_), Event::Cancel) => {
                reply(Status::Cancelled)
            }
            (Self::Gathering(_) | Self::Parked(_) | Self::Ready(_), Event::Down) => {
                (Self::Done, Action::Discard)
            }

            (Self::Running(Wanted::Yes), Event::Cancel) => {
                (Self::Running(Wanted::No), Action::TellHandler)
            }
            (Self::Running(_), Event::Answer) => (Self::Done, Action::Answer),
            (Self::Running(Wanted::Yes), Event::Down) => (Self::Orphaned, Action::TellHandler),
            (Self::Running(Wanted::No), Event::Down) => (Self::Orphaned, Action::Nothing),
            (Self::Orphaned, Event::Answer) => (Self::Done, Action::Discard),

            // Nothing changes: the start of a worker judges the epoch itself.
            (Self::Ready(_) | Self::Running(_) | Self::Orphaned, Event::View(_))
            | (Self::Running(Wanted::No), Event::Cancel) => (state, Action::Nothing),

            (Self::Gathering(_) | Self::Parked(_), Event::Start(_) | Event::Answer)
            | (
                Self::Parked(_) | Self::Running(_) | Self::Orphaned,
                Event::Gathered(_) | Event::NoMemory,
            )
            | (Self::Ready(_), Event::Gathered(_) | Event::NoMemory | Event::Answer)
            | (Self::Running(_), Event::Start(_))
            | (Self::Orphaned, Event::Start(_) | Event::Cancel | Event::Down)
            | (
                Self::Done,
                Event::Gathered(_)
                | Event::NoMemory
                | Event::View(_)
                | Event::Start(_)
                | Event::Cancel
                | Event::Answer
                | Event::Down,
            ) => (state, Action::Reject),
        }
    }
}

/// A request that is all there comes to the gate.
fn pass(gate: Gate, request: Epoch) -> (Served, Action) {
    match gate {
        Gate::Run => (Served::Ready(request), Action::Queue),
        Gate::Park => (Served::Parked(request), Action::Nothing),
        Gate::Stale => reply(Status::Stale),
    }
}

fn reply(status: Status) -> (Served, Action) {
    (Served::Done, Action::Reply(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Epoch = Epoch(5);
    const NEXT: Epoch = Epoch(6);

    fn arrived(request: Epoch, transfer: Transfer) -> (Served, Action) {
        Served::arrived(request, NOW, transfer)
    }

    #[test]
    fn a_request_of_this_epoch_is_queued_run_and_answered() {
        let (mut served, action) = arrived(NOW, Transfer::None);
        assert_eq!(action, Action::Queue);
        assert_eq!(served.step(Event::Start(NOW)), Action::Run);
        assert_eq!(served.step(Event::Answer), Action::Answer);
        assert_eq!(served.step(Event::Answer), Action::Reject);
    }

    #[test]
    fn a_request_of_a_gone_epoch_has_no_effect() {
        let stale = (Served::Done, Action::Reply(Status::Stale));
        assert_eq!(arrived(Epoch(4), Transfer::None), stale);
        assert_eq!(arrived(Epoch(4), Transfer::Expected), stale);
    }

    #[test]
    fn an_epoch_that_goes_while_it_waits_makes_it_stale() {
        let (mut served, _) = arrived(NOW, Transfer::None);
        assert_eq!(served.step(Event::View(NEXT)), Action::Nothing);
        assert_eq!(
            served.step(Event::Start(NEXT)),
            Action::Reply(Status::Stale)
        );
        let (mut served, _) = arrived(NOW, Transfer::Expected);
        assert_eq!(served.step(Event::View(NEXT)), Action::Reply(Status::Stale));
    }

    #[test]
    fn a_request_of_a_later_epoch_is_parked_until_then() {
        let (mut served, action) = arrived(NEXT, Transfer::None);
        assert_eq!(action, Action::Nothing);
        assert_eq!(served.step(Event::Start(NOW)), Action::Reject);
        assert_eq!(served.step(Event::View(NEXT)), Action::Queue);
        assert_eq!(served.step(Event::Start(NEXT)), Action::Run);
        let (mut served, _) = arrived(NEXT, Transfer::None);
        let later = Event::View(Epoch(7));
        assert_eq!(served.step(later), Action::Reply(Status::Stale));
    }

    #[test]
    fn a_transfer_must_be_there_before_the_handler_starts() {
        let (mut served, action) = arrived(NEXT, Transfer::Expected);
        assert_eq!(action, Action::Nothing);
        assert_eq!(served.step(Event::Gathered(NOW)), Action::Nothing);
        assert_eq!(served, Served::Parked(NEXT));
        let (mut served, _) = arrived(NOW, Transfer::Expected);
        assert_eq!(served.step(Event::Gathered(NOW)), Action::Queue);
        let (mut served, _) = arrived(NOW, Transfer::Expected);
        assert_eq!(
            served.step(Event::NoMemory),
            Action::Reply(Status::NoMemory)
        );
    }

    #[test]
    fn a_cancel_ends_what_has_not_started_and_tells_what_has() {
        for state in [
            Served::Gathering(NOW),
            Served::Parked(NEXT),
            Served::Ready(NOW),
        ] {
            let action = { state }.step(Event::Cancel);
            assert_eq!(action, Action::Reply(Status::Cancelled));
        }
        let mut running = Served::Running(Wanted::Yes);
        assert!(running.is_wanted());
        assert_eq!(running.step(Event::Cancel), Action::TellHandler);
        assert!(!running.is_wanted());
        assert_eq!(running.step(Event::Cancel), Action::Nothing);
        assert_eq!(running.step(Event::Answer), Action::Answer);
    }

    #[test]
    fn a_worker_that_comes_too_late_finds_nothing_to_do() {
        let (mut served, _) = arrived(NOW, Transfer::None);
        served.step(Event::Cancel);
        assert_eq!(served.step(Event::Start(NOW)), Action::Reject);
    }

    #[test]
    fn the_death_of_the_client_leaves_nothing_to_reply() {
        assert_eq!(Served::Ready(NOW).step(Event::Down), Action::Discard);
        let mut running = Served::Running(Wanted::Yes);
        assert_eq!(running.step(Event::Down), Action::TellHandler);
        assert_eq!(running.step(Event::Answer), Action::Discard);
    }
}
