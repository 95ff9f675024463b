// SPDX-License-Identifier: GPL-2.0

//! Views after a failure.
//!
//! A program on every survivor waits for the cluster's events. What is measured
//! ends when the last of them has read that the view without the failed node is
//! active; it begins before the signal is sent. The times of the nodes are put
//! on the host's clock.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{
    Context,
    Result, //
};
use rustix::process::{
    kill_process_group,
    Signal, //
};

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::figure::{
    Figure,
    Unit, //
};
use crate::guest_clock::{
    self,
    GuestClock, //
};
use crate::kernel::{
    Boot,
    Kernel, //
};
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

/// Sizes of clusters that lose nodes.
const SIZES: [u8; 2] = [3, 16];

/// The state of a failed node once the view without it is active.
const GONE: &str = "UCLEANUP";

/// Milliseconds to reach, from the proof of a death or the end of a timeout.
const VIEW_MS: f64 = 50.0;

/// How long a node may be silent.
const TIMEOUT: &str = "/proc/sys/ssi/clms/timeout_ms";

/// The number of the coordinator.
const COORDINATOR: &str = "/proc/cluster/master";

const MS: f64 = 1000.0;

/// Who fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    /// Any node but the coordinator.
    Member,
    /// The coordinator.
    Coordinator,
}

/// A cluster with a program on every node.
struct Watched<'a> {
    bench: &'a Bench,
    cluster: Cluster<'a>,
    guests: BTreeMap<u8, Guest>,
}

struct Guest {
    peer: Peer,
    clock: GuestClock,
}

/// Kills nodes, then freezes some.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (kills, freezes) = (bench.effort.kills, bench.effort.freezes);
    let steps = SIZES.len() * (2 * kills + freezes);
    bench.progress.begin("failures", steps);
    let mut rows = Vec::new();
    for nodes in SIZES {
        let mut watched = Watched::start(bench, nodes)?;
        rows.push(watched.kill(Victim::Member, kills)?);
        rows.push(watched.kill(Victim::Coordinator, kills)?);
        rows.push(watched.freeze(freezes)?);
    }
    // All kills, then all freezes.
    rows.sort_by_key(|row| row.name.starts_with("freeze"));
    bench.progress.end();
    Ok(rows)
}

impl<'a> Watched<'a> {
    fn start(bench: &'a Bench, nodes: u8) -> Result<Self> {
        let cluster = Cluster::start(bench, nodes)?;
        let guests = (1..=nodes)
            .map(|node| Ok((node, Guest::on(&cluster, node)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            bench,
            cluster,
            guests,
        })
    }

    /// Kills `rounds` nodes one after the other, each beside a bare kernel.
    fn kill(&mut self, victim: Victim, rounds: usize) -> Result<Row> {
        let mut turns = Turns::default();
        for _ in 0..rounds {
            let floor = killed_kernel_ms(self.bench)?;
            turns.add(self.strike(victim, Signal::KILL)?, floor);
            self.bench.progress.step();
        }
        let nodes = self.guests.len();
        let (name, who) = match victim {
            Victim::Member => ("kill", "a node"),
            Victim::Coordinator => ("kill-coordinator", "the coordinator"),
        };
        let what = format!("SIGKILL of {who}: next view, {nodes} nodes");
        let name = format!("{name}-{nodes}");
        let row = turns.row(&name, what, "killed and reaped", Unit::Milliseconds)?;
        Ok(row.toward(Goal::AtMost(VIEW_MS)))
    }

    /// Freezes `rounds` nodes one after the other.
    fn freeze(&mut self, rounds: usize) -> Result<Row> {
        let timeout = self.any()?.get(TIMEOUT)?;
        let timeout: f64 = timeout.trim().parse().context("the timeout is no number")?;
        let mut measured = Vec::new();
        for _ in 0..rounds {
            measured.push(self.strike(Victim::Member, Signal::STOP)?);
            self.bench.progress.step();
        }
        let nodes = self.guests.len();
        let what = format!("freeze of a node: next view, {nodes} nodes");
        let figure = Figure::of(&measured, Unit::Milliseconds)?;
        let row = Row::new(&format!("freeze-{nodes}"), what, figure);
        Ok(row.toward(Goal::AtMost(timeout + VIEW_MS)))
    }

    /// Milliseconds from `signal` until every other node has the next view.
    /// Afterwards the victim is back, in a new life.
    fn strike(&mut self, victim: Victim, signal: Signal) -> Result<f64> {
        let node = self.choose(victim)?;
        let group = self.cluster.processes()?.node(node)?;
        self.guests.remove(&node);
        for guest in self.guests.values_mut() {
            guest.peer.tell(&Question::Await {
                node,
                state: GONE.to_owned(),
            })?;
            let heard = |answer| (answer == Answer::Listening).then_some(());
            guest.peer.wait_for(heard)?;
        }
        let began = guest_clock::now_ns()?;
        kill_process_group(group, signal).context("cannot send a node a signal")?;
        let mut last = 0.0_f64;
        for guest in self.guests.values() {
            let seen = guest.peer.wait_for(guest_clock::read)?;
            last = last.max(guest.clock.seconds_since(began, seen)?);
        }
        self.cluster.add(node)?;
        self.guests.insert(node, Guest::on(&self.cluster, node)?);
        Ok(last * MS)
    }

    fn choose(&mut self, victim: Victim) -> Result<u8> {
        let coordinator = self.any()?.get(COORDINATOR)?;
        let coordinator: u8 = coordinator.trim().parse().context("no coordinator")?;
        let mut others = self.guests.keys().filter(|node| **node != coordinator);
        match victim {
            Victim::Coordinator => Ok(coordinator),
            Victim::Member => others.next_back().copied().context("no other node"),
        }
    }

    fn any(&mut self) -> Result<&mut Peer> {
        let guest = self.guests.values_mut().next();
        guest.map(|guest| &mut guest.peer).context("no node")
    }
}

impl Guest {
    fn on(cluster: &Cluster<'_>, node: u8) -> Result<Self> {
        let mut peer = cluster.guest(node)?;
        let clock = GuestClock::of(&mut peer)?;
        Ok(Self { peer, clock })
    }
}

/// Milliseconds from the kill of a bare kernel until it is reaped: the proof of
/// its death cannot come sooner.
fn killed_kernel_ms(bench: &Bench) -> Result<f64> {
    let mut kernel = Kernel::start(bench, Boot::alone(&bench.programs.plain))?;
    kernel.ready()?;
    let began = Instant::now();
    kernel.kill()?;
    Ok(began.elapsed().as_secs_f64() * MS)
}
