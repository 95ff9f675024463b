// SPDX-License-Identifier: GPL-2.0

//! What a view change costs.
//!
//! Messages and rounds of typical changes in clusters of growing size. A message
//! takes exactly a millisecond here and nothing else takes time, so the number of
//! milliseconds is that of the rounds.

use ssi_core::{
    ids::NodeId,
    view::NodeState, //
};

use super::{
    faults::Fault,
    world::{
        World,
        MS,
        S, //
    },
};
use crate::rng::Rng;

const SIZES: [usize; 9] = [3, 5, 8, 16, 32, 64, 128, 256, 511];

/// What one change has cost.
struct Cost {
    /// Until every node had the new view.
    installed: u64,
    /// Until it was active everywhere.
    active: u64,
    messages: u64,
    bytes: u64,
}

/// Prints the table.
pub fn report() {
    println!(
        "{:>5} {:<22} {:>10} {:>9} {:>9} {:>10} {:>10}",
        "nodes", "change", "installed", "active", "messages", "per node", "KiB in all"
    );
    for size in SIZES {
        for (name, cost) in costs(size) {
            println!(
                "{size:>5} {name:<22} {:>7} ms {:>6} ms {:>9} {:>10.1} {:>10.1}",
                cost.installed,
                cost.active,
                cost.messages,
                cost.messages as f64 / size as f64,
                cost.bytes as f64 / 1024.0,
            );
        }
        println!(
            "{size:>5} heartbeats per node and second: {:.1}",
            beats(size)
        );
    }
}

fn costs(size: usize) -> Vec<(&'static str, Cost)> {
    let (mut world, nodes) = cluster(size);
    let mut costs = Vec::new();
    let others: Vec<_> = nodes.clone();
    costs.push((
        "all others join",
        measure(&mut world, &others, |world| {
            for (place, &node) in nodes.iter().enumerate().skip(1) {
                world.after(place as u64, Fault::Start(node));
            }
        }),
    ));
    let last = nodes[size - 1];
    let rest = &nodes[..size - 1];
    let crash_last = |world: &mut World| world.inflict(Fault::Crash(last));
    costs.push(("a follower dies", measure(&mut world, rest, crash_last)));
    let start_last = |world: &mut World| world.inflict(Fault::Start(last));
    costs.push(("it comes back", measure(&mut world, &nodes, start_last)));
    let leader = world.leader().expect("a whole cluster has a leader");
    let rest: Vec<_> = nodes.iter().copied().filter(|&n| n != leader).collect();
    let crash_leader = |world: &mut World| world.inflict(Fault::Crash(leader));
    costs.push(("the leader dies", measure(&mut world, &rest, crash_leader)));
    costs
}

/// One node that waits for the others.
fn cluster(size: usize) -> (World, Vec<NodeId>) {
    let nodes: Vec<_> = NodeId::all().take(size).collect();
    let mut world = World::new(Rng::new(1), false);
    world.tempo.least = MS;
    world.tempo.message = 1;
    world.tempo.connect = 1;
    world.tempo.callbacks = 1;
    world.tempo.cleanup = 1;
    world.tempo.reap = 1;
    world.enroll(&nodes);
    world.inflict(Fault::Start(nodes[0]));
    world.settle(&nodes[..1], S).expect("one node is a cluster");
    (world, nodes)
}

/// Does something and waits until `nodes` are the members and have cleaned up.
fn measure(world: &mut World, nodes: &[NodeId], change: impl FnOnce(&mut World)) -> Cost {
    let (began, messages, bytes) = (world.now, world.messages, world.bytes);
    change(world);
    let mut installed = None;
    let mut cost = None;
    for _ in 0..200_000 {
        world.pass(MS / 20).expect("no invariant is broken");
        if installed.is_none() && are_members(world, nodes) {
            installed = Some(world.now - began);
        }
        if installed.is_some() && are_active(world, nodes) {
            cost = Some((world.now - began, world.messages, world.bytes));
            break;
        }
    }
    let (active, messages_now, bytes_now) = cost.expect("the change ends");
    // The user-level cleanup is a change of its own.
    world
        .settle(nodes, 60 * S)
        .expect("the cluster becomes whole");
    Cost {
        installed: installed.unwrap_or(0).div_ceil(MS),
        active: active.div_ceil(MS),
        messages: messages_now - messages,
        bytes: bytes_now - bytes,
    }
}

fn are_members(world: &World, nodes: &[NodeId]) -> bool {
    nodes.iter().all(|node| {
        let life = world.nodes.get(node);
        life.is_some_and(|life| life.machine.view().members().len() == nodes.len())
    })
}

fn are_active(world: &World, nodes: &[NodeId]) -> bool {
    nodes.iter().all(|node| {
        let life = world.nodes.get(node);
        life.is_some_and(|life| {
            let view = life.machine.view();
            life.machine.is_active() && view.in_state(NodeState::Up).len() == nodes.len()
        })
    })
}

/// Heartbeats a node sends a second when nothing happens.
fn beats(size: usize) -> f64 {
    let (mut world, nodes) = cluster(size);
    for &node in &nodes {
        world.inflict(Fault::Start(node));
    }
    world.settle(&nodes, 60 * S).expect("the cluster forms");
    let sent = |world: &World| -> u64 {
        let lives = world.nodes.values();
        lives.map(|life| life.machine.statistics().beats_sent).sum()
    };
    let before = sent(&world);
    let seconds = 4;
    world.pass(seconds * S).expect("nothing happens");
    (sent(&world) - before) as f64 / (seconds as f64 * size as f64)
}
