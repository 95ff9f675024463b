// SPDX-License-Identifier: GPL-2.0

//! What failed, who continues.
//!
//! The table of `Documentation/clms.rst`, a test for each row, named after its
//! number. All invariants hold in each as they do in the simulation.

mod coming_and_going;
mod deaths;
mod freezes;
mod hindrances;
mod splits;

use ssi_core::{
    clms::transition::{
        Cause,
        TransId, //
    },
    ids::{
        NodeId,
        NodeNumber, //
    },
    view::NodeState,
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

/// The timeout and half of it, with the beat it may take to notice.
const TIMEOUT: u64 = 3_050 * MS;
const HALF: u64 = 1_500 * MS;
/// Until a connection that carries nothing is found to be broken, at most.
const NOTICE: u64 = 1_600 * MS;
/// How long words that somebody is not heard must last.
const WORDS: u64 = S;
/// From a decision to the view that follows.
const CHANGE: u64 = 150 * MS;

/// A whole cluster, led by node 1.
struct Scene {
    world: World,
    nodes: Vec<NodeId>,
}

fn node(number: NodeNumber) -> NodeId {
    NodeId::new(number).unwrap()
}

fn nodes(numbers: impl IntoIterator<Item = NodeNumber>) -> Vec<NodeId> {
    numbers.into_iter().map(node).collect()
}

/// So many nodes, none of which has been started.
fn unborn(size: NodeNumber, seed: u64) -> (Vec<NodeId>, World) {
    let nodes = nodes(1..=size);
    let mut world = World::new(Rng::new(seed), false);
    world.enroll(&nodes);
    (nodes, world)
}

impl Scene {
    fn new(size: NodeNumber) -> Self {
        Self::with_seed(size, 1)
    }

    fn with_seed(size: NodeNumber, seed: u64) -> Self {
        let (nodes, mut world) = unborn(size, seed);
        world.inflict(Fault::Start(node(1)));
        world.settle(&nodes[..1], S).unwrap();
        for &node in &nodes {
            world.inflict(Fault::Start(node));
        }
        world.settle(&nodes, 2 * S).unwrap();
        world.pass(S).unwrap();
        assert_eq!(world.leader(), Some(node(1)));
        Self { world, nodes }
    }

    fn crash(&mut self, numbers: impl IntoIterator<Item = NodeNumber>) {
        for number in numbers {
            self.world.inflict(Fault::Crash(node(number)));
        }
    }

    /// Nothing gets through between the two sides.
    fn cut(&mut self, one: &[NodeNumber], two: &[NodeNumber]) {
        self.cut_one_way(one, two);
        self.cut_one_way(two, one);
    }

    fn cut_one_way(&mut self, from: &[NodeNumber], to: &[NodeNumber]) {
        let from = nodes(from.iter().copied());
        let to = nodes(to.iter().copied());
        self.world.inflict(Fault::Cut(from, to));
    }

    fn pass(&mut self, us: u64) {
        self.world.pass(us).unwrap();
    }

    /// These are the cluster, within the time, and were not before half of it.
    fn go_on(&mut self, numbers: impl IntoIterator<Item = NodeNumber>, within: u64) {
        let rest = nodes(numbers);
        self.world.settle(&rest, within).unwrap();
        self.pass(S);
        self.world.is_whole(&rest).unwrap();
    }

    /// All that live are the cluster, within the time.
    fn settle_living(&mut self, within: u64) -> Vec<NodeId> {
        let living = self.world.living();
        self.world.settle(&living, within).unwrap();
        living
    }

    /// Exactly these were killed by a fence.
    fn assert_fenced(&self, numbers: impl IntoIterator<Item = NodeNumber>) {
        let mut fenced: Vec<_> = self.world.fenced().iter().map(|i| i.node).collect();
        fenced.sort();
        assert_eq!(fenced, nodes(numbers));
    }

    /// Nobody dies and no view changes for so long.
    fn assert_quiet(&mut self, us: u64) {
        let epoch = self.world.epoch();
        let nodes = self.nodes.clone();
        self.pass(us);
        self.world.is_whole(&nodes).unwrap();
        assert_eq!(self.world.epoch(), epoch);
        self.assert_fenced([]);
    }

    /// Why `number` last left, as any node has it in its history.
    fn cause_of_leaving(&self, number: NodeNumber) -> Option<Cause> {
        let life = self.world.nodes.values().next()?;
        let leavings = life.history.since(TransId(0)).filter(|transition| {
            transition.instance.node == node(number) && transition.to == NodeState::GoingDown
        });
        leavings.last().map(|transition| transition.cause)
    }

    fn leader(&self) -> Option<NodeId> {
        self.world.leader()
    }
}
