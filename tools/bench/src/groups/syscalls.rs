// SPDX-License-Identifier: GPL-2.0

//! System calls with and without SSI.
//!
//! The difference to find is smaller than the difference between two boots of
//! the same kernel. So many pairs are booted, one of each kernel, on the same
//! processor; within a pair the loops of the two take turns (A B B A), each
//! keeps its fastest batch, and the pair counts as one ratio. The loops run in an
//! ordinary process: process 1 of a node alone sees no cluster.

use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::Result;

use crate::bench::Bench;
use crate::figure::{
    Figure,
    Unit, //
};
use crate::kernel::{
    Boot,
    Kernel,
    Server, //
};
use crate::question::{
    Action,
    Question, //
};
use crate::ratio::Ratio;
use crate::row::{
    Goal,
    Row, //
};
use crate::sockets;

/// The upper end of the interval is to be below this.
const INTERVAL_GOAL: f64 = 1.02;

/// Calls in a batch: about a millisecond, so that even on a busy machine the
/// fastest of many batches was not interrupted.
const CALLS: u32 = 150;

/// Batches of calls in one turn.
const CALL_BATCHES: u32 = 12;

/// Batches of calls that name a process in one turn: enough for their goal, and
/// a run is long as it is.
const PROCESS_BATCHES: u32 = 4;

/// Reads of a file of `/proc` in a batch; each takes several calls.
const READS: u32 = 25;

/// Children in one turn, each a batch of its own.
const SPAWN_BATCHES: u32 = 6;

/// One loop, and what it gave in each pair of boots.
struct Loop {
    name: &'static str,
    what: &'static str,
    question: Question,
    count: u32,
    ssi: Vec<f64>,
    plain: Vec<f64>,
}

/// A kernel with SSI and one without, on the same processor.
struct Boots {
    ssi: Kernel,
    plain: Kernel,
}

/// Compares the kernels over many pairs of boots.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let pairs = bench.effort.boot_pairs;
    let cpus = std::thread::available_parallelism()?.get();
    let mut loops = loops();
    bench.progress.begin("system calls", pairs);
    for pair in 0..pairs {
        let mut boots = Boots::start(bench, pair % cpus, pair)?;
        for one in &mut loops {
            one.measure(&mut boots, bench.effort.turns)?;
        }
        bench.progress.step();
    }
    bench.progress.end();
    loops.into_iter().map(Loop::row).collect()
}

fn loops() -> [Loop; 6] {
    let repeat = |action, count, batches| Question::Repeat {
        action,
        count,
        batches,
    };
    let calls = |action| repeat(action, CALLS, CALL_BATCHES);
    let about_child = |action| repeat(action, CALLS, PROCESS_BATCHES);
    let write = calls(Action::WriteNull);
    let spawns = repeat(Action::Spawn, 1, SPAWN_BATCHES);
    let kill = about_child(Action::KillChild);
    let wait = about_child(Action::WaitChild);
    let read = repeat(Action::ReadOwnStat, READS, PROCESS_BATCHES);
    let own_stat = "open, read and close /proc/self/stat";
    [
        Loop::new("getpid", "getpid()", calls(Action::Getpid), CALLS),
        Loop::new("write-null", "write() to /dev/null", write, CALLS),
        Loop::new("fork-exec", "fork, exec, exit and wait", spawns, 1),
        Loop::new("kill-child", "kill(pid, 0) of a child", kill, CALLS),
        Loop::new("wait-child", "wait4() for a child that runs", wait, CALLS),
        Loop::new("own-stat", own_stat, read, READS),
    ]
}

impl Boots {
    /// Boots both on processor `cpu`; which goes first alternates.
    fn start(bench: &Bench, cpu: usize, pair: usize) -> Result<Self> {
        let (ssi, plain) = (&bench.programs.kernel, &bench.programs.plain);
        let (a, b) = sockets::pair()?;
        if pair % 2 == 0 {
            let ssi = boot(bench, ssi, cpu, a)?;
            let plain = boot(bench, plain, cpu, b)?;
            return Ok(Self { ssi, plain });
        }
        let plain = boot(bench, plain, cpu, b)?;
        let ssi = boot(bench, ssi, cpu, a)?;
        Ok(Self { ssi, plain })
    }
}

/// Boots a node whose only neighbour is a kernel that knows of no cluster.
fn boot(bench: &Bench, image: &Path, cpu: usize, net: OwnedFd) -> Result<Kernel> {
    let boot = Boot {
        cpu: Some(cpu),
        net: Some(net),
        server: Server::Child,
        ..Boot::alone(image)
    };
    let kernel = Kernel::start(bench, boot)?;
    kernel.ready()?;
    Ok(kernel)
}

impl Loop {
    fn new(name: &'static str, what: &'static str, question: Question, count: u32) -> Self {
        Self {
            name,
            what,
            question,
            count,
            ssi: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// Keeps the fastest batch of each kernel, in µs for one call.
    fn measure(&mut self, boots: &mut Boots, turns: usize) -> Result<()> {
        let (mut ssi, mut plain) = (f64::INFINITY, f64::INFINITY);
        for turn in 0..turns {
            if turn % 2 == 0 {
                ssi = ssi.min(boots.ssi.time(&self.question)?);
                plain = plain.min(boots.plain.time(&self.question)?);
            } else {
                plain = plain.min(boots.plain.time(&self.question)?);
                ssi = ssi.min(boots.ssi.time(&self.question)?);
            }
        }
        let us_per_call = 1.0 / (1000.0 * f64::from(self.count));
        self.ssi.push(ssi * us_per_call);
        self.plain.push(plain * us_per_call);
        Ok(())
    }

    fn row(self) -> Result<Row> {
        let ratio = Ratio::of_pairs(&self.ssi, &self.plain)?;
        let plain = Figure::of(&self.plain, Unit::Microseconds)?;
        let row = Row::new(
            self.name,
            self.what,
            Figure::of(&self.ssi, Unit::Microseconds)?,
        );
        let goal = Goal::IntervalBelow(INTERVAL_GOAL);
        Ok(row.over("unpatched kernel", plain, ratio).toward(goal))
    }
}
