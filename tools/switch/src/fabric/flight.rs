// SPDX-License-Identifier: GPL-2.0

//! Frames on a slow link.
//!
//! Each frame leaves when it is due; frames due at the same time leave in the
//! order in which they were put in. What is in flight to one port is limited
//! apart from all others.

use std::{
    collections::BTreeMap,
    mem,
    time::Duration, //
};

use super::{
    load::{
        Limit,
        Load, //
    },
    parcel::Parcel,
};
use crate::port::{
    PortId,
    PORT_SLOTS, //
};

/// Most bytes in flight to one port.
pub(crate) const FLIGHT_BYTES_MAX: usize = 16 << 20;

/// Most frames in flight to one port.
pub(crate) const FLIGHT_FRAMES_MAX: usize = 16_384;

const LIMIT: Limit = Limit {
    bytes_max: FLIGHT_BYTES_MAX,
    frames_max: FLIGHT_FRAMES_MAX,
};

/// The place of a frame in the order of leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    /// When it leaves.
    due: Duration,
    /// Its place among those that leave at the same time.
    order: u64,
}

/// The frames in flight.
///
/// # Invariants
///
/// `loads[port]` is the sum over the parcels to that port and within `LIMIT`;
/// every ticket's order is below `next`, and no two are the same.
#[derive(Debug)]
pub(crate) struct Flight {
    parcels: BTreeMap<Ticket, Parcel>,
    loads: [Load; PORT_SLOTS],
    next: u64,
}

impl Flight {
    /// Nothing in flight.
    pub(crate) fn new() -> Self {
        Self {
            parcels: BTreeMap::new(),
            loads: [Load::default(); PORT_SLOTS],
            next: 0,
        }
    }

    /// Whether a frame of `len` bytes to port `to` would be taken.
    pub(crate) fn has_room(&self, to: PortId, len: usize) -> bool {
        self.loads[to.index()].fits(len, LIMIT)
    }

    /// Sends `parcel` off to leave at `due`, or gives it back if there are too
    /// many to its port.
    pub(crate) fn insert(&mut self, due: Duration, parcel: Parcel) -> Result<Ticket, Parcel> {
        if !self.has_room(parcel.to, parcel.bytes.len()) {
            return Err(parcel);
        }
        self.loads[parcel.to.index()].add(parcel.bytes.len());
        Ok(self.place(due, parcel))
    }

    /// Lets the frame of `ticket` leave right after all that are due at `due`.
    ///
    /// A frame that leaves before `due`, or has left, stays as it is.
    pub(crate) fn follow(&mut self, ticket: Option<Ticket>, due: Duration) {
        let later = ticket.filter(|ticket| ticket.due >= due);
        if let Some(parcel) = later.and_then(|ticket| self.parcels.remove(&ticket)) {
            self.place(due, parcel);
        }
    }

    /// Whether the frame of `ticket` has not left yet.
    pub(crate) fn holds(&self, ticket: Option<Ticket>) -> bool {
        ticket.is_some_and(|ticket| self.parcels.contains_key(&ticket))
    }

    /// When the next frame leaves.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.parcels.keys().next().map(|ticket| ticket.due)
    }

    /// Takes out the next frame if it is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Parcel> {
        let entry = self.parcels.first_entry()?;
        if entry.key().due > now {
            return None;
        }
        let parcel = entry.remove();
        self.loads[parcel.to.index()].sub(parcel.bytes.len());
        Some(parcel)
    }

    /// Takes out the frames that `unwanted` picks.
    pub(crate) fn extract(&mut self, unwanted: impl Fn(&Parcel) -> bool) -> Vec<Parcel> {
        let mut out = Vec::new();
        for (ticket, parcel) in mem::take(&mut self.parcels) {
            if unwanted(&parcel) {
                self.loads[parcel.to.index()].sub(parcel.bytes.len());
                out.push(parcel);
            } else {
                self.parcels.insert(ticket, parcel);
            }
        }
        out
    }

    /// Lets no frame leave later than `latest` says of it.
    ///
    /// Frames that now leave at the same time keep the order they were put in.
    pub(crate) fn hasten(&mut self, latest: impl Fn(&Parcel) -> Duration) {
        let all = mem::take(&mut self.parcels).into_iter();
        self.parcels = all
            .map(|(ticket, parcel)| {
                let due = ticket.due.min(latest(&parcel));
                (Ticket { due, ..ticket }, parcel)
            })
            .collect();
    }

    fn place(&mut self, due: Duration, parcel: Parcel) -> Ticket {
        let order = self.next;
        self.next += 1;
        // INVARIANT: `order` was `next`, which only grows.
        let ticket = Ticket { due, order };
        self.parcels.insert(ticket, parcel);
        ticket
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn parcel(to: u8, mark: u8) -> Parcel {
        Parcel {
            from: PortId::new(63).unwrap(),
            to: PortId::new(to).unwrap(),
            bytes: vec![mark; 14],
        }
    }

    /// The first byte of every frame, in the order of leaving.
    fn marks(flight: &mut Flight) -> Vec<u8> {
        let mut marks = Vec::new();
        while let Some(parcel) = flight.pop_due(Duration::MAX) {
            marks.push(parcel.bytes[0]);
        }
        marks
    }

    #[test]
    fn frames_leave_when_due_and_not_before() {
        let mut flight = Flight::new();
        flight.insert(ms(20), parcel(1, 2)).unwrap();
        flight.insert(ms(10), parcel(1, 1)).unwrap();
        assert_eq!(flight.next_due(), Some(ms(10)));
        assert!(flight.pop_due(ms(9)).is_none());
        assert_eq!(flight.pop_due(ms(10)).unwrap(), parcel(1, 1));
        assert!(flight.pop_due(ms(19)).is_none());
        assert_eq!(flight.pop_due(ms(20)).unwrap(), parcel(1, 2));
        assert_eq!(flight.next_due(), None);
    }

    #[test]
    fn a_follower_leaves_right_behind() {
        let mut flight = Flight::new();
        let held = flight.insert(ms(15), parcel(1, 1)).unwrap();
        flight.insert(ms(12), parcel(1, 2)).unwrap();
        flight.follow(Some(held), ms(12));
        flight.insert(ms(12), parcel(1, 3)).unwrap();
        assert_eq!(marks(&mut flight), [2, 1, 3]);
    }

    #[test]
    fn a_follower_is_never_made_later() {
        let mut flight = Flight::new();
        let held = flight.insert(ms(15), parcel(1, 1)).unwrap();
        flight.insert(ms(20), parcel(1, 2)).unwrap();
        flight.follow(Some(held), ms(20));
        assert_eq!(marks(&mut flight), [1, 2]);
    }

    #[test]
    fn a_follower_that_left_is_no_matter() {
        let mut flight = Flight::new();
        let held = flight.insert(ms(15), parcel(1, 1)).unwrap();
        flight.pop_due(ms(15)).unwrap();
        flight.follow(Some(held), ms(12));
        assert_eq!(flight.next_due(), None);
    }

    #[test]
    fn one_full_port_leaves_room_for_others() {
        let mut flight = Flight::new();
        for _ in 0..FLIGHT_FRAMES_MAX {
            flight.insert(ms(1), parcel(1, 0)).unwrap();
        }
        assert_eq!(flight.insert(ms(1), parcel(1, 9)), Err(parcel(1, 9)));
        flight.insert(ms(1), parcel(2, 0)).unwrap();
    }

    #[test]
    fn haste_keeps_the_order() {
        let mut flight = Flight::new();
        for mark in 0..5 {
            let due = ms(100 + u64::from(mark));
            flight.insert(due, parcel(1, mark)).unwrap();
        }
        flight.insert(ms(50), parcel(2, 9)).unwrap();
        flight.hasten(|parcel| ms(if parcel.to.get() == 1 { 7 } else { 1000 }));
        assert_eq!(flight.next_due(), Some(ms(7)));
        assert_eq!(marks(&mut flight), [0, 1, 2, 3, 4, 9]);
    }

    proptest! {
        /// Frames leave sorted by time and, for one time, by age; none is lost.
        #[test]
        fn the_order_is_by_time_then_age(dues in prop::collection::vec(0..10u64, 0..250)) {
            let mut flight = Flight::new();
            let mut expected: Vec<(u64, usize)> = Vec::new();
            for (age, &due) in dues.iter().enumerate() {
                flight.insert(ms(due), parcel(1, age as u8)).unwrap();
                expected.push((due, age));
            }
            expected.sort_unstable();
            let ages: Vec<u8> = expected.iter().map(|&(_, age)| age as u8).collect();
            prop_assert_eq!(marks(&mut flight), ages);
        }

        /// What is taken out is what was picked, and the room is free again.
        #[test]
        fn extract_takes_the_picked(tos in prop::collection::vec(1..4u8, 0..100), gone in 1..4u8) {
            let mut flight = Flight::new();
            for &to in &tos {
                flight.insert(ms(1), parcel(to, to)).unwrap();
            }
            let out = flight.extract(|parcel| parcel.to.get() == gone);
            prop_assert!(out.iter().all(|parcel| parcel.to.get() == gone));
            prop_assert_eq!(flight.loads[usize::from(gone)], Load::default());
            prop_assert_eq!(out.len() + marks(&mut flight).len(), tos.len());
            prop_assert!(flight.loads.iter().all(|load| *load == Load::default()));
        }
    }
}
