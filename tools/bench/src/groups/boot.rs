// SPDX-License-Identifier: GPL-2.0

//! Boots of nodes and clusters.

use std::time::Instant;

use anyhow::Result;

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

/// Seconds to reach, for clusters of so many nodes.
const GOALS: [(u8, f64); 3] = [(3, 1.5), (16, 5.0), (63, 25.0)];

/// From nothing to the end of the first command on a node.
pub(super) fn one_node(bench: &Bench) -> Result<Vec<Row>> {
    let rounds = bench.effort.boots;
    bench.progress.begin("boot of a node", rounds);
    let row = compare(bench, rounds, 1, || first_command(bench))?;
    Ok(vec![row.named("boot", "one node: start to first command")])
}

/// From nothing to clusters of several sizes.
pub(super) fn clusters(bench: &Bench) -> Result<Vec<Row>> {
    let sizes = bench.effort.clusters;
    sizes
        .iter()
        .map(|&(nodes, rounds)| cluster(bench, nodes, rounds))
        .collect()
}

fn cluster(bench: &Bench, nodes: u8, rounds: usize) -> Result<Row> {
    bench
        .progress
        .begin(&format!("boot of {nodes} nodes"), rounds);
    let row = compare(bench, rounds, nodes, || {
        let (_cluster, took) = Cluster::timed_start(bench, nodes)?;
        Ok(took.as_secs_f64())
    })?;
    let row = row.named(&format!("nodes-{nodes}"), &format!("{nodes} nodes ready"));
    let goal = GOALS.iter().find(|(size, _)| *size == nodes);
    Ok(goal
        .iter()
        .fold(row, |row, (_, most)| row.toward(Goal::AtMost(*most))))
}

/// Boots of nodes, beside as many bare kernels.
struct Compared {
    kernels: u8,
    measured: Figure,
    floor: Figure,
    ratio: Ratio,
}

impl Compared {
    fn named(self, name: &str, what: &str) -> Row {
        let kernels = match self.kernels {
            1 => "bare kernel",
            _ => "bare kernels",
        };
        Row::new(name, what, self.measured).over(kernels, self.floor, self.ratio)
    }
}

/// Measures `boot` and the boot of `kernels` bare kernels in turns.
fn compare(
    bench: &Bench,
    rounds: usize,
    kernels: u8,
    boot: impl Fn() -> Result<f64>,
) -> Result<Compared> {
    let (mut measured, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        floor.push(bare_kernels(bench, kernels)?);
        measured.push(boot()?);
        bench.progress.step();
    }
    bench.progress.end();
    Ok(Compared {
        kernels,
        measured: Figure::of(&measured, Unit::Seconds)?,
        floor: Figure::of(&floor, Unit::Seconds)?,
        ratio: Ratio::of_rounds(&measured, &floor)?,
    })
}

/// Seconds from nothing until each of `count` bare kernels has a process.
fn bare_kernels(bench: &Bench, count: u8) -> Result<f64> {
    let began = Instant::now();
    let start = |_| Kernel::start(bench, Boot::alone(&bench.programs.plain));
    let kernels = (0..count).map(start).collect::<Result<Vec<_>>>()?;
    kernels.iter().try_for_each(|kernel| kernel.ready())?;
    Ok(began.elapsed().as_secs_f64())
}

fn first_command(bench: &Bench) -> Result<f64> {
    let began = Instant::now();
    let cluster = Cluster::start(bench, 1)?;
    cluster.run(&mut cluster.exec(1, &["true"]))?;
    Ok(began.elapsed().as_secs_f64())
}
