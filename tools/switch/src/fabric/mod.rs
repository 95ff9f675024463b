// SPDX-License-Identifier: GPL-2.0

//! Every decision of the switch.
//!
//! Pure: no socket, no clock, no thread. Time comes in as the time since the
//! switch was started, frames come in as bytes, and what is to be done goes
//! out as values:
//!
//! ```text
//!            +-------- forward --------+      +-- link --+
//!  receive --> learn, find the targets --> no fault ------------> direct
//!            +-------- macs -----------+  |   |          |
//!                                         +-> cut, loss ---------> lost
//!                                             | delay    |
//!                                             | reorder -----+
//!                                             +----------+   v
//!                                                          flight --> pop_due
//! ```
//!
//! The driver sends what is `direct` before it takes what is due, frame by
//! frame; the order of frames is right only then. Frames that a socket does
//! not take wait in a `queue::Queue`, one per port.

mod flight;
mod forward;
mod frame;
mod link;
mod load;
mod macs;
mod pairs;
mod parcel;
mod plan;
mod queue;
mod rng;
mod summary;

use std::time::Duration;

use self::{
    flight::{
        Flight,
        Ticket, //
    },
    frame::Header,
    link::{
        ms,
        Fate, //
    },
    macs::MacTable,
    pairs::Pair,
    plan::Plan,
};
pub(crate) use self::{
    frame::Malformed,
    parcel::Parcel,
    queue::Queue, //
};
pub use self::{
    frame::FRAME_BYTES_MAX,
    link::REORDER_MS_MAX, //
};
use crate::{
    error::Error,
    fault::{
        Fault,
        FaultChange, //
    },
    port::{
        PortId,
        PortSet, //
    },
};

/// What becomes of a frame, by port it is for. No port is in two sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// It leaves now.
    pub(crate) direct: PortSet,
    /// It leaves later; a copy is in flight.
    pub(crate) delayed: PortSet,
    /// A cut or a loss took it.
    pub(crate) lost: PortSet,
    /// Too much is in flight to the port already.
    pub(crate) dropped: PortSet,
}

impl Verdict {
    fn set_mut(&mut self, outcome: Outcome) -> &mut PortSet {
        match outcome {
            Outcome::Direct => &mut self.direct,
            Outcome::Delayed => &mut self.delayed,
            Outcome::Lost => &mut self.lost,
            Outcome::Dropped => &mut self.dropped,
        }
    }
}

/// The switch without its sockets.
#[derive(Debug)]
pub(crate) struct Fabric {
    attached: PortSet,
    macs: MacTable,
    plan: Plan,
    flight: Flight,
}

impl Fabric {
    /// A switch without ports whose faults draw from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            attached: PortSet::EMPTY,
            macs: MacTable::new(),
            plan: Plan::new(seed),
            flight: Flight::new(),
        }
    }

    /// From now on frames may go to `port`.
    pub(crate) fn attach(&mut self, port: PortId) {
        self.attached.insert(port);
    }

    /// From now on no frame goes to `port`; gives back what was in flight.
    pub(crate) fn detach(&mut self, port: PortId) -> Vec<Parcel> {
        self.attached.remove(port);
        self.flush(port)
    }

    /// Forgets the stations of `port` and gives back what was in flight to and
    /// from it.
    pub(crate) fn flush(&mut self, port: PortId) -> Vec<Parcel> {
        self.macs.forget(port);
        self.flight
            .extract(|parcel| parcel.from == port || parcel.to == port)
    }

    /// Decides what becomes of `frame`, which came in by `from` at `now`.
    pub(crate) fn receive(
        &mut self,
        now: Duration,
        from: PortId,
        frame: &[u8],
    ) -> Result<Verdict, Malformed> {
        let header = Header::parse(frame)?;
        self.macs.learn(now, header.source, from);
        let targets =
            forward::targets(&mut self.macs, self.attached, now, from, header.destination);
        let faulty = self.plan.faulty(from);
        let mut verdict = Verdict {
            direct: targets.minus(faulty),
            ..Verdict::default()
        };
        for to in targets.and(faulty) {
            let outcome = self.meet(now, Pair { from, to }, frame);
            verdict.set_mut(outcome).insert(to);
        }
        Ok(verdict)
    }

    /// When the next frame in flight is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.flight.next_due()
    }

    /// The next frame in flight, if it is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Parcel> {
        self.flight.pop_due(now)
    }

    /// Makes `change` and gives back the frames in flight that a cut took.
    ///
    /// No other frame leaves later than it would if it came in now: a delay
    /// that shrinks keeps the order, and healing delivers at once.
    pub(crate) fn change(
        &mut self,
        now: Duration,
        change: &FaultChange,
    ) -> Result<Vec<Parcel>, Error> {
        let Self { plan, flight, .. } = self;
        plan.apply(change)?;
        let pair = |parcel: &Parcel| Pair {
            from: parcel.from,
            to: parcel.to,
        };
        let lost = flight.extract(|parcel| plan.conditions(pair(parcel)).cut);
        flight.hasten(|parcel| now + plan.longest(pair(parcel)));
        Ok(lost)
    }

    /// Whether nothing passes `from` one port `to` the other.
    pub(crate) fn is_cut(&self, from: PortId, to: PortId) -> bool {
        self.plan.conditions(Pair { from, to }).cut
    }

    /// Number of stations known behind `port`.
    pub(crate) fn stations(&self, port: PortId) -> usize {
        self.macs.count(port)
    }

    /// The faults that are on.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        summary::summarise(&self.plan.all())
    }

    /// Decides what becomes of `frame` on a link with faults.
    fn meet(&mut self, now: Duration, pair: Pair, frame: &[u8]) -> Outcome {
        let Self { plan, flight, .. } = self;
        let Some(link) = plan.link_mut(pair) else {
            return Outcome::Direct;
        };
        match link.fate() {
            Fate::Lost => Outcome::Lost,
            Fate::Hold { delay } if !flight.holds(link.held) => {
                let due = now + delay + ms(REORDER_MS_MAX);
                link.held = depart(flight, due, pair, frame);
                Outcome::later(link.held)
            }
            Fate::Pass { delay } | Fate::Hold { delay } => {
                let outcome = match delay {
                    Duration::ZERO => Outcome::Direct,
                    _ => Outcome::later(depart(flight, now + delay, pair, frame)),
                };
                if outcome != Outcome::Dropped {
                    flight.follow(link.held.take(), now + delay);
                }
                outcome
            }
        }
    }
}

/// What becomes of a frame on one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Direct,
    Delayed,
    Lost,
    Dropped,
}

impl Outcome {
    /// Of a frame that was to leave later and got `ticket`.
    fn later(ticket: Option<Ticket>) -> Self {
        ticket.map_or(Self::Dropped, |_| Self::Delayed)
    }
}

/// Puts a copy of `frame` in flight; `None` if there is no room for it.
fn depart(flight: &mut Flight, due: Duration, pair: Pair, frame: &[u8]) -> Option<Ticket> {
    if !flight.has_room(pair.to, frame.len()) {
        return None;
    }
    let parcel = Parcel {
        from: pair.from,
        to: pair.to,
        bytes: frame.to_vec(),
    };
    flight.insert(due, parcel).ok()
}

#[cfg(test)]
mod tests;
