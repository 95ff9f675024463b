// SPDX-License-Identifier: GPL-2.0

//! Programs on other nodes.
//!
//! A program on node 1 starts others with `onnode`, on node 2 and, as the floor, on node
//! 1 itself, where it is a plain execve(2).

use anyhow::{
    Context,
    Result, //
};

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::Unit;
use crate::peer::Peer;
use crate::question::{
    Answer,
    Question, //
};
use crate::row::{
    Goal,
    Row, //
};
use crate::turns::Turns;

/// A program elsewhere, from its start to its end, at most so many times one here.
const START_MAX: f64 = 2.0;

/// Bytes through a program between two pipes.
const PIPE_BYTES: u32 = 64 << 20;

const MS_PER_NS: f64 = 1e-6;
const MB: f64 = 1e6;
const NS_PER_S: f64 = 1e9;

/// Starts programs, then passes bytes through one.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let rounds = bench.effort.call_rounds;
    bench.progress.begin("programs on other nodes", 2 * rounds);
    let cluster = Cluster::start(bench, 2)?;
    let mut guest = cluster.guest(1)?;
    let rows = vec![start(bench, &mut guest)?, pipe(bench, &mut guest)?];
    bench.progress.end();
    Ok(rows)
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

fn pipe(bench: &Bench, guest: &mut Peer) -> Result<Row> {
    let run = |guest: &mut Peer, node: u8| {
        let line = format!("head -c {PIPE_BYTES} /dev/zero | onnode {node} cat | cat >/dev/null");
        let ns = run_ns(guest, ["sh", "-c", &line], 1)?;
        Ok(f64::from(PIPE_BYTES) / MB * NS_PER_S / ns)
    };
    let turns = take_turns(bench, guest, run)?;
    let what = "through onnode cat, between two pipes";
    turns.row("migrate-pipe", what, "this node", Unit::MegabytesPerSecond)
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
