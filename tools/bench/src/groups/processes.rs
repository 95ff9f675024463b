// SPDX-License-Identifier: GPL-2.0

//! Processes of other nodes.
//!
//! A program on node 1 signals a process of node 2 and reads its `stat`; the floor
//! is plain TCP between the same two kernels. Then a program looks at all processes
//! of a cluster, as `ps` does; the floor is a walk over as many in an equal cluster
//! where all of them are on the node of the program.

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
    Question,
    Touch, //
};
use crate::row::{
    Goal,
    Row, //
};
use crate::turns::Turns;

/// The middle of all signals, at most so many round trips of plain TCP.
const KILL_MAX: f64 = 1.5;

/// The same for a file, which takes three calls: to look for the process and for the
/// file, and to read it.
const STAT_MAX: f64 = 3.0 * KILL_MAX;

/// A walk over the processes of all nodes, at most so many over those of one.
const WALK_MAX: f64 = 2.0;

/// Nodes of a cluster that is walked over.
const NODES: u8 = 3;

/// Processes on each of them.
const EACH: u32 = 1_000;

/// All of them.
const ALL: u32 = EACH * NODES as u32;

/// Memory of each node: room for [`ALL`].
const MEMORY_MIB: u32 = 1024;

const US_PER_NS: f64 = 1e-3;
const MS_PER_NS: f64 = 1e-6;

/// Touches of one kind.
struct Touches {
    touch: Touch,
    name: &'static str,
    what: &'static str,
    goal: Goal,
    over_raw: Turns,
    over_near: Turns,
}

/// Touches single processes, then walks over all.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (touches, walks) = (bench.effort.touch_rounds, bench.effort.walk_rounds);
    bench.progress.begin("processes", touches + walks);
    let mut rows = touch(bench)?;
    rows.push(walk(bench)?);
    bench.progress.end();
    Ok(rows)
}

fn touch(bench: &Bench) -> Result<Vec<Row>> {
    let cluster = Cluster::start(bench, 2)?;
    let (mut guest, mut other) = (cluster.guest(1)?, cluster.guest(2)?);
    let near = bred(&mut guest, 1)?;
    let far = bred(&mut other, 1)?;
    let mut kinds = [
        Touches::new(Touch::Kill, "kill", "kill(pid, 0)", KILL_MAX),
        Touches::new(
            Touch::ReadStat,
            "stat",
            "open, read and close stat",
            STAT_MAX,
        ),
    ];
    for round in 0..bench.effort.touch_rounds {
        for one in &mut kinds {
            one.take_turn(bench, &mut guest, [far, near], round)?;
        }
        bench.progress.step();
    }
    let rows = kinds.iter().map(Touches::rows);
    Ok(rows.collect::<Result<Vec<_>>>()?.concat())
}

/// Each cluster has so many processes; in one they are on all nodes, in the other
/// on the first.
fn walk(bench: &Bench) -> Result<Row> {
    let [spread, near] = Cluster::start_two(bench, NODES, MEMORY_MIB)?;
    let nodes = 1..=NODES;
    let guests = nodes.map(|node| spread.guest(node));
    let mut guests = guests.collect::<Result<Vec<_>>>()?;
    let mut floor = near.guest(1)?;
    // All at once: it takes longer than all else here.
    floor.tell(&Question::Breed { count: ALL })?;
    for guest in &mut guests {
        guest.tell(&Question::Breed { count: EACH })?;
    }
    guests
        .iter()
        .chain([&floor])
        .try_for_each(|guest| first_bred(guest).map(drop))?;
    let walker = guests.first_mut().context("no node")?;
    // The first walk over each makes what the kernel keeps of processes in /proc.
    walk_ms(walker)?;
    walk_ms(&mut floor)?;
    let mut turns = Turns::default();
    for round in 0..bench.effort.walk_rounds {
        if round % 2 == 0 {
            let measured = walk_ms(walker)?;
            turns.add(measured, walk_ms(&mut floor)?);
        } else {
            let floor = walk_ms(&mut floor)?;
            turns.add(walk_ms(walker)?, floor);
        }
        bench.progress.step();
    }
    let what = format!("stat and cmdline of {NODES} x {EACH} processes");
    let row = turns.row("process-walk", what, "all on one node", Unit::Milliseconds)?;
    Ok(row.toward(Goal::RatioAtMost(WALK_MAX)))
}

impl Touches {
    fn new(touch: Touch, name: &'static str, what: &'static str, most: f64) -> Self {
        Self {
            touch,
            name,
            what,
            goal: Goal::RatioAtMost(most),
            over_raw: Turns::default(),
            over_near: Turns::default(),
        }
    }

    /// Touches a process far and one near; the raw round trip stands between them, and
    /// every other time the near one is first.
    fn take_turn(
        &mut self,
        bench: &Bench,
        guest: &mut Peer,
        pids: [i32; 2],
        round: usize,
    ) -> Result<()> {
        let count = bench.effort.touches;
        let turned = round % 2;
        let first = touch_us(guest, self.touch, pids[turned], count)?;
        let raw = links::run(guest, &format!("raw node=2 size=64 count={count}"))?;
        let second = touch_us(guest, self.touch, pids[1 - turned], count)?;
        let (far, near) = match turned {
            0 => (first, second),
            _ => (second, first),
        };
        self.over_raw.add(far, raw.number("p50_us")?);
        self.over_near.add(far, near);
        Ok(())
    }

    fn rows(&self) -> Result<Vec<Row>> {
        let row = |turns: &Turns, name, floor| {
            let name = format!("process-{}{name}", self.name);
            let what = format!("{} on another node: p50", self.what);
            turns.row(&name, what, floor, Unit::Microseconds)
        };
        let over_raw = row(&self.over_raw, "", "raw TCP")?.toward(self.goal);
        Ok(vec![over_raw, row(&self.over_near, "-near", "this node")?])
    }
}

/// Touches process `pid`; the median, in microseconds.
pub(super) fn touch_us(guest: &mut Peer, touch: Touch, pid: i32, count: u32) -> Result<f64> {
    guest.tell(&Question::Touch { touch, pid, count })?;
    guest.wait_for(|answer| match answer {
        Answer::RoundTrip { ns } => Some(ns * US_PER_NS),
        _ => None,
    })
}

/// Starts `count` idle processes; the number of the first.
pub(super) fn bred(guest: &mut Peer, count: u32) -> Result<i32> {
    guest.tell(&Question::Breed { count })?;
    first_bred(guest)
}

fn first_bred(guest: &Peer) -> Result<i32> {
    let bred = guest.wait_for(|answer| match answer {
        Answer::Children { pids } => Some(pids),
        _ => None,
    })?;
    bred.first().copied().context("no process was started")
}

fn walk_ms(guest: &mut Peer) -> Result<f64> {
    guest.tell(&Question::Walk)?;
    let (ns, bred) = guest.wait_for(|answer| match answer {
        Answer::Walked { ns, bred } => Some((ns, bred)),
        _ => None,
    })?;
    ensure!(bred == ALL, "{bred} of {ALL} processes were seen");
    Ok(ns as f64 * MS_PER_NS)
}
