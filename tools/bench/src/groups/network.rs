// SPDX-License-Identifier: GPL-2.0

//! The network between two nodes.
//!
//! Four ways between two programs, from the real one to its floor:
//!
//! ```text
//! switch   node 1 --- the cluster's switch --- node 2
//! relay    kernel --- recv, send, nothing else --- kernel
//! direct   kernel ------------ one socket pair ------------ kernel
//! host     process ----------- one socket pair ----------- process
//! ```

use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::{
    Figure,
    Unit, //
};
use crate::kernel::Kernel;
use crate::pair::{
    Pair,
    PING_BYTES, //
};
use crate::peer::Peer;
use crate::ratio::Ratio;
use crate::row::{
    Goal,
    Row, //
};
use crate::sockets::Echo;

/// Through the switch, at most so many direct round trips.
const SWITCH_ROUND_TRIPS_MAX: f64 = 2.0;

/// Through the switch, at least this share of what a relay passes on.
const SWITCH_BULK_MIN: f64 = 0.8;

const US: f64 = 1e6;
const MB: f64 = 1e6;

/// A way between two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Switch,
    Relay,
    Direct,
    Host,
}

/// What each round gave on each way.
#[derive(Default)]
struct Samples([Vec<f64>; Way::ALL.len()]);

/// All ways, up and ready.
struct Ways {
    switch: Pair<Peer>,
    relay: Pair<Kernel>,
    direct: Pair<Kernel>,
    host: Echo,
}

/// Measures round trips, then bulk, on all four ways in turns.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let rounds = bench.effort.network_rounds;
    bench.progress.begin("network", 2 * rounds);
    let cluster = Cluster::start(bench, 2)?;
    let mut ways = Ways {
        switch: Pair::switched(&cluster)?,
        relay: Pair::relayed(bench)?,
        direct: Pair::direct(bench)?,
        host: Echo::start(bench)?,
    };
    let mut pings = Samples::default();
    for round in 0..rounds {
        pings.add(round, |way| ways.ping(way, bench.effort.round_trips))?;
        bench.progress.step();
    }
    let mut bulks = Samples::default();
    for round in 0..rounds {
        bulks.add(round, |way| ways.bulk(way, bench.effort.bulk))?;
        bench.progress.step();
    }
    bench.progress.end();
    let mut rows = ping_rows(&pings)?;
    rows.extend(bulk_rows(&bulks)?);
    Ok(rows)
}

impl Way {
    const ALL: [Self; 4] = [Self::Switch, Self::Relay, Self::Direct, Self::Host];

    fn word(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Relay => "relay",
            Self::Direct => "direct",
            Self::Host => "unix socket",
        }
    }
}

impl Samples {
    /// Adds a sample of each way. Every other round goes backwards, so that
    /// none of them always comes after the same other one.
    fn add(&mut self, round: usize, mut measure: impl FnMut(Way) -> Result<f64>) -> Result<()> {
        let mut order = Way::ALL;
        if round % 2 == 1 {
            order.reverse();
        }
        for way in order {
            self.0[way as usize].push(measure(way)?);
        }
        Ok(())
    }

    fn of(&self, way: Way) -> &[f64] {
        &self.0[way as usize]
    }

    fn row(&self, name: &str, what: String, way: Way, floor: Way, unit: Unit) -> Result<Row> {
        let ratio = Ratio::of_rounds(self.of(way), self.of(floor))?;
        let row = Row::new(name, what, Figure::of(self.of(way), unit)?);
        Ok(row.over(floor.word(), Figure::of(self.of(floor), unit)?, ratio))
    }
}

impl Ways {
    /// The time of a round trip, in µs.
    fn ping(&mut self, way: Way, count: u32) -> Result<f64> {
        match way {
            Way::Switch => self.switch.ping(count),
            Way::Relay => self.relay.ping(count),
            Way::Direct => self.direct.ping(count),
            Way::Host => Ok(self.host.round_trip(count, PING_BYTES)?.as_secs_f64() * US),
        }
    }

    /// The rate of a transfer, in MB/s.
    fn bulk(&mut self, way: Way, time: Duration) -> Result<f64> {
        match way {
            Way::Switch => self.switch.bulk(time),
            Way::Relay => self.relay.bulk(time),
            Way::Direct => self.direct.bulk(time),
            Way::Host => Ok(self.host.bulk(time)? / MB),
        }
    }
}

fn ping_rows(of: &Samples) -> Result<Vec<Row>> {
    let row = |name: &str, words: &str, way, floor| {
        let what = format!("round trip {words}, {PING_BYTES} B");
        of.row(name, what, way, floor, Unit::Microseconds)
    };
    Ok(vec![
        row(
            "ping-switch",
            "through the switch",
            Way::Switch,
            Way::Direct,
        )?
        .toward(Goal::RatioAtMost(SWITCH_ROUND_TRIPS_MAX)),
        row(
            "ping-relay",
            "through a bare relay",
            Way::Relay,
            Way::Direct,
        )?,
        row("ping-direct", "direct", Way::Direct, Way::Host)?,
    ])
}

fn bulk_rows(of: &Samples) -> Result<Vec<Row>> {
    let row = |name: &str, words: &str, way, floor| {
        let what = format!("bulk {words}");
        of.row(name, what, way, floor, Unit::MegabytesPerSecond)
    };
    Ok(vec![
        row("bulk-switch", "through the switch", Way::Switch, Way::Relay)?
            .toward(Goal::RatioAtLeast(SWITCH_BULK_MIN)),
        row(
            "bulk-relay",
            "through a bare relay",
            Way::Relay,
            Way::Direct,
        )?,
        row("bulk-direct", "direct", Way::Direct, Way::Host)?,
    ])
}
