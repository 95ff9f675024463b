// SPDX-License-Identifier: GPL-2.0

//! All nodes together.
//!
//! ```text
//!   +----------+  all in      +---------+   stop   +----------+  no process left
//!   | Starting | -----------> | Running | -------> | Stopping | ----------------> over
//!   +----------+  one view    +---------+          +----------+
//!        |  a node died or is not let in,               ^
//!        |  or nobody waits any more                    |
//!        +----------------------------------------------+
//! ```
//!
//! Nodes boot a few at a time: more than the processors can serve only make each
//! other wait. A cluster that does not come up is killed; one that is stopped
//! while it runs is asked to switch itself off first.

use std::{
    collections::{
        btree_map::Entry,
        BTreeMap,
        BTreeSet,
        VecDeque, //
    },
    thread,
};

use anyhow::Result;
use ssi_core::{
    ids::{
        Incarnation,
        NodeId, //
    },
    node_set::NodeSet,
};

use super::{
    arrival::Arrival,
    console::Presence,
    machine::{
        Event,
        Moment,
        Refusal,
        State, //
    },
    node::Node,
    starter::Starter,
    world::World,
};
use crate::{
    fenced::Cure,
    limits::{
        BOOTING_PER_CPU_MAX,
        JOIN_MAX, //
    },
    oddity::Oddity,
    protocol::StartNews, //
};

/// All nodes together.
pub(crate) struct Cluster {
    nodes: BTreeMap<NodeId, Node>,
    /// Those whose turn to boot has not come.
    queue: VecDeque<NodeId>,
    booting_max: usize,
    phase: Phase,
}

/// Where the cluster stands.
enum Phase {
    /// Its first nodes come up, and somebody waits for that.
    Starting(Starting),
    /// It is there.
    Running,
    /// It is being ended. Whoever waited for its start sees it end.
    Stopping(Option<Starter>),
}

/// A cluster on its way up.
struct Starting {
    starter: Option<Starter>,
    /// The first nodes, each with what was told about it.
    nodes: BTreeMap<NodeId, Told>,
    /// How many were told to be up in the members' view.
    up: usize,
    /// When something was told last.
    last_news: Moment,
}

/// What was told about a node that comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing.
    Nothing,
    /// That it boots.
    Booting,
    /// That it is ready.
    Ready,
}

impl Cluster {
    /// The cluster of the plan, none of its nodes booted yet.
    ///
    /// # Errors
    ///
    /// No descriptors for so many nodes.
    pub(crate) fn new(world: &World) -> Result<Self> {
        let ids = || (1..=world.plan.nodes).filter_map(NodeId::new);
        let nodes: Result<_> = ids().map(|id| Ok((id, Node::new(id, world)?))).collect();
        let cpus = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            nodes: nodes?,
            queue: ids().collect(),
            booting_max: cpus * BOOTING_PER_CPU_MAX,
            phase: Phase::Starting(Starting {
                starter: None,
                nodes: ids().map(|id| (id, Told::Nothing)).collect(),
                up: 0,
                last_news: world.now(),
            }),
        })
    }

    /// Tells `starter` how the nodes come up.
    pub(crate) fn adopt(&mut self, starter: Starter) {
        if let Phase::Starting(starting) = &mut self.phase {
            starting.starter = Some(starter);
        }
    }

    /// The node, if it was ever started.
    pub(crate) fn get(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(&id)
    }

    /// The same, to look at.
    pub(crate) fn look(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// All nodes that were ever started, lowest first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    /// Does `act` to one node, if it exists.
    pub(crate) fn with(&mut self, id: NodeId, act: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(&id) {
            act(node);
        }
    }

    /// Does `act` to every node.
    pub(crate) fn each(&mut self, act: impl FnMut(&mut Node)) {
        self.nodes.values_mut().for_each(act);
    }

    /// Whether the node waits for its turn to boot.
    pub(crate) fn is_queued(&self, id: NodeId) -> bool {
        self.queue.contains(&id)
    }

    /// Whether it is being ended.
    pub(crate) fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping(_))
    }

    /// Whether it is ended and nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        self.is_stopping() && !self.nodes.values().any(|node| node.machine().has_process())
    }

    /// The nearest deadline of its nodes, or of its start.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        let start = match &self.phase {
            Phase::Starting(starting) => starting.deadline(),
            Phase::Running | Phase::Stopping(_) => None,
        };
        let nodes = self.nodes.values().filter_map(Node::deadline);
        nodes.chain(start).min()
    }

    /// The lowest number that is free: never started, dead or removed.
    pub(crate) fn lowest_free(&self) -> Option<NodeId> {
        (1..=ssi_core::ids::NODE_MAX)
            .filter_map(NodeId::new)
            .find(|id| !self.is_queued(*id) && !self.is_up(*id))
    }

    /// Puts the node at the end of those who wait to boot, with what is wrong with it.
    ///
    /// # Errors
    ///
    /// It is up, or on its way, or there are no descriptors for it.
    pub(crate) fn enqueue(&mut self, id: NodeId, oddity: Oddity, world: &World) -> Result<()> {
        if self.is_queued(id) {
            return Err(Refusal::AlreadyUp(id).into());
        }
        let node = match self.nodes.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Node::new(id, world)?),
        };
        // Asked of a copy: the node itself takes the event when it boots.
        node.machine().clone().step(Moment::ZERO, Event::Boot)?;
        node.set_oddity(oddity);
        self.queue.push_back(id);
        Ok(())
    }

    /// Takes nodes out of those who wait to boot.
    pub(crate) fn dequeue(&mut self, ids: &BTreeSet<NodeId>, world: &mut World) {
        self.queue.retain(|id| !ids.contains(id));
        for id in ids {
            // One that was never started is down already.
            self.with(*id, |node| drop(node.step(Event::Remove, world)));
        }
    }

    /// Does what follows from the state of the nodes.
    pub(crate) fn go_on(&mut self, world: &mut World) {
        self.enqueue_cured();
        self.fill_slots(world);
        if let Phase::Starting(starting) = &mut self.phase {
            match starting.look(&self.nodes, &self.queue, world) {
                Progress::Coming => {}
                Progress::Up => self.phase = Phase::Running,
                Progress::Failed => self.give_up(world),
            }
        }
    }

    /// Asks every node to switch itself off.
    pub(crate) fn stop(&mut self, world: &mut World) {
        self.end(Event::PowerOff, world);
    }

    /// The one who waited for the start has left: kills the cluster if it is
    /// still starting.
    pub(crate) fn lose_starter(&mut self, world: &mut World) {
        match &mut self.phase {
            Phase::Starting(starting) => {
                starting.starter = None;
                self.give_up(world);
            }
            Phase::Stopping(starter) => *starter = None,
            Phase::Running => {}
        }
    }

    /// The one who waits to see the end of a cluster that did not come up.
    pub(crate) fn into_starter(self) -> Option<Starter> {
        match self.phase {
            Phase::Starting(starting) => starting.starter,
            Phase::Stopping(starter) => starter,
            Phase::Running => None,
        }
    }

    /// Nodes that were fenced and are well again wait to boot like others.
    fn enqueue_cured(&mut self) {
        if self.is_stopping() {
            return;
        }
        for (id, node) in &self.nodes {
            if node.machine().boot_is_due() && !self.queue.contains(id) {
                self.queue.push_back(*id);
            }
        }
    }

    fn is_up(&self, id: NodeId) -> bool {
        self.nodes
            .get(&id)
            .is_some_and(|node| node.machine().has_process())
    }

    fn give_up(&mut self, world: &mut World) {
        self.end(Event::Remove, world);
    }

    fn end(&mut self, event: Event, world: &mut World) {
        self.queue.clear();
        let phase = std::mem::replace(&mut self.phase, Phase::Running);
        self.phase = Phase::Stopping(match phase {
            Phase::Starting(starting) => starting.starter,
            Phase::Stopping(starter) => starter,
            Phase::Running => None,
        });
        for node in self.nodes.values_mut() {
            // Refused by nodes that are down already.
            let _ = node.step(event.clone(), world);
        }
    }

    fn fill_slots(&mut self, world: &mut World) {
        let is_booting = |node: &&Node| matches!(node.machine().state(), State::Booting { .. });
        let booting = self.nodes.values().filter(is_booting).count();
        for _ in booting..self.booting_max {
            let Some(id) = self.queue.pop_front() else {
                return;
            };
            let node = self.nodes.get_mut(&id);
            if let Some(Err(refusal)) = node.map(|node| node.step(Event::Boot, world)) {
                say!("{refusal}");
            }
        }
    }
}

/// How far a cluster has come up.
enum Progress {
    /// Not all nodes are ready.
    Coming,
    /// All are.
    Up,
    /// One never will be.
    Failed,
}

impl Starting {
    fn look(
        &mut self,
        nodes: &BTreeMap<NodeId, Node>,
        queue: &VecDeque<NodeId>,
        world: &World,
    ) -> Progress {
        let ids: Vec<NodeId> = self.nodes.keys().copied().collect();
        for id in &ids {
            let Some(node) = nodes.get(id).filter(|_| !queue.contains(id)) else {
                continue;
            };
            if self.look_at(*id, node, world) == Presence::Gone {
                return Progress::Failed;
            }
        }
        let lives = world.warden.lives(&ids);
        self.count(&lives, world);
        if !self.all_ready() {
            return Progress::Coming;
        }
        let view = world.warden.views().joins(&lives);
        // Kernels without membership are one cluster as soon as they are ready.
        if lives.is_empty() || view.is_some() {
            self.tell(&StartNews::Up {
                seconds: world.now().as_secs_f64(),
                epoch: view.map(|epoch| epoch.0),
            });
            return Progress::Up;
        }
        if self.deadline().is_some_and(|at| at <= world.now()) {
            self.fail_missing(&lives, nodes, world);
            return Progress::Failed;
        }
        Progress::Coming
    }

    /// When it fails for want of one view. Until all are ready, each node's boot has
    /// a deadline of its own.
    fn deadline(&self) -> Option<Moment> {
        self.all_ready().then(|| self.last_news + JOIN_MAX)
    }

    fn all_ready(&self) -> bool {
        self.nodes.values().all(|told| *told == Told::Ready)
    }

    /// Tells how many are in.
    fn count(&mut self, lives: &BTreeMap<NodeId, Incarnation>, world: &World) {
        let up = world.warden.views().count_up(lives);
        if up != self.up {
            self.up = up;
            self.last_news = world.now();
            self.tell(&StartNews::Members { up });
        }
    }

    /// Tells what is new about a node; it is gone if it will never be ready.
    fn look_at(&mut self, id: NodeId, node: &Node, world: &World) -> Presence {
        let told = self.nodes.get(&id).copied();
        match Arrival::of(node.machine().state()) {
            // For the first time, or again because it was fenced.
            Arrival::Coming if told != Some(Told::Booting) => {
                self.note(id, Told::Booting, world);
                self.tell(&StartNews::Booting { node: id.get() });
            }
            Arrival::Up if told != Some(Told::Ready) => {
                self.note(id, Told::Ready, world);
                self.tell(&ready(id, node, world));
            }
            Arrival::Coming | Arrival::Up => {}
            // Time or the user boots it again.
            Arrival::Fenced(fenced) if fenced.cure != Cure::User => {
                self.note(id, Told::Booting, world);
            }
            Arrival::Fenced(fenced) => {
                let words = fenced.words(id, world.now());
                self.fail(format!("node {id} was fenced: {words}"), Vec::new());
                return Presence::Gone;
            }
            Arrival::Failed(death) => {
                self.fail(
                    format!("node {id} did not come up: {death}"),
                    node.telling_lines(),
                );
                return Presence::Gone;
            }
            Arrival::Removed => {
                self.fail(
                    format!("node {id} was removed while it came up"),
                    Vec::new(),
                );
                return Presence::Gone;
            }
        }
        Presence::Here
    }

    fn note(&mut self, id: NodeId, told: Told, world: &World) {
        self.nodes.insert(id, told);
        self.last_news = world.now();
    }

    /// Says which nodes are not in the cluster, and why the first of them is not.
    fn fail_missing(
        &mut self,
        lives: &BTreeMap<NodeId, Incarnation>,
        nodes: &BTreeMap<NodeId, Node>,
        world: &World,
    ) {
        let missing = world.warden.views().missing(lives);
        let first = missing.first().and_then(|id| nodes.get(&id));
        let text = format!(
            "the nodes are ready and not one cluster after {} s: {}",
            JOIN_MAX.as_secs(),
            missing_words(&missing, world),
        );
        self.fail(text, first.map(Node::telling_lines).unwrap_or_default());
    }

    /// One who has left is noticed by the end of the stream.
    fn tell(&mut self, news: &StartNews) {
        if let Some(starter) = &mut self.starter {
            let _: Presence = starter.tell(news);
        }
    }

    fn fail(&mut self, text: String, log: Vec<String>) {
        match &mut self.starter {
            Some(starter) => starter.fail(text, log),
            None => say!("{text}"),
        }
    }
}

/// Who is missing, in words.
fn missing_words(missing: &NodeSet, world: &World) -> String {
    match (missing.is_empty(), world.warden.views().is_empty()) {
        (true, _) => "they have different views; see the nodes' logs".to_owned(),
        (false, true) => "none has founded it; see the nodes' logs".to_owned(),
        (false, false) => format!("nodes {missing} are not in; see their logs"),
    }
}

fn ready(id: NodeId, node: &Node, world: &World) -> StartNews {
    StartNews::Ready {
        node: id.get(),
        seconds: world.now().as_secs_f64(),
        problem: node.hello().and_then(|hello| hello.problem.clone()),
    }
}
