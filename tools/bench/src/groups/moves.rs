// SPDX-License-Identifier: GPL-2.0

//! Processes that move.
//!
//! A program on node 1 moves its children to node 2 and back. How long one stands still is
//! what the kernel says; its floor is a program that is started here, which takes a copy of a
//! process as well. How long the whole takes is compared with the time the links take for as
//! many bytes.

use anyhow::{
    ensure,
    Context,
    Result, //
};

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::Unit;
use crate::links;
use crate::peer::Peer;
use crate::question::{
    Answer,
    Question, //
};
use crate::row::Row;
use crate::turns::Turns;

/// Memory of the processes, in MiB.
const SIZES: [u32; 4] = [1, 16, 64, 256];

/// Memory of each node: room for all of them, and what the program has.
const MEMORY_MIB: u32 = 1024;

/// Moves of a small process in one turn.
const MOVES: u32 = 50;

/// Pages in a call of the floor, and calls at once.
const PAGES: usize = 256;
const CALLS: usize = 4;
const PAGE_BYTES: usize = 4096;

/// What the floor of a move passes at least, so that it is one.
const BULK_MIB_MIN: u32 = 64;

/// How long the job that is moved takes, about, in seconds; and the steps it is tried with.
const JOB_SECONDS: f64 = 5.0;
const JOB_STEPS: u64 = 1_000_000;

const MIB: f64 = 1_048_576.0;
const MB: f64 = 1e6;
const US_PER_MS: f64 = 1e3;
const MS_PER_S: f64 = 1e3;
const MS_PER_NS: f64 = 1e-6;
const NS_PER_S: f64 = 1e9;

/// Moves processes of several sizes, small ones as fast as it goes, and one that computes.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let rounds = bench.effort.call_rounds;
    bench
        .progress
        .begin("processes that move", (SIZES.len() + 2) * rounds);
    let cluster = Cluster::start_large(bench, 2, MEMORY_MIB)?;
    let mut guest = cluster.guest(1)?;
    // What moves has its program there.
    let _other = cluster.guest(2)?;
    let mut rows = Vec::new();
    for mib in SIZES {
        rows.extend(sized(bench, &mut guest, mib)?);
    }
    rows.push(small(bench, &mut guest)?);
    rows.push(computing(bench, &mut guest)?);
    bench.progress.end();
    Ok(rows)
}

/// How long one of `mib` stands still, and how long the whole takes.
fn sized(bench: &Bench, guest: &mut Peer, mib: u32) -> Result<[Row; 2]> {
    let pid = grown(guest, mib)?;
    let (mut pauses, mut totals) = (Turns::default(), Turns::default());
    for round in 0..bench.effort.call_rounds {
        let mut floor = (0.0, 0.0);
        if round % 2 == 0 {
            floor = floors(guest, mib)?;
        }
        let told = moved(guest, pid)?;
        if round % 2 != 0 {
            floor = floors(guest, mib)?;
        }
        pauses.add(told.pause_ms, floor.0);
        totals.add(told.total_ms, floor.1);
        bench.progress.step();
    }
    let row = |turns: &Turns, kind: &str, what: &str, floor| {
        let (name, what) = (format!("move-{kind}-{mib}"), format!("{what}, {mib} MiB"));
        turns.row(&name, what, floor, Unit::Milliseconds)
    };
    Ok([
        row(
            &pauses,
            "pause",
            "process moved: stands still",
            "fork, exec",
        )?,
        row(
            &totals,
            "total",
            "process moved: all of it",
            "pages in calls",
        )?,
    ])
}

/// A child with so much memory.
fn grown(guest: &mut Peer, mib: u32) -> Result<i32> {
    guest.tell(&Question::Grow { mib })?;
    let pids = guest.wait_for(|answer| match answer {
        Answer::Children { pids } => Some(pids),
        _ => None,
    })?;
    pids.first().copied().context("there is no child")
}

/// A program started here, and as many bytes between the nodes; milliseconds.
fn floors(guest: &mut Peer, mib: u32) -> Result<(f64, f64)> {
    let start = run_ns(guest, &["true"], 20)? * MS_PER_NS;
    let calls = mib.max(BULK_MIB_MIN) as usize * MIB as usize / (PAGES * PAGE_BYTES);
    let line = format!("bulk node=2 pages={PAGES} count={calls} inflight={CALLS} direction=out");
    let rate = links::run(guest, &line)?.number("mb_per_second")?;
    Ok((start, f64::from(mib) * MIB / MB / rate * MS_PER_S))
}

/// What the kernel said of a move.
struct Told {
    pause_ms: f64,
    total_ms: f64,
}

/// Moves process `pid` to node 2, and back.
fn moved(guest: &mut Peer, pid: i32) -> Result<Told> {
    let file = format!("/proc/{pid}/goto");
    guest.put(&file, "2")?;
    let told = Told::read(&guest.get("/proc/cluster/migrations")?, pid);
    guest.put(&file, "1")?;
    told
}

impl Told {
    /// Of the last move of process `pid`.
    fn read(text: &str, pid: i32) -> Result<Self> {
        let word = format!(" pid={pid} ");
        let is_its = |line: &&str| line.starts_with("move: ") && line.contains(&word);
        let line = text.lines().rfind(is_its);
        let line = line.context("the kernel tells of no such move")?;
        let number = |name: &str| -> Result<f64> {
            let mut words = line.split(' ').filter_map(|word| word.split_once('='));
            let value = words.find_map(|(known, value)| (known == name).then_some(value));
            let value = value.and_then(|value| value.parse::<f64>().ok());
            value.with_context(|| format!("the kernel did not tell `{name}`"))
        };
        Ok(Self {
            pause_ms: number("pause_us")? / US_PER_MS,
            total_ms: number("total_us")? / US_PER_MS,
        })
    }
}

/// A process that is as small as one can be, there and back as fast as it goes.
fn small(bench: &Bench, guest: &mut Peer) -> Result<Row> {
    let pid = grown(guest, 0)?;
    let mut turns = Turns::default();
    for _ in 0..bench.effort.call_rounds {
        let nodes = vec![2, 1];
        guest.tell(&Question::Move {
            pid,
            nodes,
            count: MOVES,
        })?;
        let ns = round_trip(guest)?;
        let start = run_ns(guest, &["true"], MOVES)?;
        turns.add(NS_PER_S / ns, NS_PER_S / start);
        bench.progress.step();
    }
    turns.row(
        "move-small",
        "moves of a small process",
        "fork, exec",
        Unit::MovesPerSecond,
    )
}

/// A job that computes and is moved once a second, beside one that is not.
fn computing(bench: &Bench, guest: &mut Peer) -> Result<Row> {
    let job = |steps: u64| format!("awk 'BEGIN {{ while (i < {steps}) i++ }}'");
    let trial = run_ns(guest, &["sh", "-c", &job(JOB_STEPS)], 3)?;
    let steps = (JOB_STEPS as f64 * JOB_SECONDS * NS_PER_S / trial) as u64;
    let still = job(steps);
    let moved = format!(
        "{still} & p=$!; (n=2; while sleep 1; do echo $n >/proc/$p/goto || exit; \
         n=$((3 - n)); done) 2>/dev/null & wait $p"
    );
    let mut turns = Turns::default();
    for round in 0..bench.effort.call_rounds {
        let before = done(guest)?;
        let mut times = [0.0; 2];
        for place in [round % 2, (round + 1) % 2] {
            let line = [&moved, &still][place];
            times[place] = run_ns(guest, &["sh", "-c", line], 1)? / NS_PER_S;
        }
        ensure!(done(guest)? > before, "the job did not move");
        turns.add(times[0], times[1]);
        bench.progress.step();
    }
    let what = "job that computes, moved once a second";
    turns.row("move-compute", what, "not moved", Unit::Seconds)
}

/// How many moved away from node 1 so far.
fn done(guest: &mut Peer) -> Result<u64> {
    let text = guest.get("/proc/cluster/migrations")?;
    let line = text.lines().find_map(|line| line.strip_prefix("moves: "));
    let mut words = line.unwrap_or_default().split(' ');
    let done = words.find_map(|word| word.strip_prefix("done="));
    let done = done.and_then(|done| done.parse().ok());
    done.context("the kernel does not count moves")
}

fn run_ns(guest: &mut Peer, words: &[&str], count: u32) -> Result<f64> {
    let words = words.iter().copied().map(str::to_owned).collect();
    guest.tell(&Question::Run { words, count })?;
    round_trip(guest)
}

fn round_trip(guest: &Peer) -> Result<f64> {
    guest.wait_for(|answer| match answer {
        Answer::RoundTrip { ns } => Some(ns),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_move_of_the_process_counts() {
        let line = |pid, pause| {
            format!(
                "move: id=1 state=done pid={pid} comm=x pause_us={pause} total_us=2500 errno=0\n"
            )
        };
        let text = format!(
            "moves: pid=7 \n{}{}{}",
            line(7, 1000),
            line(7, 2000),
            line(71, 3000)
        );
        let told = Told::read(&text, 7).unwrap();
        assert_eq!((told.pause_ms, told.total_ms), (2.0, 2.5));
        assert!(Told::read(&text, 8).is_err());
        assert!(Told::read("move: id=1 pid=8 comm=x\n", 8).is_err());
    }
}
