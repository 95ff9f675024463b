// SPDX-License-Identifier: GPL-2.0

//! What the invariants are told.

use ssi_core::{
    ids::{Instance, NodeId},
    time::Instant,
};

use super::{
    invariants::{self, Invariant},
    message::{Pid, Signal},
};

/// Something an invariant may be about.
#[derive(Clone, Debug)]
pub enum Event {
    /// A process is born.
    Born(Pid, Instance),
    /// It begins to run, and did so that often before.
    Runs(Pid, Instance, u64),
    /// It stands still, and has run that often.
    Stands(Pid, u64),
    /// It sets out from one life to the other.
    SetsOut(Pid, Instance, Instance),
    /// It runs at home again.
    Returned(Pid),
    /// It was ended on purpose.
    Ended(Pid),
    /// A copy was that was held.
    CopyEnded(Pid),
    /// Its parent is told that it is gone.
    Told(Pid),
    /// A signal was sent to it.
    Sent(Pid, Signal),
    /// It acted on one.
    Took(Pid, Signal),
    /// A life ended.
    Died(Instance),
    /// Nothing happens any more.
    Over(Rest),
}

/// What is left at the end of a run.
#[derive(Clone, Debug, Default)]
pub struct Rest {
    /// A line for each thing that still waits.
    pub waiting: Vec<String>,
    /// Where home believes its processes to be.
    pub records: Vec<(Pid, NodeId)>,
}

/// Everything that happened, judged at once.
pub struct History {
    invariants: Vec<Box<dyn Invariant>>,
    is_verbose: bool,
    failure: Option<String>,
}

impl History {
    pub fn new(is_verbose: bool) -> Self {
        Self {
            invariants: invariants::all(),
            is_verbose,
            failure: None,
        }
    }

    pub fn tell(&mut self, now: Instant, event: &Event) {
        self.note(now, || format!("{event:?}"));
        for invariant in &mut self.invariants {
            if let Err(why) = invariant.check(event) {
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

    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}
