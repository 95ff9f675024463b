// SPDX-License-Identifier: GPL-2.0

//! What must hold of the whole.
//!
//! [`Model`] is the driver without sockets: it sends what is direct, takes
//! what is due, and notes every delivery. Each property has its own test.

mod cases;
mod properties;

use std::collections::BTreeMap;

use super::*;
use crate::fault::{
    Ports,
    Ppm,
    Way, //
};

const NODES: u8 = 4;

/// A frame that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Arrival {
    to: u8,
    from: u8,
    /// Counts what `from` sent, from 0.
    number: u32,
    at: Duration,
}

struct Model {
    fabric: Fabric,
    now: Duration,
    sent: BTreeMap<u8, Vec<Duration>>,
    arrivals: Vec<Arrival>,
    copies: usize,
    lost: usize,
    dropped: usize,
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut fabric = Fabric::new(seed);
        (1..=NODES).for_each(|number| fabric.attach(port(number)));
        let mut model = Self {
            fabric,
            now: Duration::ZERO,
            sent: BTreeMap::new(),
            arrivals: Vec::new(),
            copies: 0,
            lost: 0,
            dropped: 0,
        };
        // Everyone is known, and nothing of it is noted.
        for from in 1..=NODES {
            let hello = frame(mac(from), mac(from), 0);
            model.fabric.receive(model.now, port(from), &hello).unwrap();
        }
        model
    }

    fn change(&mut self, change: FaultChange) {
        self.lost += self.fabric.change(self.now, &change).unwrap().len();
        self.release();
    }

    fn send(&mut self, from: u8, to: u8) {
        let sent = self.sent.entry(from).or_default();
        let frame = frame(mac(to), mac(from), sent.len() as u32);
        sent.push(self.now);
        let verdict = self.fabric.receive(self.now, port(from), &frame).unwrap();
        for to in verdict.direct {
            self.arrive(to, &frame);
        }
        self.count(verdict);
        self.release();
    }

    /// To everyone.
    fn shout(&mut self, from: u8) {
        self.send(from, 0xff);
    }

    fn count(&mut self, verdict: Verdict) {
        let Verdict {
            direct,
            delayed,
            lost,
            dropped,
        } = verdict;
        let [direct, delayed, lost, dropped] =
            [direct, delayed, lost, dropped].map(Iterator::count);
        self.copies += direct + delayed + lost + dropped;
        self.lost += lost;
        self.dropped += dropped;
    }

    /// Lets time pass, looking at the flight only when something is due.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.fabric.next_due().filter(|&due| due <= end) {
            self.now = due;
            self.release();
        }
        self.now = end;
    }

    fn release(&mut self) {
        while let Some(parcel) = self.fabric.pop_due(self.now) {
            self.arrive(parcel.to, &parcel.bytes);
        }
    }

    fn arrive(&mut self, to: PortId, frame: &[u8]) {
        let number = u32::from_be_bytes(frame[14..18].try_into().unwrap());
        self.arrivals.push(Arrival {
            to: to.get(),
            from: frame[11],
            number,
            at: self.now,
        });
    }

    /// The numbers of the frames that went `from` one port `to` another.
    fn numbers(&self, from: u8, to: u8) -> Vec<u32> {
        let arrivals = self.arrivals.iter();
        let of_pair = arrivals.filter(|arrival| (arrival.from, arrival.to) == (from, to));
        of_pair.map(|arrival| arrival.number).collect()
    }
}

fn port(number: u8) -> PortId {
    PortId::new(number).unwrap()
}

/// The address of a node; 0xff is everyone's.
fn mac(number: u8) -> [u8; 6] {
    match number {
        0xff => [0xff; 6],
        number => [2, 0x53, 0x53, 0x49, 0, number],
    }
}

fn frame(destination: [u8; 6], source: [u8; 6], number: u32) -> Vec<u8> {
    let head = [&destination[..], &source, &[8, 0], &number.to_be_bytes()];
    let mut frame = head.concat();
    frame.resize(60, 0);
    frame
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn percent(percent: u32) -> Ppm {
    Ppm::from_percent(f64::from(percent)).unwrap()
}

const BOTH: Way = Way::Both;
const ALL: Ports = Ports::All;
const ONE: Ports = Ports::One(1);
const TWO: Ports = Ports::One(2);

fn cut(a: Ports, b: Ports) -> FaultChange {
    FaultChange::Cut { a, b, way: BOTH }
}

fn delay(delay_ms: u32, jitter_ms: u32) -> FaultChange {
    FaultChange::Delay {
        a: ALL,
        b: ALL,
        way: BOTH,
        delay_ms,
        jitter_ms,
    }
}

fn loss(ppm: Ppm) -> FaultChange {
    FaultChange::Loss {
        a: ALL,
        b: ALL,
        way: BOTH,
        ppm,
    }
}

fn reorder(ppm: Ppm) -> FaultChange {
    FaultChange::Reorder {
        a: ALL,
        b: ALL,
        way: BOTH,
        ppm,
    }
}
