// SPDX-License-Identifier: GPL-2.0

//! Boots of nodes and clusters.

use std::time::Instant;

use anyhow::{
    ensure,
    Result, //
};

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::{
    Figure,
    Unit, //
};
use crate::guest_clock;
use crate::kernel::{
    Boot,
    Kernel, //
};
use crate::ratio::Ratio;
use crate::row::{
    Goal,
    Row, //
};

const NS: f64 = 1e9;
const MS: f64 = 1000.0;

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
    let rows = sizes
        .iter()
        .map(|&(nodes, rounds)| cluster(bench, nodes, rounds))
        .collect::<Result<Vec<_>>>()?;
    let (boots, agreements): (Vec<Row>, Vec<Row>) = rows.into_iter().unzip();
    Ok([boots, agreements].concat())
}

/// The row of the boot, and that of the agreement behind it.
fn cluster(bench: &Bench, nodes: u8, rounds: usize) -> Result<(Row, Row)> {
    bench
        .progress
        .begin(&format!("boot of {nodes} nodes"), rounds);
    let mut agreed = Vec::new();
    let row = compare(bench, rounds, nodes, || {
        let (cluster, took) = Cluster::timed_start(bench, nodes)?;
        agreed.push(agreement_ms(&cluster)?);
        Ok(took.as_secs_f64())
    })?;
    let what = format!("{nodes} nodes ready and in one view");
    let row = row.named(&format!("nodes-{nodes}"), &what);
    let goal = GOALS.iter().find(|(size, _)| *size == nodes);
    let row = goal
        .iter()
        .fold(row, |row, (_, most)| row.toward(Goal::AtMost(*most)));
    let what = format!("{nodes} nodes: last ready to all UP");
    let agreed = Figure::of(&agreed, Unit::Milliseconds)?;
    Ok((row, Row::new(&format!("agreed-{nodes}"), what, agreed)))
}

/// Milliseconds from the moment the last node was ready until the last was UP for
/// the coordinator; 0 if it was before. A kernel joins before its programs run.
fn agreement_ms(cluster: &Cluster<'_>) -> Result<f64> {
    let ready_for_s = cluster.processes()?.ready_for_s();
    let now = guest_clock::now_ns()? as f64 / NS;
    let events = cluster.read(1, "/proc/cluster/events")?;
    let last = events.lines().filter_map(up_at).fold(0.0, f64::max);
    ensure!(last > 0.0, "no event tells that a node is UP");
    Ok(((last - (now - ready_for_s)) * MS).max(0.0))
}

/// When an event tells that a node was UP, if it does: its number, the view's, the
/// node, its state before, its state now, the cause, the time.
fn up_at(event: &str) -> Option<f64> {
    let words: Vec<&str> = event.split(' ').collect();
    let is_up = words.get(4) == Some(&"UP");
    words.get(6).filter(|_| is_up)?.parse().ok()
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
    mut boot: impl FnMut() -> Result<f64>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_node_that_is_up_has_a_time() {
        assert_eq!(up_at("2 1 1 COMINGUP UP subsystems 17.25 1"), Some(17.25));
        assert_eq!(up_at("7 3 3 UP GOINGDOWN died 17.5 2"), None);
        assert_eq!(up_at("lost 3"), None);
    }
}
