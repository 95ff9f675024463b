// SPDX-License-Identifier: GPL-2.0

//! What the invariants are told.

use ssi_core::{
    ics::{call::Outcome, hello::Reason, priority::Priority},
    ids::{Epoch, Instance},
    time::Instant,
    view::View,
};

use super::invariants::{self, Invariant};

/// Names a call over the whole run; a call issued again keeps it.
pub type Token = u64;

/// Something an invariant may be about.
#[derive(Clone, Debug)]
pub enum Event {
    /// A kernel began to live.
    Started(Instance),
    /// It will not keep to its credit.
    Cheats(Instance),
    /// It died.
    Crashed(Instance),
    /// There is a new view. Not installed anywhere.
    View(Box<View>),
    /// A node installed it.
    Installed(Instance, Epoch),
    /// A caller made a call; the level of the call it serves meanwhile.
    Made {
        token: Token,
        from: Instance,
        to: Instance,
        level: Priority,
        serving: Option<Priority>,
    },
    /// The caller does not want it any more.
    Cancelled(Token),
    /// The call ended.
    Finished(Token, Outcome),
    /// Its handler was called.
    Executed {
        token: Token,
        at: Instance,
        client: Instance,
        request: Epoch,
        mine: Epoch,
    },
    /// Its handler answered and the answer was sent.
    Answered(Token),
    /// A message of the membership was sent, the n-th of the pair.
    MessageSent(Instance, Instance, u64),
    /// It was delivered.
    MessageDelivered(Instance, Instance, u64),
    /// A piece of a transfer came; whether its bytes are those that were sent.
    Transferred(Token, bool),
    /// A connection to a peer that proved itself.
    Linked(Instance, Instance),
    /// A node knows that another is dead, or no member any more.
    Down(Instance, Instance),
    /// A connection to a peer that proved itself had to be reset.
    Fault(Instance, Instance, String),
    /// Somebody who is no node connects.
    Stranger,
    /// A handshake was refused.
    Refused(Instance, Reason),
    /// Numbers that have a limit.
    Gauge(Instance, Gauge),
    /// Faults have stopped for long: all must be done.
    Over(Rest),
}

/// A number and its limit.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    pub what: &'static str,
    pub value: u64,
    pub max: u64,
}

/// What is left at the end of a run.
#[derive(Clone, Debug, Default)]
pub struct Rest {
    /// Instances that live.
    pub living: Vec<Instance>,
    /// A line for each thing that still waits.
    pub waiting: Vec<String>,
}

/// Everything that happened, judged at once.
pub struct History {
    invariants: Vec<Box<dyn Invariant>>,
    is_verbose: bool,
    last_end: Instant,
    failure: Option<String>,
}

impl History {
    pub fn new(is_verbose: bool) -> Self {
        Self {
            invariants: invariants::all(),
            is_verbose,
            last_end: Instant(0),
            failure: None,
        }
    }

    pub fn tell(&mut self, now: Instant, event: Event) {
        if matches!(event, Event::Finished(..) | Event::Transferred(..)) {
            self.last_end = now;
        }
        if self.is_verbose && !matches!(event, Event::Gauge(..)) {
            println!("{:>10} {event:?}", now.0);
        }
        for invariant in &mut self.invariants {
            if let Err(why) = invariant.check(&event) {
                let failure = format!("{}: {why} (at {} us)", invariant.name(), now.0);
                if self.is_verbose {
                    println!("{failure}");
                }
                self.failure.get_or_insert(failure);
            }
        }
    }

    /// For a person; no invariant looks at it.
    pub fn note(&self, now: Instant, text: impl FnOnce() -> String) {
        if self.is_verbose {
            println!("{:>10} {}", now.0, text());
        }
    }

    /// When a call ended or a piece of a transfer came last.
    pub fn last_end(&self) -> Instant {
        self.last_end
    }

    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}
