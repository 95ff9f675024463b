// SPDX-License-Identifier: GPL-2.0

//! Where stations are.
//!
//! The switch learns from the source address of every frame. An address is
//! forgotten when it has been silent for `MAC_AGE_S`, and each port may have
//! `PORT_MACS_MAX` of them, so that one node cannot crowd out the others.
//! What is not known is flooded: forgetting costs traffic, never a frame.

use std::{
    collections::HashMap,
    time::Duration, //
};

use super::frame::Mac;
use crate::port::{
    PortId,
    PORT_SLOTS, //
};

/// How long a silent station is remembered, in seconds; the usual value.
pub(crate) const MAC_AGE_S: u64 = 300;

/// Most stations known behind one port.
pub(crate) const PORT_MACS_MAX: usize = 256;

/// Least time between two searches of a full table for silent stations.
const SWEEP_INTERVAL_S: u64 = 1;

/// Where a station was seen last.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    port: PortId,
    at: Duration,
}

impl Sighting {
    /// Whether it is too old to go by.
    fn is_stale(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) > Duration::from_secs(MAC_AGE_S)
    }
}

/// The table of known stations.
///
/// # Invariants
///
/// `counts[port]` is the number of sightings at that port, and at most
/// `PORT_MACS_MAX`.
#[derive(Debug)]
pub(crate) struct MacTable {
    sightings: HashMap<Mac, Sighting>,
    counts: [usize; PORT_SLOTS],
    swept: Duration,
}

impl MacTable {
    /// A table that knows nobody.
    pub(crate) fn new() -> Self {
        Self {
            sightings: HashMap::new(),
            counts: [0; PORT_SLOTS],
            swept: Duration::ZERO,
        }
    }

    /// Notes that `mac` is behind `port`, if there is room for it.
    pub(crate) fn learn(&mut self, now: Duration, mac: Mac, port: PortId) {
        match self.sightings.get_mut(&mac) {
            Some(sighting) if sighting.port == port => sighting.at = now,
            Some(_) => {
                self.remove(mac);
                self.insert(now, mac, port);
            }
            None => self.insert(now, mac, port),
        }
    }

    /// The port `mac` is behind.
    pub(crate) fn lookup(&mut self, now: Duration, mac: Mac) -> Option<PortId> {
        let sighting = *self.sightings.get(&mac)?;
        if sighting.is_stale(now) {
            self.remove(mac);
            return None;
        }
        Some(sighting.port)
    }

    /// Forgets everyone behind `port`.
    pub(crate) fn forget(&mut self, port: PortId) {
        self.sightings.retain(|_, sighting| sighting.port != port);
        self.counts[port.index()] = 0;
    }

    /// Number of stations known behind `port`, silent ones among them.
    pub(crate) fn count(&self, port: PortId) -> usize {
        self.counts[port.index()]
    }

    fn insert(&mut self, now: Duration, mac: Mac, port: PortId) {
        if self.count(port) >= PORT_MACS_MAX {
            self.sweep(now);
        }
        if self.count(port) < PORT_MACS_MAX {
            self.counts[port.index()] += 1;
            self.sightings.insert(mac, Sighting { port, at: now });
        }
    }

    fn remove(&mut self, mac: Mac) {
        if let Some(sighting) = self.sightings.remove(&mac) {
            self.counts[sighting.port.index()] -= 1;
        }
    }

    /// Forgets the silent, but not again and again while the table stays full.
    fn sweep(&mut self, now: Duration) {
        if now.saturating_sub(self.swept) < Duration::from_secs(SWEEP_INTERVAL_S) {
            return;
        }
        self.swept = now;
        let counts = &mut self.counts;
        self.sightings.retain(|_, sighting| {
            let stale = sighting.is_stale(now);
            counts[sighting.port.index()] -= usize::from(stale);
            !stale
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn port(number: u8) -> PortId {
        PortId::new(number).unwrap()
    }

    fn mac(number: u32) -> Mac {
        let [a, b, c, d] = number.to_be_bytes();
        Mac([2, 0, a, b, c, d])
    }

    #[test]
    fn a_station_is_where_it_was_seen_last() {
        let mut table = MacTable::new();
        assert_eq!(table.lookup(S, mac(1)), None);
        table.learn(S, mac(1), port(1));
        table.learn(S, mac(1), port(2));
        assert_eq!(table.lookup(S, mac(1)), Some(port(2)));
        assert_eq!((table.count(port(1)), table.count(port(2))), (0, 1));
    }

    #[test]
    fn a_silent_station_is_forgotten() {
        let mut table = MacTable::new();
        table.learn(S, mac(1), port(1));
        assert_eq!(table.lookup(S * 301, mac(1)), Some(port(1)));
        assert_eq!(table.lookup(S * 302, mac(1)), None);
        assert_eq!(table.count(port(1)), 0);
    }

    #[test]
    fn a_station_that_speaks_is_remembered() {
        let mut table = MacTable::new();
        table.learn(S, mac(1), port(1));
        table.learn(S * 200, mac(1), port(1));
        assert_eq!(table.lookup(S * 500, mac(1)), Some(port(1)));
    }

    #[test]
    fn a_full_port_learns_nobody_until_others_fall_silent() {
        let mut table = MacTable::new();
        let full = PORT_MACS_MAX as u32;
        (0..=full).for_each(|n| table.learn(S, mac(n), port(1)));
        assert_eq!(table.count(port(1)), PORT_MACS_MAX);
        assert_eq!(table.lookup(S, mac(full)), None);

        table.learn(S, mac(full), port(2));
        assert_eq!(table.lookup(S, mac(full)), Some(port(2)));

        table.learn(S * 400, mac(full + 1), port(1));
        assert_eq!(table.lookup(S * 400, mac(full + 1)), Some(port(1)));
        assert_eq!(table.count(port(1)), 1);
    }

    #[test]
    fn a_station_that_moves_to_a_full_port_is_not_sought_at_the_old_one() {
        let mut table = MacTable::new();
        (0..PORT_MACS_MAX as u32).for_each(|n| table.learn(S, mac(n), port(1)));
        table.learn(S, mac(9999), port(2));
        table.learn(S, mac(9999), port(1));
        assert_eq!(table.lookup(S, mac(9999)), None);
    }

    proptest! {
        /// The counts are those of the table, whatever happened.
        #[test]
        fn counts_are_true(
            steps in prop::collection::vec((0..600u32, 1..4u8, 0..200u64, 0..20u8), 0..1000),
        ) {
            let mut table = MacTable::new();
            let mut now = Duration::ZERO;
            for (number, at, pause, what) in steps {
                now += Duration::from_secs(pause / 20);
                match what {
                    0 => table.forget(port(at)),
                    1..=3 => drop(table.lookup(now, mac(number))),
                    _ => table.learn(now, mac(number), port(at)),
                }
                for at in 1..4 {
                    let true_count = table.sightings.values().filter(|s| s.port == port(at));
                    prop_assert_eq!(table.count(port(at)), true_count.count());
                    prop_assert!(table.count(port(at)) <= PORT_MACS_MAX);
                }
            }
        }
    }
}
