// SPDX-License-Identifier: GPL-2.0

//! What an idle cluster takes.

use std::thread;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::Result;
use rustix::process::Pid;

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::{
    Figure,
    Unit, //
};
use crate::kernel::{
    Boot,
    Kernel, //
};
use crate::ratio::Ratio;
use crate::row::{
    Goal,
    Row, //
};
use crate::usage::Usage;

/// Nodes of the cluster, and bare kernels beside it.
const NODES: u8 = 3;

/// How long a boot may still have an effect.
const SETTLE: Duration = Duration::from_secs(3);

/// Resident memory of an idle node to reach, in MiB.
const NODE_GOAL_MIB: f64 = 24.0;

/// Milliseconds in a second.
const MS: f64 = 1000.0;

/// What each process group used, and how much processor time it took.
struct Idle {
    memory_mib: Vec<f64>,
    cpu_ms_per_s: f64,
}

/// Watches an idle cluster and as many bare kernels at the same time.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    bench.progress.begin("an idle cluster", 2);
    let start = |_| Kernel::start(bench, Boot::alone(&bench.programs.plain));
    let kernels = (0..NODES).map(start).collect::<Result<Vec<_>>>()?;
    kernels.iter().try_for_each(|kernel| kernel.ready())?;
    let cluster = Cluster::start(bench, NODES)?;
    thread::sleep(SETTLE);
    bench.progress.step();
    let processes = cluster.processes()?;
    let bare: Vec<Pid> = kernels.iter().map(|kernel| kernel.pid()).collect();
    let watched = watch(
        &[&processes.nodes()?, &[processes.supervisor()?], &bare],
        bench.effort.idle,
    )?;
    bench.progress.end();
    rows(&watched)
}

fn rows([nodes, supervisor, bare]: &[Idle; 3]) -> Result<Vec<Row>> {
    let node = Row::new("memory-node", "memory of an idle node", mib(nodes)?).over(
        "bare kernel",
        mib(bare)?,
        Ratio::of_rounds(&nodes.memory_mib, &bare.memory_mib)?,
    );
    let what = format!("memory of the supervisor, {NODES} nodes");
    Ok(vec![
        node.toward(Goal::AtMost(NODE_GOAL_MIB)),
        Row::new("memory-supervisor", what, mib(supervisor)?),
        cpu(nodes, supervisor, bare)?,
    ])
}

fn mib(idle: &Idle) -> Result<Figure> {
    Figure::of(&idle.memory_mib, Unit::Mebibytes)
}

/// The bare kernels may have used no processor at all; then there is no ratio.
fn cpu(nodes: &Idle, supervisor: &Idle, bare: &Idle) -> Result<Row> {
    let cluster = [nodes.cpu_ms_per_s + supervisor.cpu_ms_per_s];
    let bare = [bare.cpu_ms_per_s];
    let figure = |of: &[f64]| Figure::of(of, Unit::CpuMilliseconds);
    let what = format!("processor time of an idle cluster, {NODES} nodes");
    let row = Row::new("idle-cpu", what, figure(&cluster)?);
    match Ratio::of_rounds(&cluster, &bare) {
        Ok(ratio) => Ok(row.over("bare kernels", figure(&bare)?, ratio)),
        Err(_) => Ok(row),
    }
}

/// Watches three sets of process groups for `time`.
fn watch(sets: &[&[Pid]; 3], time: Duration) -> Result<[Idle; 3]> {
    let began = Instant::now();
    let before = usages(sets)?;
    thread::sleep(time);
    let after = usages(sets)?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(std::array::from_fn(|set| Idle {
        memory_mib: after[set].iter().map(|usage| usage.pss_mib).collect(),
        cpu_ms_per_s: (cpu_s(&after[set]) - cpu_s(&before[set])) * MS / seconds,
    }))
}

fn usages(sets: &[&[Pid]; 3]) -> Result<[Vec<Usage>; 3]> {
    let of = |set: &[Pid]| set.iter().map(|leader| Usage::of_group(*leader)).collect();
    let [a, b, c]: [Result<Vec<Usage>>; 3] = sets.map(of);
    Ok([a?, b?, c?])
}

fn cpu_s(usages: &[Usage]) -> f64 {
    usages.iter().map(|usage| usage.cpu.as_secs_f64()).sum()
}
