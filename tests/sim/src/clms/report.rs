// SPDX-License-Identifier: GPL-2.0

//! What a view change costs.
//!
//! Messages and rounds of typical changes in clusters of growing size, from their
//! cause until the view is active everywhere; user-level cleanup is a change of its
//! own and not counted. A message takes a millisecond here and nothing else takes
//! any time worth mentioning, so the number of milliseconds is that of the rounds.

use ssi_core::{
    ids::NodeId,
    time::Span,
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

const SIZES: [usize; 9] = [3, 5, 8, 16, 32, 63, 128, 256, 511];

/// What one change has cost.
struct Cost {
    /// Until it was active everywhere, in milliseconds: the rounds.
    active: u64,
    messages: u64,
    bytes: u64,
}

/// Prints a line for each change: `key=value` words.
pub fn report() {
    for size in SIZES {
        for (cause, cost) in costs(size) {
            println!(
                "nodes={size} cause={cause} rounds={} messages={} bytes={} ms={}",
                cost.active, cost.messages, cost.bytes, cost.active
            );
        }
        println!("nodes={size} beats_per_node_s={:.1}", beats(size));
    }
}

/// What each change costs in a cluster of this size.
fn costs(size: usize) -> Vec<(&'static str, Cost)> {
    let (mut world, nodes) = cluster(size);
    let form = measure(&mut world, &nodes, |world| {
        for &node in &nodes {
            world.inflict(Fault::Start(node));
        }
    });
    let (last, rest) = (nodes[size - 1], &nodes[..size - 1]);
    let death = measure(&mut world, rest, |world| world.inflict(Fault::Crash(last)));
    let join = measure(&mut world, &nodes, |world| {
        world.inflict(Fault::Start(last))
    });
    let leader = world.leader().expect("a whole cluster has a leader");
    let rest: Vec<_> = nodes.iter().copied().filter(|&n| n != leader).collect();
    let takeover = measure(&mut world, &rest, |world| {
        world.inflict(Fault::Crash(leader))
    });
    vec![
        ("form", form),
        ("death", death),
        ("join", join),
        ("takeover", takeover),
    ]
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
    world.tempo.work = 1;
    world.parameters.gather = Span::ZERO;
    world.enroll(&nodes);
    world.inflict(Fault::Start(nodes[0]));
    world.settle(&nodes[..1], S).expect("one node is a cluster");
    (world, nodes)
}

/// Does something and waits until `nodes` are UP in an active view.
fn measure(world: &mut World, nodes: &[NodeId], change: impl FnOnce(&mut World)) -> Cost {
    let (began, messages, bytes) = (world.now, world.messages, world.bytes);
    change(world);
    while !are_active(world, nodes) {
        world.pass(MS / 10).expect("no invariant is broken");
    }
    let cost = Cost {
        active: (world.now - began) / MS,
        messages: world.messages - messages,
        bytes: world.bytes - bytes,
    };
    world
        .settle(nodes, 60 * S)
        .expect("the cluster becomes whole");
    world.pass(S).expect("nothing happens");
    cost
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
