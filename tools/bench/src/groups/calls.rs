// SPDX-License-Identifier: GPL-2.0

//! Calls between kernels.
//!
//! The kernel of node 1 calls the one of node 2 and measures that itself; the
//! floor is plain TCP between the same two kernels, without anything of the
//! links. Call and floor take turns within each round.

use anyhow::{
    Context,
    Result, //
};

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::effort::Effort;
use crate::figure::Unit;
use crate::links;
use crate::peer::Peer;
use crate::row::{
    Goal,
    Row, //
};
use crate::turns::Turns;

/// How frames are protected.
const MODES: [&str; 3] = ["none", "mac", "aead"];

/// What holds on one host.
const DEFAULT_MODE: &str = "mac";

/// Bytes of arguments, and of the answer; the second is the most there may be.
const SIZES: [(usize, &str); 2] = [(64, "64 B"), (3072, "3 KiB")];

/// The middle of all calls, at most so many round trips of plain TCP.
const P50_MAX: f64 = 1.3;

/// All calls but one in a hundred, the same.
const P99_MAX: f64 = 3.0;

/// At least this share of what plain TCP moves.
const BULK_MIN: f64 = 0.85;

/// Bytes of a page, and pages of a call with as many as there may be.
const PAGE_BYTES: usize = 4096;
const PAGES: usize = 256;

/// Calls with pages on their way at once: enough to go on while the host lets one of the
/// two kernels wait, half of what may arrive of a peer.
const BULK_CALLS: usize = 8;

/// Bytes of a batch of plain TCP.
const BATCH_BYTES: usize = 64 * 1024;

/// Nodes that are called at once, and the one that calls.
const MANY: u8 = 16;

/// Two commands of the kernel that are compared.
struct Comparison {
    line: String,
    floor: String,
    wanted: Vec<Wanted>,
}

/// A value that both commands tell.
struct Wanted {
    value: &'static str,
    name: String,
    what: String,
    floor: &'static str,
    unit: Unit,
    goal: Option<Goal>,
    turns: Turns,
}

/// Measures calls in each mode, then to many nodes.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let rounds = bench.effort.call_rounds;
    bench
        .progress
        .begin("calls", (MODES.len() + 1) * rounds + rounds);
    let (mut rows, rates) = between_two(bench)?;
    rows.extend(rates);
    rows.extend(to_many(bench)?);
    bench.progress.end();
    Ok(rows)
}

/// Rows of what is compared in every mode, then those of the usual mode alone.
fn between_two(bench: &Bench) -> Result<(Vec<Row>, Vec<Row>)> {
    let cluster = Cluster::start(bench, 2)?;
    let mut nodes = [cluster.guest(1)?, cluster.guest(2)?];
    let mut modes = Vec::new();
    for mode in MODES {
        links::secure(&mut nodes, mode)?;
        let mut compared = in_every_mode(bench.effort, mode);
        take_turns(bench, &mut nodes[0], &mut compared)?;
        modes.push(rows_of(compared)?);
    }
    links::secure(&mut nodes, DEFAULT_MODE)?;
    let mut compared = in_one_mode(bench.effort, DEFAULT_MODE);
    take_turns(bench, &mut nodes[0], &mut compared)?;
    // The same row of all modes, then the next.
    let count = modes.first().map_or(0, Vec::len);
    let rows = (0..count).flat_map(|row| modes.iter().filter_map(move |mode| mode.get(row)));
    Ok((rows.cloned().collect(), rows_of(compared)?))
}

fn to_many(bench: &Bench) -> Result<Vec<Row>> {
    let cluster = Cluster::start(bench, MANY)?;
    let mut caller = cluster.guest(1)?;
    let count = bench.effort.calls / usize::from(MANY);
    let peers = MANY - 1;
    let mut compared = [Comparison {
        line: format!("many size=64 count={count}"),
        floor: format!("echo node=2 size=64 count={count}"),
        wanted: vec![Wanted {
            value: "p50_us",
            name: "call-many".to_owned(),
            what: format!("call to {peers} nodes, 64 B, {DEFAULT_MODE}: p50"),
            floor: "to one node",
            unit: Unit::Microseconds,
            goal: None,
            turns: Turns::default(),
        }],
    }];
    take_turns(bench, &mut caller, &mut compared)?;
    rows_of(compared)
}

fn in_every_mode(effort: Effort, mode: &str) -> Vec<Comparison> {
    let mut compared: Vec<Comparison> = SIZES
        .iter()
        .map(|&(bytes, size)| Comparison {
            line: format!("echo node=2 size={bytes} count={}", effort.calls),
            floor: format!("raw node=2 size={bytes} count={}", effort.calls),
            wanted: vec![
                Wanted::call("p50", mode, bytes, size, P50_MAX),
                Wanted::call("p99", mode, bytes, size, P99_MAX),
            ],
        })
        .collect();
    compared.push(page(effort, mode));
    compared.push(bulk(effort, mode));
    compared
}

fn in_one_mode(effort: Effort, mode: &str) -> Vec<Comparison> {
    let count = effort.calls;
    let one = format!("echo node=2 size=64 count={count}");
    let raw = format!("raw node=2 size=64 count={count}");
    let mut worker = Wanted::call("p50", mode, 64, "64 B, served by a worker", P50_MAX);
    worker.name = format!("call-worker-{mode}-p50");
    worker.goal = None;
    let mut compared = vec![
        Comparison {
            line: format!("{one} mode=worker"),
            floor: raw.clone(),
            wanted: vec![worker],
        },
        Comparison {
            line: one.clone(),
            floor: raw,
            wanted: vec![Wanted::rate(mode, 1, "raw TCP")],
        },
    ];
    compared.extend([8, 64].map(|in_flight| Comparison {
        line: format!("{one} inflight={in_flight}"),
        floor: one.clone(),
        wanted: vec![Wanted::rate(mode, in_flight, "one at once")],
    }));
    compared
}

/// A call that takes 4 KiB along, which are more than arguments may be.
fn page(effort: Effort, mode: &str) -> Comparison {
    let count = effort.calls;
    let wanted = |share, most| Wanted::call(share, mode, PAGE_BYTES, "a page of 4 KiB", most);
    Comparison {
        line: format!("bulk node=2 pages=1 count={count} inflight=1 direction=in"),
        floor: format!("raw node=2 size={PAGE_BYTES} count={count}"),
        wanted: vec![wanted("p50", P50_MAX), wanted("p99", P99_MAX)],
    }
}

/// As much in calls with pages as over plain TCP; neither side copies when it
/// sends.
fn bulk(effort: Effort, mode: &str) -> Comparison {
    let calls = effort.call_bulk_bytes / (PAGES * PAGE_BYTES);
    let batches = effort.call_bulk_bytes / BATCH_BYTES;
    Comparison {
        line: format!("bulk node=2 pages={PAGES} count={calls} inflight={BULK_CALLS} direction=in"),
        floor: format!("raw_bulk node=2 count={batches}"),
        wanted: vec![Wanted {
            value: "mb_per_second",
            name: format!("call-bulk-{mode}"),
            what: format!("pages in {BULK_CALLS} calls at once, {mode}"),
            floor: "raw TCP",
            unit: Unit::MegabytesPerSecond,
            goal: (mode == "none").then_some(Goal::RatioAtLeast(BULK_MIN)),
            turns: Turns::default(),
        }],
    }
}

impl Wanted {
    fn call(share: &str, mode: &str, bytes: usize, size: &str, most: f64) -> Self {
        Self {
            value: match share {
                "p99" => "p99_us",
                _ => "p50_us",
            },
            name: format!("call-{bytes}-{mode}-{share}"),
            what: format!("call, {size}, {mode}: {share}"),
            floor: "raw TCP",
            unit: Unit::Microseconds,
            goal: (mode != "aead").then_some(Goal::RatioAtMost(most)),
            turns: Turns::default(),
        }
    }

    fn rate(mode: &str, in_flight: usize, floor: &'static str) -> Self {
        Self {
            value: "per_second",
            name: format!("call-rate-{in_flight}"),
            what: format!("calls, 64 B, {mode}, {in_flight} at once"),
            floor,
            unit: Unit::CallsPerSecond,
            goal: None,
            turns: Turns::default(),
        }
    }

    fn row(self) -> Result<Row> {
        let row = self
            .turns
            .row(&self.name, self.what.clone(), self.floor, self.unit);
        let row = row.with_context(|| self.what)?;
        Ok(match self.goal {
            Some(goal) => row.toward(goal),
            None => row,
        })
    }
}

/// Runs all comparisons once in each round. Every other time the floor is first.
fn take_turns(bench: &Bench, caller: &mut Peer, compared: &mut [Comparison]) -> Result<()> {
    for round in 0..bench.effort.call_rounds {
        for (place, one) in compared.iter_mut().enumerate() {
            let (found, floor) = if (round + place) % 2 == 0 {
                let found = links::run(caller, &one.line)?;
                (found, links::run(caller, &one.floor)?)
            } else {
                let floor = links::run(caller, &one.floor)?;
                (links::run(caller, &one.line)?, floor)
            };
            for wanted in &mut one.wanted {
                let value = wanted.value;
                wanted.turns.add(found.number(value)?, floor.number(value)?);
            }
        }
        bench.progress.step();
    }
    Ok(())
}

fn rows_of(compared: impl IntoIterator<Item = Comparison>) -> Result<Vec<Row>> {
    let wanted = compared.into_iter().flat_map(|one| one.wanted);
    wanted.map(Wanted::row).collect()
}
