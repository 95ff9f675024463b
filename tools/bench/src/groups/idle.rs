// SPDX-License-Identifier: GPL-2.0

//! Idle clusters of growing size.
//!
//! What each node sends and how long it computes while nobody uses the cluster.
//! It must not grow faster than the number of nodes.

use std::thread;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::Result;

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::Unit;
use crate::row::{
    Goal,
    Row, //
};
use crate::turns::Turns;
use crate::usage::Usage;

/// Sizes; the first is what the others are compared with.
const SIZES: [u8; 4] = [3, 8, 16, 32];

/// How long a boot may still have an effect.
const SETTLE: Duration = Duration::from_secs(3);

/// More than in proportion to the nodes, by a twentieth of chance.
const GROWTH_MAX: f64 = 1.05;

/// Milliseconds in a second.
const MS: f64 = 1000.0;

/// What a node did in a second.
struct Idle {
    nodes: u8,
    frames: f64,
    bytes: f64,
    cpu_ms: f64,
}

/// A value of it, and how it is shown.
struct Value {
    name: &'static str,
    what: &'static str,
    unit: Unit,
    of: fn(&Idle) -> f64,
}

const VALUES: [Value; 3] = [
    Value {
        name: "frames",
        what: "frames from each idle node",
        unit: Unit::FramesPerSecond,
        of: |idle| idle.frames,
    },
    Value {
        name: "bytes",
        what: "bytes from each idle node",
        unit: Unit::BytesPerSecond,
        of: |idle| idle.bytes,
    },
    Value {
        name: "cpu",
        what: "processor time of each idle node",
        unit: Unit::CpuMilliseconds,
        of: |idle| idle.cpu_ms,
    },
];

/// Watches clusters of all sizes, one after the other.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    bench.progress.begin("idle clusters", SIZES.len());
    let watch = |&nodes| watch(bench, nodes);
    let idles = SIZES.iter().map(watch).collect::<Result<Vec<_>>>()?;
    bench.progress.end();
    let rows = VALUES
        .iter()
        .flat_map(|value| idles.iter().map(|idle| value.row(idle, &idles[0])));
    rows.collect()
}

impl Value {
    /// The smallest cluster is what the others are compared with.
    fn row(&self, idle: &Idle, smallest: &Idle) -> Result<Row> {
        let (nodes, few) = (idle.nodes, smallest.nodes);
        let name = format!("idle-{}-{nodes}", self.name);
        let what = format!("{}, {nodes} nodes", self.what);
        let mut turns = Turns::default();
        turns.add((self.of)(idle), (self.of)(smallest));
        let row = turns.row(&name, what, "3 nodes", self.unit)?;
        Ok(match nodes == few {
            true => Row { floor: None, ..row },
            false => {
                let growth = f64::from(nodes) / f64::from(few);
                row.toward(Goal::RatioAtMost(growth * GROWTH_MAX))
            }
        })
    }
}

fn watch(bench: &Bench, nodes: u8) -> Result<Idle> {
    let cluster = Cluster::start(bench, nodes)?;
    thread::sleep(SETTLE);
    let groups = cluster.processes()?.nodes()?;
    let usage = || -> Result<Duration> {
        let each = groups.iter().map(|leader| Usage::of_group(*leader));
        each.map(|usage| usage.map(|usage| usage.cpu)).sum()
    };
    let (traffic, began) = (cluster.traffic()?, Instant::now());
    let cpu = usage()?;
    thread::sleep(bench.effort.idle_growth);
    let cpu_s = usage()?.saturating_sub(cpu).as_secs_f64();
    let traffic = cluster.traffic()?.since(traffic);
    let node_seconds = began.elapsed().as_secs_f64() * f64::from(nodes);
    bench.progress.step();
    Ok(Idle {
        nodes,
        frames: traffic.frames as f64 / node_seconds,
        bytes: traffic.bytes as f64 / node_seconds,
        cpu_ms: cpu_s * MS / node_seconds,
    })
}
