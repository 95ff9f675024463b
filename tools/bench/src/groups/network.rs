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

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::{
    Figure,
    Unit, //
};
use crate::held::HeldChild;
use crate::kernel::{
    Boot,
    Kernel, //
};
use crate::peer::Peer;
use crate::question::{
    Answer,
    Question, //
};
use crate::ratio::Ratio;
use crate::row::{
    Goal,
    Row, //
};
use crate::sockets::{
    self,
    Echo, //
};

/// Bytes of a ping, and of the echo.
const PING_BYTES: usize = 64;

/// Address of the first node on the cluster network.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 83, 0, 1);

/// Through the switch, at most so many direct round trips.
const SWITCH_ROUND_TRIPS_MAX: f64 = 2.0;

/// Through the switch, at least this share of what a relay passes on.
const SWITCH_BULK_MIN: f64 = 0.8;

const US: f64 = 1e6;
const MB: f64 = 1e6;

/// What each round gave, on each way.
#[derive(Default)]
struct Samples {
    switch: Vec<f64>,
    relay: Vec<f64>,
    direct: Vec<f64>,
    host: Vec<f64>,
}

/// Two programs that reach each other.
struct Pair<P> {
    first: P,
    second: P,
    // Ends with the pair.
    _relay: Option<HeldChild>,
}

/// Everything that is measured, up and ready.
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
        switch: Pair {
            first: cluster.guest(1)?,
            second: cluster.guest(2)?,
            _relay: None,
        },
        relay: relayed(bench)?,
        direct: direct(bench)?,
        host: Echo::start(bench)?,
    };
    let (mut pings, mut bulks) = (Samples::default(), Samples::default());
    for _ in 0..rounds {
        ways.ping(bench.effort.round_trips, &mut pings)?;
        bench.progress.step();
    }
    for _ in 0..rounds {
        ways.bulk(bench.effort.bulk, &mut bulks)?;
        bench.progress.step();
    }
    bench.progress.end();
    let mut rows = ping_rows(&pings)?;
    rows.extend(bulk_rows(&bulks)?);
    Ok(rows)
}

impl Ways {
    /// One round trip time of each way, in µs.
    fn ping(&mut self, count: u32, samples: &mut Samples) -> Result<()> {
        samples.switch.push(self.switch.ping(count)?);
        samples.relay.push(self.relay.ping(count)?);
        samples.direct.push(self.direct.ping(count)?);
        let host = self.host.round_trip(count, PING_BYTES)?;
        samples.host.push(host.as_secs_f64() * US);
        Ok(())
    }

    /// One rate of each way, in MB/s.
    fn bulk(&mut self, time: Duration, samples: &mut Samples) -> Result<()> {
        samples.switch.push(self.switch.bulk(time)?);
        samples.relay.push(self.relay.bulk(time)?);
        samples.direct.push(self.direct.bulk(time)?);
        samples.host.push(self.host.bulk(time)? / MB);
        Ok(())
    }
}

impl<P: AsMut<Peer>> Pair<P> {
    fn ping(&mut self, count: u32) -> Result<f64> {
        let (first, second) = (self.first.as_mut(), self.second.as_mut());
        first.tell(&Question::Echo)?;
        first.expect(|answer| (answer == Answer::Listening).then_some(()))?;
        second.tell(&Question::Ping {
            to: FIRST,
            count,
            bytes: PING_BYTES,
        })?;
        let ns = second.expect(|answer| match answer {
            Answer::RoundTrip { ns } => Some(ns),
            _ => None,
        })?;
        first.expect(|answer| (answer == Answer::Done).then_some(()))?;
        Ok(ns / 1000.0)
    }

    fn bulk(&mut self, time: Duration) -> Result<f64> {
        let (first, second) = (self.first.as_mut(), self.second.as_mut());
        first.tell(&Question::Sink)?;
        first.expect(|answer| (answer == Answer::Listening).then_some(()))?;
        let millis = u64::try_from(time.as_millis())?;
        second.tell(&Question::Pour { to: FIRST, millis })?;
        second.expect(|answer| (answer == Answer::Done).then_some(()))?;
        first.expect(|answer| match answer {
            Answer::Received { bytes, ns } => Some(bytes as f64 * 1000.0 / ns as f64),
            _ => None,
        })
    }
}

fn direct(bench: &Bench) -> Result<Pair<Kernel>> {
    let (a, b) = sockets::pair()?;
    let pair = Pair {
        first: kernel(bench, 1, a)?,
        second: kernel(bench, 2, b)?,
        _relay: None,
    };
    pair.ready()
}

fn relayed(bench: &Bench) -> Result<Pair<Kernel>> {
    let (a, relay_a) = sockets::pair()?;
    let (b, relay_b) = sockets::pair()?;
    let pair = Pair {
        first: kernel(bench, 1, a)?,
        second: kernel(bench, 2, b)?,
        _relay: Some(sockets::start_relay(bench, relay_a, relay_b)?),
    };
    pair.ready()
}

impl Pair<Kernel> {
    fn ready(self) -> Result<Self> {
        self.first.ready()?;
        self.second.ready()?;
        Ok(self)
    }
}

/// A kernel of the nodes, for the network is set up by SSI itself.
fn kernel(bench: &Bench, node: u8, net: std::os::fd::OwnedFd) -> Result<Kernel> {
    let boot = Boot {
        node,
        net: Some(net),
        ..Boot::alone(&bench.programs.kernel)
    };
    Kernel::start(bench, boot)
}

fn ping_rows(of: &Samples) -> Result<Vec<Row>> {
    let row = |name: &str, way: &str, measured: &[f64], floor_way, floor: &[f64]| {
        let what = format!("round trip {way}, {PING_BYTES} B");
        compared(name, what, measured, (floor_way, floor), Unit::Microseconds)
    };
    Ok(vec![
        row(
            "ping-switch",
            "through the switch",
            &of.switch,
            "direct",
            &of.direct,
        )?
        .toward(Goal::RatioAtMost(SWITCH_ROUND_TRIPS_MAX)),
        row(
            "ping-relay",
            "through a bare relay",
            &of.relay,
            "direct",
            &of.direct,
        )?,
        row("ping-direct", "direct", &of.direct, "unix socket", &of.host)?,
    ])
}

fn bulk_rows(of: &Samples) -> Result<Vec<Row>> {
    let row = |name: &str, way: &str, measured: &[f64], floor_way, floor: &[f64]| {
        let unit = Unit::MegabytesPerSecond;
        compared(
            name,
            format!("bulk {way}"),
            measured,
            (floor_way, floor),
            unit,
        )
    };
    Ok(vec![
        row(
            "bulk-switch",
            "through the switch",
            &of.switch,
            "relay",
            &of.relay,
        )?
        .toward(Goal::RatioAtLeast(SWITCH_BULK_MIN)),
        row(
            "bulk-relay",
            "through a bare relay",
            &of.relay,
            "direct",
            &of.direct,
        )?,
        row("bulk-direct", "direct", &of.direct, "unix socket", &of.host)?,
    ])
}

fn compared(
    name: &str,
    what: String,
    measured: &[f64],
    (floor_what, floor): (&'static str, &[f64]),
    unit: Unit,
) -> Result<Row> {
    let row = Row::new(name, what, Figure::of(measured, unit)?);
    let ratio = Ratio::of_rounds(measured, floor)?;
    Ok(row.over(floor_what, Figure::of(floor, unit)?, ratio))
}
