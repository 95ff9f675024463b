// SPDX-License-Identifier: GPL-2.0

//! Programs on other nodes.
//!
//! A program on node 1 starts others with `onnode`, on node 2 and, as the floor, on node
//! 1 itself, where it is a plain execve(2). Pipes with ends on other nodes are compared with
//! plain TCP between the kernels of two nodes.

use anyhow::{
    Context,
    Result, //
};

use super::processes;
use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::Unit;
use crate::links;
use crate::peer::Peer;
use crate::question::{
    Answer,
    Question,
    Touch, //
};
use crate::row::{
    Goal,
    Row, //
};
use crate::turns::Turns;

/// A program elsewhere, from its start to its end, at most so many times one here.
const START_MAX: f64 = 2.0;

/// The same beside fork(2) and execve(2) of the program alone, less so many round trips.
const TRUE_MAX: f64 = 3.0;
const TRUE_ROUND_TRIPS: f64 = 4.0;

/// Nodes that programs are spread over, and how many run at once.
const SPREADS: [u8; 3] = [2, 4, 8];
const AT_ONCE: u32 = 64;

/// Bytes through a pipe.
const PIPE_BYTES: usize = 256 << 20;

/// What a program reads and writes at once, with its name: for the goals, and as cat(1).
const BLOCKS: [(usize, &str); 2] = [(1 << 20, "1 MiB"), (128 << 10, "128 KiB")];

/// At least this share of what plain TCP moves goes through a pipe with one end on another
/// node, and through three nodes in a row.
const ONE_END_MIN: f64 = 0.5;
const THREE_NODES_MIN: f64 = 0.2;

/// To wait for a child elsewhere takes at most so many round trips of plain TCP more than here.
const WAIT_MAX: f64 = 1.5;

/// What says by the end of its output that it is at work, and does nothing.
const IDLE: &str = "exec sleep 1000 >/dev/null";

/// Bytes through a terminal.
const TERMINAL_BYTES: u64 = 16 << 20;

/// Bytes of a batch of plain TCP.
const BATCH_BYTES: usize = 64 << 10;

/// How frames are protected, as plain TCP does and as holds on one host, and the blocks.
const SERIES: [(&str, (usize, &str)); 3] =
    [("none", BLOCKS[0]), ("none", BLOCKS[1]), ("mac", BLOCKS[0])];

const MS_PER_NS: f64 = 1e-6;
const US_PER_MS: f64 = 1e3;
const NS_PER_US: f64 = 1e3;
const MB: f64 = 1e6;
const NS_PER_S: f64 = 1e9;

/// Starts programs, then passes bytes through them.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let rounds = bench.effort.call_rounds;
    bench.progress.begin(
        "programs on other nodes",
        (4 + SPREADS.len() + SERIES.len()) * rounds,
    );
    let mut rows = with_three(bench)?;
    for nodes in SPREADS {
        rows.push(spread(bench, nodes)?);
    }
    bench.progress.end();
    Ok(rows)
}

fn with_three(bench: &Bench) -> Result<Vec<Row>> {
    let cluster = Cluster::start(bench, 3)?;
    let mut nodes = [cluster.guest(1)?, cluster.guest(2)?, cluster.guest(3)?];
    let mut rows = vec![
        start(bench, &mut nodes[0])?,
        start_true(bench, &mut nodes[0])?,
        wait(bench, &mut nodes)?,
    ];
    links::secure(&mut nodes, "none")?;
    rows.extend(terminals(bench, &mut nodes[0])?);
    for (mode, block) in SERIES {
        links::secure(&mut nodes, mode)?;
        rows.extend(pipes(bench, &mut nodes[0], mode, block)?);
    }
    Ok(rows)
}

/// A program elsewhere beside one that a shell would start here.
fn start_true(bench: &Bench, guest: &mut Peer) -> Result<Row> {
    let count = bench.effort.touches / 6;
    let trips = links::run(
        guest,
        &format!("raw node=2 size=64 count={}", bench.effort.calls),
    )?;
    let trips_ms = TRUE_ROUND_TRIPS * trips.number("p50_us")? / US_PER_MS;
    let run = |guest: &mut Peer, node: u8| {
        Ok(match node {
            1 => run_ns(guest, ["true"], count)? * MS_PER_NS,
            _ => run_ns(guest, ["onnode", "2", "true"], count)? * MS_PER_NS - trips_ms,
        })
    };
    let turns = take_turns(bench, guest, run)?;
    let what = "onnode 2 true, less four round trips";
    let row = turns.row("migrate-true", what, "true", Unit::Milliseconds)?;
    Ok(row.toward(Goal::RatioAtMost(TRUE_MAX)))
}

/// From a kill to the end of wait4(2) for a child elsewhere; less the same for one here, which
/// dies as long, and less a kill of a process elsewhere.
fn wait(bench: &Bench, nodes: &mut [Peer; 3]) -> Result<Row> {
    let [guest, other, _] = nodes;
    let idle = processes::bred(other, 1)?;
    let mut turns = Turns::default();
    for round in 0..bench.effort.call_rounds {
        let (far, near) = match round % 2 {
            0 => {
                let far = reap_us(bench, guest, &["onnode", "2", "sh", "-c", IDLE])?;
                (far, reap_us(bench, guest, &["sh", "-c", IDLE])?)
            }
            _ => {
                let near = reap_us(bench, guest, &["sh", "-c", IDLE])?;
                (
                    reap_us(bench, guest, &["onnode", "2", "sh", "-c", IDLE])?,
                    near,
                )
            }
        };
        let kill = processes::touch_us(guest, Touch::Kill, idle, bench.effort.touches)?;
        let raw = links::run(
            guest,
            &format!("raw node=2 size=64 count={}", bench.effort.touches),
        )?;
        turns.add(far - near - kill, raw.number("p50_us")?);
        bench.progress.step();
    }
    let what = "wait4 for a child on another node, less one here";
    let row = turns.row("migrate-wait", what, "raw TCP", Unit::Microseconds)?;
    Ok(row.toward(Goal::RatioAtMost(WAIT_MAX)))
}

fn reap_us(bench: &Bench, guest: &mut Peer, words: &[&str]) -> Result<f64> {
    let words = words.iter().copied().map(str::to_owned).collect();
    let count = bench.effort.touches / 6;
    guest.tell(&Question::Reap { words, count })?;
    guest
        .wait_for(|answer| match answer {
            Answer::RoundTrip { ns } => Some(ns / NS_PER_US),
            _ => None,
        })
        .context("a child that is waited for")
}

/// Who is at the other end of a terminal of node 1.
struct End {
    name: &'static str,
    what: &'static str,
    reads: bool,
    over_near: Turns,
    over_raw: Turns,
}

impl End {
    fn new(name: &'static str, what: &'static str, reads: bool) -> Self {
        Self {
            name,
            what,
            reads,
            over_near: Turns::default(),
            over_raw: Turns::default(),
        }
    }

    /// Megabytes in a second with the program on `node`.
    fn pass(&self, guest: &mut Peer, node: u8) -> Result<f64> {
        let bytes = TERMINAL_BYTES;
        let line = match self.reads {
            true => format!("onnode {node} head -c {bytes}"),
            false => format!("onnode {node} head -c {bytes} /dev/zero"),
        };
        let words = line.split(' ').map(str::to_owned).collect();
        let reads = self.reads;
        guest.tell(&Question::Terminal {
            words,
            reads,
            bytes,
        })?;
        let ns = guest.wait_for(|answer| match answer {
            Answer::Received { ns, .. } => Some(ns),
            _ => None,
        })?;
        Ok(bytes as f64 / MB * NS_PER_S / ns as f64)
    }

    fn rows(&self) -> Result<[Row; 2]> {
        let row = |turns: &Turns, floor: &str, word: &'static str| {
            let name = format!("migrate-terminal-{}-{floor}", self.name);
            turns.row(&name, self.what, word, Unit::MegabytesPerSecond)
        };
        Ok([
            row(&self.over_raw, "tcp", "raw TCP")?,
            row(&self.over_near, "near", "this node")?,
        ])
    }
}

/// Terminals of node 1, beside those with a program there and plain TCP.
fn terminals(bench: &Bench, guest: &mut Peer) -> Result<Vec<Row>> {
    let mut ends = [
        End::new("writer", "terminal, its writer on another node", false),
        End::new("reader", "terminal, its reader on another node", true),
    ];
    for round in 0..bench.effort.call_rounds {
        for end in &mut ends {
            let (first, second) = if round % 2 == 0 { (2, 1) } else { (1, 2) };
            let one = end.pass(guest, first)?;
            let raw = plain_tcp(guest)?;
            let other = end.pass(guest, second)?;
            let (far, near) = if first == 2 {
                (one, other)
            } else {
                (other, one)
            };
            end.over_near.add(far, near);
            end.over_raw.add(far, raw);
        }
        bench.progress.step();
    }
    let rows = ends.iter().map(End::rows).collect::<Result<Vec<_>>>()?;
    Ok(rows.concat())
}

/// Short programs on `nodes` nodes in turn, and as the floor on the one that starts them.
fn spread(bench: &Bench, nodes: u8) -> Result<Row> {
    let cluster = Cluster::start(bench, nodes)?;
    let mut guest = cluster.guest(1)?;
    let run = |guest: &mut Peer, node: u8| {
        let over = if node == 1 { 1 } else { nodes };
        let line = format!(
            "i=0; while [ $i -lt {AT_ONCE} ]; do \
             onnode $((i % {over} + 1)) true & i=$((i + 1)); done; wait"
        );
        Ok(f64::from(AT_ONCE) * NS_PER_S / run_ns(guest, ["sh", "-c", &line], 1)?)
    };
    let turns = take_turns(bench, &mut guest, run)?;
    let (name, what) = (
        format!("migrate-spread-{nodes}"),
        format!("short programs, {AT_ONCE} at once on {nodes} nodes"),
    );
    turns.row(&name, what, "on one of them", Unit::ProgramsPerSecond)
}

fn start(bench: &Bench, guest: &mut Peer) -> Result<Row> {
    let count = bench.effort.touches / 6;
    let run = |guest: &mut Peer, node: u8| {
        let words = format!("onnode {node} true");
        Ok(run_ns(guest, words.split(' '), count)? * MS_PER_NS)
    };
    let turns = take_turns(bench, guest, run)?;
    let what = "onnode: start, exec, end and wait";
    let row = turns.row("migrate-start", what, "this node", Unit::Milliseconds)?;
    Ok(row.toward(Goal::RatioAtMost(START_MAX)))
}

/// A line of the shell that passes `PIPE_BYTES`.
struct Line {
    name: &'static str,
    what: &'static str,
    text: String,
    at_least: f64,
}

fn lines(block: usize) -> [Line; 3] {
    let count = PIPE_BYTES / block;
    let from = format!("dd if=/dev/zero bs={block} count={count} 2>/dev/null");
    let to = format!("dd of=/dev/null bs={block} 2>/dev/null");
    let between = format!("dd bs={block} 2>/dev/null");
    [
        Line {
            name: "writer",
            what: "pipe, its writer on another node",
            text: format!("onnode 2 {from} | {to}"),
            at_least: ONE_END_MIN,
        },
        Line {
            name: "reader",
            what: "pipe, its reader on another node",
            text: format!("{from} | onnode 2 {to}"),
            at_least: ONE_END_MIN,
        },
        Line {
            name: "three",
            what: "pipes, three nodes in a row",
            text: format!("onnode 1 {from} | onnode 2 {between} | onnode 3 {to}"),
            at_least: THREE_NODES_MIN,
        },
    ]
}

/// Pipes over nodes, beside plain TCP, which protects nothing.
fn pipes(
    bench: &Bench,
    guest: &mut Peer,
    mode: &str,
    (block, size): (usize, &str),
) -> Result<Vec<Row>> {
    let mut all = lines(block).map(|line| (line, Turns::default()));
    for round in 0..bench.effort.call_rounds {
        for (place, (line, turns)) in all.iter_mut().enumerate() {
            if (round + place) % 2 == 0 {
                let pipe = pipe(guest, &line.text)?;
                turns.add(pipe, plain_tcp(guest)?);
            } else {
                let floor = plain_tcp(guest)?;
                turns.add(pipe(guest, &line.text)?, floor);
            }
        }
        bench.progress.step();
    }
    let rows = all.into_iter().map(|(line, turns)| {
        let (name, what) = (
            format!("migrate-pipe-{}-{mode}-{block}", line.name),
            format!("{}, {size}, {mode}", line.what),
        );
        let row = turns.row(&name, what, "raw TCP", Unit::MegabytesPerSecond)?;
        let is_goal = mode == "none" && block == BLOCKS[0].0;
        Ok(match is_goal {
            true => row.toward(Goal::RatioAtLeast(line.at_least)),
            false => row,
        })
    });
    rows.collect()
}

fn pipe(guest: &mut Peer, line: &str) -> Result<f64> {
    let ns = run_ns(guest, ["sh", "-c", line], 1)?;
    Ok(PIPE_BYTES as f64 / MB * NS_PER_S / ns)
}

fn plain_tcp(guest: &mut Peer) -> Result<f64> {
    let count = PIPE_BYTES / BATCH_BYTES;
    links::run(guest, &format!("raw_bulk node=2 count={count}"))?.number("mb_per_second")
}

/// Measures on node 2 and on node 1, each first every other time.
fn take_turns(
    bench: &Bench,
    guest: &mut Peer,
    run: impl Fn(&mut Peer, u8) -> Result<f64>,
) -> Result<Turns> {
    let mut turns = Turns::default();
    for round in 0..bench.effort.call_rounds {
        if round % 2 == 0 {
            let far = run(guest, 2)?;
            turns.add(far, run(guest, 1)?);
        } else {
            let near = run(guest, 1)?;
            turns.add(run(guest, 2)?, near);
        }
        bench.progress.step();
    }
    Ok(turns)
}

fn run_ns<'a>(
    guest: &mut Peer,
    words: impl IntoIterator<Item = &'a str>,
    count: u32,
) -> Result<f64> {
    let words = words.into_iter().map(str::to_owned).collect();
    guest.tell(&Question::Run { words, count })?;
    guest
        .wait_for(|answer| match answer {
            Answer::RoundTrip { ns } => Some(ns),
            _ => None,
        })
        .context("a program on a node")
}
