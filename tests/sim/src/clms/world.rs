// SPDX-License-Identifier: GPL-2.0

//! A simulated cluster and its host.
//!
//! Everything that happens is an action at a time, in one queue; chance comes from
//! the seed alone.

use std::{
    cmp::Reverse,
    collections::{
        BTreeMap,
        BinaryHeap,
        HashMap,
        HashSet, //
    },
    rc::Rc,
};

use ssi_core::{
    clms::{
        arbiter::{
            Arbiter,
            ArbiterEvent,
            ArbiterOutput, //
        },
        machine::Role,
        parameters::Parameters, //
    },
    hostlink::{
        FromNode,
        Reach,
        ToNode,
        PACKET_BYTES_MAX, //
    },
    ids::{
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    time::Span,
    view::{
        NodeState,
        View, //
    },
};

use super::{
    faults::{
        Fault,
        Network, //
    },
    invariants::{
        Invariants,
        Plea,
        Seen, //
    },
    life::{
        Effect,
        Input,
        Life, //
    },
    link::Link,
};
use crate::rng::Rng;

/// A millisecond in the unit of time.
pub const MS: u64 = 1_000;
/// A second.
pub const S: u64 = 1_000_000;

/// A node that takes longer than this for an event may be excluded.
const SLOW_HARMLESS: u64 = 300 * MS;
/// More heartbeats lost than this, in thousandths, may cost any node.
const LOSS_HARMLESS: u64 = 200;
/// The same for a delay.
const DELAY_HARMLESS: u64 = 600 * MS;

type Pair = (NodeId, NodeId);

#[derive(Debug)]
enum Action {
    Run(NodeId, u64),
    Push(NodeId, u64, Input),
    Wake(NodeId, u64, u64),
    Deliver(Pair, [u64; 2], u64, usize, u64),
    Connect(Pair, [u64; 2]),
    Broken(Pair, [u64; 2], u64),
    Packet(NodeId, Vec<u8>),
    ToProcess(NodeId, u64, Vec<u8>),
    Exited(NodeId),
    Kill(NodeId, u64),
    Fault(Fault),
}

/// How long things take, in microseconds.
#[derive(Clone, Debug)]
pub struct Tempo {
    /// Least time a message travels.
    pub least: u64,
    /// How much longer it may travel.
    pub message: u64,
    /// Longest time until a connection is made.
    pub connect: u64,
    /// Longest time the callbacks of a view take.
    pub callbacks: u64,
    /// Longest time a user-level cleanup takes.
    pub cleanup: u64,
    /// Longest time until a killed process is reaped.
    pub reap: u64,
    /// Longest time a node takes for an event.
    pub work: u64,
    /// Longest time a packet between kernel and supervisor takes.
    pub host: u64,
    /// A node for which it takes longer, and how long.
    pub late: Option<(NodeId, u64)>,
    /// Longest time until a process that is to be killed is.
    pub kill: u64,
    /// Most messages a session keeps; what is too many is lost.
    pub queue: usize,
    /// Whether only running nodes are on the roster.
    pub roster_follows: bool,
    /// Whether a clock stands while its node is frozen.
    pub clocks_stand: bool,
    /// Cleanups that never end, in thousandths.
    pub cleanup_hangs: u64,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            least: 0,
            message: 300,
            connect: 10 * MS,
            callbacks: 5 * MS,
            cleanup: 50 * MS,
            reap: 2 * MS,
            work: 20,
            host: 100,
            late: None,
            kill: 2 * MS,
            queue: 1 << 20,
            roster_follows: false,
            clocks_stand: false,
            cleanup_hangs: 0,
        }
    }
}

/// The cluster.
pub struct World {
    /// True time, in microseconds.
    pub now: u64,
    /// Chance.
    pub rng: Rng,
    /// The lives that go on.
    pub nodes: BTreeMap<NodeId, Life>,
    /// Faults of the network.
    pub net: Network,
    /// How long things take.
    pub tempo: Tempo,
    /// The intervals.
    pub parameters: Parameters,
    /// Messages sent in all.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// The lives whose process was reaped, or whose kernel has booted again.
    reaped: HashSet<Instance>,
    /// Lives a fault has touched, by id.
    touched: HashSet<u64>,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    actions: HashMap<u64, Action>,
    next_action: u64,
    next_life: u64,
    links: BTreeMap<Pair, Link>,
    arbiter: Arbiter,
    to_host: HashMap<NodeId, u64>,
    from_host: HashMap<NodeId, u64>,
    exiting: HashSet<NodeId>,
    /// Whose process is not reaped yet, or whose next life has not said Hello.
    dying: HashMap<NodeId, Instance>,
    invariants: Invariants,
    verbose: bool,
    failure: Option<String>,
}

impl World {
    /// A host without nodes.
    pub fn new(rng: Rng, verbose: bool) -> Self {
        let mut parameters = Parameters::DEFAULT;
        parameters.cleanup_max = Span::ms(2_000);
        Self {
            now: 0,
            rng,
            nodes: BTreeMap::new(),
            net: Network::default(),
            tempo: Tempo::default(),
            parameters,
            messages: 0,
            bytes: 0,
            reaped: HashSet::new(),
            dying: HashMap::new(),
            touched: HashSet::new(),
            queue: BinaryHeap::new(),
            actions: HashMap::new(),
            next_action: 0,
            next_life: 0,
            links: BTreeMap::new(),
            arbiter: Arbiter::new([7; 32], Reach::OneHost),
            to_host: HashMap::new(),
            from_host: HashMap::new(),
            exiting: HashSet::new(),
            invariants: Invariants::new(),
            verbose,
            failure: None,
        }
    }

    // --- what schedules and scenarios do ----------------------------------------

    /// There can be these nodes.
    pub fn enroll(&mut self, nodes: &[NodeId]) {
        for &node in nodes {
            self.host(ArbiterEvent::Enroll(node));
        }
    }

    /// Does `fault` so long from now.
    pub fn after(&mut self, us: u64, fault: Fault) {
        self.at(self.now + us, Action::Fault(fault));
    }

    /// Does `fault` now.
    pub fn inflict(&mut self, fault: Fault) {
        self.fault(fault);
    }

    /// Nobody dies any more of what was planned before.
    pub fn forget_trips(&mut self) {
        for life in self.nodes.values_mut() {
            life.trip = None;
        }
    }

    /// Lets so much time pass.
    ///
    /// # Errors
    ///
    /// What an invariant says.
    pub fn pass(&mut self, us: u64) -> Result<(), String> {
        let end = self.now + us;
        if let Some(why) = self.failure.take() {
            return Err(why);
        }
        while let Some(&Reverse((time, id))) = self.queue.peek() {
            if time > end {
                break;
            }
            self.queue.pop();
            self.now = time;
            if let Some(action) = self.actions.remove(&id) {
                self.act(action);
            }
            if let Some(why) = self.failure.take() {
                return Err(format!("at {} ms: {why}", self.now / MS));
            }
        }
        self.now = end;
        Ok(())
    }

    /// Lets time pass until the cluster is whole: every one of `nodes` UP in one
    /// active view, one leader, nobody else.
    ///
    /// # Errors
    ///
    /// What an invariant says, or what is wrong after `limit`.
    pub fn settle(&mut self, nodes: &[NodeId], limit: u64) -> Result<(), String> {
        let end = self.now + limit;
        loop {
            self.pass(20 * MS)?;
            match self.is_whole(nodes) {
                Ok(()) => return Ok(()),
                Err(why) if self.now >= end => {
                    return Err(format!("liveness: after {} ms {why}", limit / MS))
                }
                Err(_) => {}
            }
        }
    }

    /// Whether `nodes` are the cluster.
    pub fn is_whole(&self, nodes: &[NodeId]) -> Result<(), String> {
        let mut leaders = 0;
        let mut first: Option<&Life> = None;
        for &node in nodes {
            let Some(life) = self.nodes.get(&node) else {
                return Err(format!("node {node} does not run"));
            };
            let machine = &life.machine;
            let role = machine.role();
            leaders += usize::from(role == Role::Leader);
            if !matches!(role, Role::Leader | Role::Follower) {
                return Err(format!("node {node} is {role:?}"));
            }
            let first = first.get_or_insert(life);
            if machine.steps() != first.machine.steps() || machine.view() != first.machine.view() {
                return Err(format!("node {node} is at {:?}", machine.steps()));
            }
        }
        if leaders != 1 {
            return Err(format!("there are {leaders} leaders"));
        }
        let Some(first) = first else {
            return Ok(());
        };
        self.has_exactly(first.machine.view(), nodes)
    }

    /// Whether the lives of `nodes` are UP in `view`, and nobody else.
    fn has_exactly(&self, view: &View, nodes: &[NodeId]) -> Result<(), String> {
        for &node in nodes {
            let entry = view.entry(node);
            let living = self.nodes.get(&node).and_then(|life| life.instance);
            let is_up = entry.state == NodeState::Up;
            if !is_up || living != Some(Instance::new(node, entry.incarnation)) {
                return Err(format!("{view:?} says of {node}: {entry:?}"));
            }
        }
        let members = view.members();
        if members.len() != nodes.len() {
            return Err(format!("there are members {members}"));
        }
        if !view.in_state(NodeState::UCleanup).is_empty() {
            return Err("cleanups remain".into());
        }
        Ok(())
    }

    /// Numbers of the living nodes.
    pub fn living(&self) -> Vec<NodeId> {
        self.nodes.keys().copied().collect()
    }

    /// Whether that life goes on.
    pub fn lives(&self, instance: Instance) -> bool {
        let life = self.nodes.get(&instance.node);
        life.and_then(|life| life.instance) == Some(instance)
    }

    /// Whether that life is over and the supervisor knows it.
    pub fn is_reaped(&self, instance: Instance) -> bool {
        self.reaped.contains(&instance)
    }

    /// Whether a fault has touched that living node or its links.
    pub fn is_touched(&self, instance: Instance) -> bool {
        self.nodes
            .get(&instance.node)
            .is_none_or(|life| self.touched.contains(&life.id))
    }

    /// The node that leads, if exactly one believes so.
    pub fn leader(&self) -> Option<NodeId> {
        let mut leaders = self
            .nodes
            .values()
            .filter(|life| life.machine.role() == Role::Leader);
        let leader = leaders.next()?.node;
        leaders.next().is_none().then_some(leader)
    }

    /// The nodes that can go on by themselves: all reach each other, no other node is
    /// reached by one of them, and more than half of the living members of the last
    /// view are among them and know that they are members. `None` when there are none,
    /// or faults are not so clear.
    pub fn majority(&self) -> Option<Vec<NodeId>> {
        let reaches = |a: NodeId, b: NodeId| self.net.is_sound(a, b) && self.net.is_sound(b, a);
        let last = self.nodes.values().map(|life| life.machine.view());
        let last = last.max_by_key(|view| view.epoch)?;
        let is_member = |node: &NodeId| {
            let instance = self.nodes.get(node).and_then(|life| life.instance);
            instance.is_some_and(|instance| last.has(instance))
        };
        let knows = |node: &&NodeId| is_member(node) && self.nodes[*node].machine.steps().0 > 0;
        let voters = self.nodes.keys().copied().filter(is_member).count();
        if self.nodes.values().any(|life| life.slow > SLOW_HARMLESS) {
            return None;
        }
        let awake = |life: &&Life| life.frozen.is_none();
        let nodes: Vec<_> = self.nodes.values().filter(awake).map(|l| l.node).collect();
        let sides = nodes.iter().map(|&node| -> Vec<NodeId> {
            let peers = nodes.iter().copied();
            peers.filter(|&peer| reaches(node, peer)).collect()
        });
        let side = sides.max_by_key(|side| side.iter().filter(knows).count())?;
        let is_clear = side.iter().all(|&node| {
            nodes.iter().all(|&other| match side.contains(&other) {
                true => reaches(node, other),
                false => !self.net.carries_beat(node, other) && !self.net.carries_beat(other, node),
            })
        });
        let is_more = 2 * side.iter().filter(knows).count() > voters;
        (is_clear && is_more).then_some(side)
    }

    /// The highest epoch anyone has installed.
    #[cfg(test)]
    pub fn epoch(&self) -> u32 {
        let epochs = self.nodes.values().map(|life| life.machine.view().epoch.0);
        epochs.max().unwrap_or(0)
    }

    /// Lives killed by a fence.
    #[cfg(test)]
    pub fn fenced(&self) -> &[Instance] {
        &self.invariants.fenced
    }

    /// What was said to be wrong comes up with the next [`pass`](Self::pass).
    pub fn fail(&mut self, why: String) {
        self.failure.get_or_insert(why);
    }

    /// Says `what` if asked to tell.
    pub fn tell(&self, what: impl FnOnce() -> String) {
        if self.verbose {
            println!("{:>10.3} {}", self.now as f64 / 1000.0, what());
        }
    }

    // --- the queue ---------------------------------------------------------------

    fn at(&mut self, time: u64, action: Action) {
        self.next_action += 1;
        self.queue.push(Reverse((time, self.next_action)));
        self.actions.insert(self.next_action, action);
    }

    fn soon(&mut self, up_to: u64) -> u64 {
        let most = up_to + self.net.delay;
        self.now + 1 + self.rng.below(most)
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Run(node, life) => self.run(node, life),
            Action::Push(node, life, input) => self.push(node, life, input),
            Action::Wake(node, life, wake) => {
                let is_wanted = self
                    .nodes
                    .get(&node)
                    .is_some_and(|it| it.id == life && it.wake == wake);
                if is_wanted {
                    self.push(node, life, Input::Tick);
                }
            }
            Action::Deliver(pair, lives, generation, way, number) => {
                self.deliver(pair, lives, generation, way, number);
            }
            Action::Connect(pair, lives) => self.connect(pair, lives),
            Action::Broken(pair, lives, generation) => self.broken(pair, lives, generation),
            Action::Packet(node, bytes) => self.host(ArbiterEvent::Packet {
                node,
                bytes: &bytes,
            }),
            Action::ToProcess(node, process, bytes) => {
                let life = self.nodes.get(&node).filter(|l| l.process == process);
                if let Some(id) = life.map(|life| life.id) {
                    self.push(node, id, Input::Host(bytes));
                }
            }
            Action::Exited(node) => {
                self.exiting.remove(&node);
                self.reap(node);
                self.host(ArbiterEvent::Exited(node));
                if self.tempo.roster_follows {
                    self.host(ArbiterEvent::Withdraw(node));
                }
            }
            Action::Kill(node, process) => {
                let life = self.nodes.get(&node).filter(|l| l.process == process);
                if life.is_some() {
                    self.die(node, true);
                }
            }
            Action::Fault(fault) => self.fault(fault),
        }
    }

    // --- lives -------------------------------------------------------------------

    fn start(&mut self, node: NodeId) {
        if self.nodes.contains_key(&node) {
            return;
        }
        if self.exiting.contains(&node) {
            // Reaped first, started then.
            self.after(MS, Fault::Start(node));
            return;
        }
        if self.tempo.roster_follows {
            self.host(ArbiterEvent::Enroll(node));
        }
        self.next_life += 1;
        let mut life = Life::new(self.next_life, node, &mut self.rng);
        life.slow = 0;
        if self.net.loss > LOSS_HARMLESS || self.net.delay > DELAY_HARMLESS {
            self.touched.insert(life.id);
        }
        let is_cut = |pair: &Pair| pair.0 == node || pair.1 == node;
        let faults = [&self.net.cut, &self.net.broken, &self.net.flapping];
        if faults.into_iter().flatten().any(is_cut) {
            self.touched.insert(life.id);
        }
        self.nodes.insert(node, life);
        self.run_soon(node);
    }

    /// The process ends, or the kernel boots again in the same process.
    fn die(&mut self, node: NodeId, exits: bool) {
        let Some(life) = self.nodes.remove(&node) else {
            return;
        };
        self.tell(|| format!("node {node} dies ({:?})", life.instance));
        if let Some(instance) = life.instance {
            self.dying.insert(node, instance);
        }
        for (pair, link) in &mut self.links {
            if pair.0 == node || pair.1 == node {
                let most = 2 * MS + self.tempo.message + self.net.delay;
                link.until = Some(self.now + self.rng.below(most));
            }
        }
        let pairs: Vec<Pair> = self.links.keys().copied().collect();
        for pair in pairs {
            if pair.0 == node || pair.1 == node {
                let link = &self.links[&pair];
                let (lives, generation) = (link.lives, link.generation);
                let most = 5 * MS + self.tempo.message + self.net.delay;
                let when = self.now + self.rng.below(most);
                self.at(when, Action::Broken(pair, lives, generation));
            }
        }
        if exits {
            let last = self.to_host.get(&node).copied().unwrap_or(0);
            let when = last.max(self.now + self.rng.below(self.tempo.reap)) + 1;
            self.to_host.insert(node, when);
            self.exiting.insert(node);
            self.at(when, Action::Exited(node));
        }
    }

    fn push(&mut self, node: NodeId, life: u64, input: Input) {
        if let Some(it) = self.nodes.get_mut(&node).filter(|it| it.id == life) {
            it.inbox.push_back(input);
            self.run_soon(node);
        }
    }

    fn run_soon(&mut self, node: NodeId) {
        let Some(life) = self.nodes.get_mut(&node) else {
            return;
        };
        if life.is_running || life.frozen.is_some() || life.inbox.is_empty() {
            return;
        }
        life.is_running = true;
        // A slow node is held up now and then, not at each event.
        let slow = if self.rng.permille(30) { life.slow } else { 0 };
        let (id, when) = (
            life.id,
            self.now + 1 + self.rng.below(self.tempo.work + slow),
        );
        self.at(when, Action::Run(node, id));
    }

    fn run(&mut self, node: NodeId, id: u64) {
        let parameters = self.parameters;
        let Some(life) = self.nodes.get_mut(&node).filter(|life| life.id == id) else {
            return;
        };
        life.is_running = false;
        if life.frozen.is_some() {
            return;
        }
        let before = life.machine.role();
        let effects = life.step(self.now, &parameters);
        let after = life.machine.role();
        if before != after {
            self.tell(|| format!("node {node} {} -> {}", before.name(), after.name()));
        }
        for effect in effects {
            self.effect(node, id, effect);
            if self.nodes.get(&node).is_none_or(|life| life.id != id) {
                return;
            }
        }
        self.run_soon(node);
    }

    /// Whether the node dies on this effect.
    fn trips(&mut self, node: NodeId) -> bool {
        let Some(trip) = self.nodes.get_mut(&node).and_then(|l| l.trip.as_mut()) else {
            return false;
        };
        if *trip == 0 {
            self.die(node, true);
            return true;
        }
        *trip -= 1;
        false
    }

    fn effect(&mut self, node: NodeId, id: u64, effect: Effect) {
        if !matches!(effect, Effect::Wake(_) | Effect::Beat(..)) && self.trips(node) {
            return;
        }
        match effect {
            Effect::Identity(instance, roster) => {
                if let Some(life) = self.nodes.get_mut(&node) {
                    life.instance = Some(instance);
                    life.roster = roster;
                }
                self.tell(|| format!("node {node} is {instance}"));
                self.look_for_links(node);
            }
            Effect::Roster(roster) => {
                let Some(life) = self.nodes.get_mut(&node) else {
                    return;
                };
                let new = roster.difference(&life.roster);
                life.roster = roster;
                for other in new {
                    self.look_for_link(pair(node, other));
                }
            }
            Effect::Send(to, body) => {
                for target in to {
                    if self.trips(node) {
                        return;
                    }
                    self.send(node, target, body.clone());
                }
            }
            Effect::Beat(to, body) => self.send_beats(node, to, &body),
            Effect::Host(bytes) => {
                let last = self.to_host.get(&node).copied().unwrap_or(0);
                let when = last.max(self.now + self.host_delay(node)) + 1;
                self.to_host.insert(node, when);
                self.at(when, Action::Packet(node, bytes));
            }
            Effect::End(instance) => {
                if let Some(life) = self.nodes.get_mut(&node) {
                    life.ended.push(instance);
                }
            }
            Effect::RunSubsystems(epoch) => {
                if let Some(life) = self.nodes.get_mut(&node) {
                    life.callbacks = Some(epoch);
                }
                let when = self.now + 1 + self.rng.below(self.tempo.callbacks);
                self.at(when, Action::Push(node, id, Input::SubsystemsDone(epoch)));
            }
            Effect::Cleanup(instance) => {
                if !self.rng.permille(self.tempo.cleanup_hangs) {
                    let when = self.now + 1 + self.rng.below(self.tempo.cleanup);
                    self.at(when, Action::Push(node, id, Input::CleanedUp(instance)));
                }
            }
            Effect::ShutDown => {
                let when = self.now + self.rng.below(20 * MS);
                self.at(when, Action::Fault(Fault::Leave(node)));
            }
            Effect::Wake(instant) => {
                if let Some(life) = self.nodes.get_mut(&node) {
                    life.wake += 1;
                    let (wake, when) = (life.wake, life.clock.when(instant, self.now));
                    self.at(when, Action::Wake(node, id, wake));
                }
            }
            Effect::Install(view) => {
                self.tell(|| format!("node {node} installs {view:?}"));
                self.see(node, |who, role| Seen::Installed { who, role, view });
            }
            Effect::Update(view) => {
                self.tell(|| format!("node {node} has active {view:?}"));
                self.see(node, |who, _| Seen::Updated { who, view });
            }
            Effect::Transition(transition) => {
                self.see(node, |who, _| Seen::Transition { who, transition });
            }
            Effect::Halt(why) => {
                self.tell(|| format!("node {node} halts: {why}"));
                self.see(node, |who, _| Seen::Halted { who, why });
                self.die(node, true);
            }
        }
    }

    fn see(&mut self, node: NodeId, seen: impl FnOnce(Instance, Role) -> Seen) {
        let Some(life) = self.nodes.get(&node) else {
            return;
        };
        let Some(who) = life.instance else {
            return;
        };
        let seen = seen(who, life.machine.role());
        self.observe(&seen);
    }

    fn observe(&mut self, seen: &Seen) {
        let mut invariants = std::mem::take(&mut self.invariants);
        let outcome = invariants.observe(self, seen);
        self.invariants = invariants;
        if let Err(why) = outcome {
            self.failure.get_or_insert(why);
        }
    }

    // --- the network -------------------------------------------------------------

    fn send_beats(&mut self, node: NodeId, to: NodeSet, body: &Rc<[u8]>) {
        let Some(life) = self.nodes.get_mut(&node) else {
            return;
        };
        life.beats += 1;
        let (counter, Some(from)) = (life.beats, life.instance) else {
            return;
        };
        for target in to {
            let copies = 1 + u64::from(self.rng.permille(self.net.twice));
            for _ in 0..copies {
                let is_lost = self.rng.permille(self.net.loss);
                if is_lost || !self.net.carries_beat(node, target) {
                    continue;
                }
                let Some(id) = self.nodes.get(&target).map(|life| life.id) else {
                    continue;
                };
                let when = self.tempo.least + self.soon(self.tempo.message);
                let input = Input::Beat(from, counter, body.clone());
                self.at(when, Action::Push(target, id, input));
            }
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, body: Rc<[u8]>) {
        let pair = pair(from, to);
        let Some(lives) = self.pair_lives(pair) else {
            return;
        };
        let Some(link) = self.links.get_mut(&pair).filter(|l| l.lives == lives) else {
            return;
        };
        self.messages += 1;
        self.bytes += body.len() as u64;
        let way = usize::from(from > to);
        if link.ways[way].queue.len() >= self.tempo.queue {
            return;
        }
        let number = link.ways[way].next;
        link.ways[way].next += 1;
        link.ways[way].queue.push_back((number, body));
        if link.is_up {
            self.put_on_wire(pair, way, number);
        }
    }

    fn put_on_wire(&mut self, pair: Pair, way: usize, number: u64) {
        let arrival = self.tempo.least + self.soon(self.tempo.message);
        let Some(link) = self.links.get_mut(&pair) else {
            return;
        };
        let when = arrival.max(link.ways[way].last + 1);
        link.ways[way].last = when;
        let (lives, generation) = (link.lives, link.generation);
        self.at(when, Action::Deliver(pair, lives, generation, way, number));
    }

    fn deliver(&mut self, pair: Pair, lives: [u64; 2], generation: u64, way: usize, number: u64) {
        let (from, to) = if way == 0 { pair } else { (pair.1, pair.0) };
        if !self.net.carries_bytes(from, to) {
            return;
        }
        let Some(link) = self.links.get_mut(&pair) else {
            return;
        };
        let is_now = link.lives == lives && link.generation == generation && link.is_up;
        let is_late = link.until.is_some_and(|until| until < self.now);
        if !is_now || is_late || link.ways[way].queue.front().map(|(n, _)| *n) != Some(number) {
            return;
        }
        if self.net.flapping.contains(&(from, to)) {
            self.broken(pair, lives, generation);
            return;
        }
        let (from_life, to_life) = (lives[way], lives[1 - way]);
        let Some(from) = self.instance_of(from, from_life) else {
            return;
        };
        let Some(life) = self.nodes.get(&to).filter(|life| life.id == to_life) else {
            return;
        };
        if life.ended.contains(&from) {
            return;
        }
        let Some((_, body)) = self
            .links
            .get_mut(&pair)
            .and_then(|link| link.ways[way].queue.pop_front())
        else {
            return;
        };
        self.push(to, to_life, Input::Message(from, body));
    }

    /// Who a life was; the dead are remembered by the record of the living.
    fn instance_of(&self, node: NodeId, life: u64) -> Option<Instance> {
        let living = self.nodes.get(&node).filter(|it| it.id == life);
        match living {
            Some(it) => it.instance,
            None => self.invariants.instance(life),
        }
    }

    fn pair_lives(&self, pair: Pair) -> Option<[u64; 2]> {
        Some([self.nodes.get(&pair.0)?.id, self.nodes.get(&pair.1)?.id])
    }

    fn look_for_links(&mut self, node: NodeId) {
        for other in self.living() {
            if other != node {
                self.look_for_link(pair(node, other));
            }
        }
        if let Some(life) = self.nodes.get(&node) {
            if let Some(instance) = life.instance {
                self.invariants.remember(life.id, instance);
            }
        }
    }

    fn look_for_link(&mut self, pair: Pair) {
        let Some(lives) = self.pair_lives(pair).filter(|_| self.can_link(pair)) else {
            return;
        };
        let link = self.links.get(&pair);
        let is_under_way = link.is_some_and(|l| l.lives == lives && (l.is_up || l.is_connecting));
        if is_under_way {
            return;
        }
        if let Some(link) = self.links.get_mut(&pair).filter(|l| l.lives == lives) {
            link.is_connecting = true;
        }
        let when = self.soon(self.tempo.connect);
        self.at(when, Action::Connect(pair, lives));
    }

    fn can_link(&self, (a, b): Pair) -> bool {
        let (Some(one), Some(two)) = (self.nodes.get(&a), self.nodes.get(&b)) else {
            return false;
        };
        let (Some(first), Some(second)) = (one.instance, two.instance) else {
            return false;
        };
        one.frozen.is_none()
            && two.frozen.is_none()
            && one.roster.contains(b)
            && two.roster.contains(a)
            && !one.ended.contains(&second)
            && !two.ended.contains(&first)
            && self.net.connects(a, b)
    }

    fn connect(&mut self, pair: Pair, lives: [u64; 2]) {
        if let Some(link) = self.links.get_mut(&pair).filter(|l| l.lives == lives) {
            link.is_connecting = false;
            if link.is_up {
                return;
            }
        }
        if self.pair_lives(pair) != Some(lives) || !self.can_link(pair) {
            return;
        }
        let old = self.links.get(&pair).filter(|link| link.lives != lives);
        if let Some(old) = old.filter(|old| old.is_up) {
            // The newer life shows that the older one is over.
            let (lives, generation) = (old.lives, old.generation);
            self.broken(pair, lives, generation);
        }
        let link = self.links.entry(pair).or_insert_with(|| Link::new(lives));
        if link.lives != lives {
            *link = Link::new(lives);
        }
        link.is_up = true;
        link.generation += 1;
        for (node, life, peer, peer_life) in both(pair, lives) {
            if let Some(peer) = self.instance_of(peer, peer_life) {
                self.push(node, life, Input::Linked(peer));
            }
        }
        self.resend(pair);
    }

    /// Puts what was not delivered on the wire of the connection there is now.
    fn resend(&mut self, pair: Pair) {
        for way in 0..2 {
            let numbers: Vec<u64> = self
                .links
                .get(&pair)
                .map(|link| link.ways[way].queue.iter().map(|(n, _)| *n).collect())
                .unwrap_or_default();
            for number in numbers {
                self.put_on_wire(pair, way, number);
            }
        }
    }

    /// A connection is found to be broken, by both sides.
    fn broken(&mut self, pair: Pair, lives: [u64; 2], generation: u64) {
        let are_both_alive = self.pair_lives(pair) == Some(lives);
        let Some(link) = self
            .links
            .get_mut(&pair)
            .filter(|link| link.lives == lives && link.generation == generation && link.is_up)
        else {
            return;
        };
        link.is_up = false;
        link.generation += 1;
        if !are_both_alive {
            self.links.remove(&pair);
        }
        for (node, life, peer, peer_life) in both(pair, lives) {
            if let Some(peer) = self.instance_of(peer, peer_life) {
                self.push(node, life, Input::Unlinked(peer));
            }
        }
        self.look_for_link(pair);
    }

    // --- the host ----------------------------------------------------------------

    fn host(&mut self, event: ArbiterEvent<'_>) {
        enum Order {
            Send(NodeId, Vec<u8>),
            Fence(Instance, Instance),
        }
        let mut room = View::EMPTY;
        let mut plea = None;
        if let ArbiterEvent::Packet { node, bytes } = event {
            match FromNode::decode(bytes, &mut room) {
                // It has booted again: the life before is over.
                Ok(FromNode::Hello { .. }) => self.reap(node),
                Ok(FromNode::Fence { view, side, .. }) => {
                    let view = Rc::new(view.clone());
                    plea = Some(Plea { view, side });
                }
                _ => {}
            }
        }
        let mut orders = Vec::new();
        let mut out = |output: ArbiterOutput<'_>| match output {
            ArbiterOutput::Send { node, message } => {
                orders.push(Order::Send(node, encode(&message)))
            }
            ArbiterOutput::Fence { target, asker } => orders.push(Order::Fence(target, asker)),
            ArbiterOutput::View { .. } | ArbiterOutput::Refused { .. } => {}
        };
        if let Err(why) = self.arbiter.step(event, &mut out) {
            self.tell(|| format!("arbiter refuses: {why:?}"));
        }
        for order in orders {
            if let Order::Send(node, bytes) = &order {
                self.tell(|| format!("host to {node}: {:?}", ToNode::decode(bytes)));
            }
            match order {
                Order::Send(node, bytes) => {
                    let Some(process) = self.nodes.get(&node).map(|life| life.process) else {
                        continue;
                    };
                    let last = self.from_host.get(&node).copied().unwrap_or(0);
                    let when = last.max(self.now + self.host_delay(node)) + 1;
                    self.from_host.insert(node, when);
                    self.at(when, Action::ToProcess(node, process, bytes));
                }
                Order::Fence(target, asker) => {
                    self.tell(|| format!("fence kills {target} for {asker}"));
                    let plea = plea.clone();
                    self.observe(&Seen::Fenced {
                        target,
                        asker,
                        plea,
                    });
                    let when = self.now + self.rng.below(self.tempo.kill);
                    if let Some(life) = self.nodes.get(&target.node) {
                        let kill = Action::Kill(target.node, life.process);
                        self.at(when, kill);
                    }
                }
            }
        }
    }

    /// How long a packet between `node` and the supervisor takes.
    fn host_delay(&mut self, node: NodeId) -> u64 {
        let late = self.tempo.late.filter(|(late, _)| *late == node);
        let most = late.map_or(self.tempo.host, |(_, most)| most);
        self.rng.below(most)
    }

    /// The supervisor knows that the last life of `node` is over.
    fn reap(&mut self, node: NodeId) {
        self.reaped.extend(self.dying.remove(&node));
    }

    // --- faults ------------------------------------------------------------------

    fn touch(&mut self, node: NodeId) {
        if let Some(life) = self.nodes.get(&node) {
            self.touched.insert(life.id);
        }
    }

    fn touch_all(&mut self) {
        for life in self.nodes.values() {
            self.touched.insert(life.id);
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.tell(|| format!("fault: {fault:?}"));
        match fault {
            Fault::Crash(node) => self.die(node, true),
            Fault::Trip(node, effects) => {
                if let Some(life) = self.nodes.get_mut(&node) {
                    life.trip = Some(effects);
                }
            }
            Fault::Reboot(node) => {
                if let Some(life) = self.nodes.get(&node) {
                    // What the supervisor said to the old life is still there.
                    let is_of_host = |input: &&Input| matches!(input, Input::Host(_));
                    let unread: Vec<_> = life.inbox.iter().filter(is_of_host).cloned().collect();
                    let process = life.process;
                    self.die(node, false);
                    self.start(node);
                    if let Some(life) = self.nodes.get_mut(&node) {
                        life.process = process;
                        life.inbox.extend(unread);
                    }
                }
            }
            Fault::Start(node) => self.start(node),
            Fault::Freeze(node) => {
                self.touch(node);
                self.freeze(node);
            }
            Fault::Nap(node, us) => {
                self.freeze(node);
                self.after(us, Fault::Resume(node));
            }
            Fault::Resume(node) => self.resume(node),
            Fault::Cut(from, to) => self.cut(&from, &to),
            Fault::Break(a, b) => {
                self.touch(a);
                self.touch(b);
                self.net.broken.insert((a, b));
                self.net.broken.insert((b, a));
                self.break_soon(pair(a, b));
            }
            Fault::Flap(a, b) => {
                self.touch(a);
                self.touch(b);
                self.net.flapping.insert((a, b));
            }
            Fault::Reset(a, b) => {
                let pair = pair(a, b);
                if let Some(link) = self.links.get(&pair) {
                    let (lives, generation) = (link.lives, link.generation);
                    self.broken(pair, lives, generation);
                }
            }
            Fault::Heal => self.heal(),
            Fault::Slow(node, us) => {
                if us > SLOW_HARMLESS {
                    self.touch(node);
                }
                if let Some(life) = self.nodes.get_mut(&node) {
                    life.slow = us;
                }
            }
            Fault::Jump(node, us) => {
                if let Some(life) = self.nodes.get_mut(&node) {
                    life.clock.jump(us);
                    life.inbox.push_back(Input::Tick);
                    self.run_soon(node);
                }
            }
            Fault::Loss(loss) => {
                self.net.loss = loss;
                if loss > LOSS_HARMLESS {
                    self.touch_all();
                }
            }
            Fault::Delay(delay) => {
                self.net.delay = delay;
                if delay > DELAY_HARMLESS {
                    self.touch_all();
                }
            }
            Fault::ShutDown(user, node) => {
                if let Some(life) = self.nodes.get(&user) {
                    let id = life.id;
                    self.push(user, id, Input::ShutDown(node));
                }
            }
            Fault::Leave(node) => {
                if let Some(life) = self.nodes.get(&node) {
                    let id = life.id;
                    self.push(node, id, Input::Leave);
                    self.after(5 * MS, Fault::Crash(node));
                }
            }
        }
    }

    fn freeze(&mut self, node: NodeId) {
        let now = self.now;
        if let Some(life) = self.nodes.get_mut(&node) {
            life.frozen.get_or_insert(now);
        }
    }

    fn resume(&mut self, node: NodeId) {
        let (now, stands) = (self.now, self.tempo.clocks_stand);
        let Some(life) = self.nodes.get_mut(&node) else {
            return;
        };
        let Some(since) = life.frozen.take() else {
            return;
        };
        if stands {
            life.clock.stand(now - since);
        }
        life.is_running = false;
        self.run_soon(node);
        self.look_for_links(node);
    }

    fn cut(&mut self, from: &[NodeId], to: &[NodeId]) {
        for &a in from {
            for &b in to {
                self.touch(a);
                self.touch(b);
                self.net.cut.insert((a, b));
                self.break_soon(pair(a, b));
            }
        }
    }

    /// TCP takes its time to notice.
    fn break_soon(&mut self, pair: Pair) {
        if let Some(link) = self.links.get(&pair) {
            let (lives, generation) = (link.lives, link.generation);
            let when = self.now + 100 * MS + self.rng.below(1_500 * MS);
            self.at(when, Action::Broken(pair, lives, generation));
        }
    }

    fn heal(&mut self) {
        self.net = Network::default();
        for life in self.nodes.values_mut() {
            life.slow = 0;
            // Nor is it still held up by an event it has begun.
            life.is_running = false;
        }
        for node in self.living() {
            self.run_soon(node);
        }
        let pairs: Vec<Pair> = self.links.keys().copied().collect();
        for pair in pairs {
            if let Some(link) = self.links.get_mut(&pair).filter(|link| link.is_up) {
                // What was held up is sent again.
                link.generation += 1;
                self.resend(pair);
            }
        }
        for node in self.living() {
            self.look_for_links(node);
        }
    }
}

fn pair(a: NodeId, b: NodeId) -> Pair {
    (a.min(b), a.max(b))
}

/// Node, life, and the peer's of both sides.
fn both(pair: Pair, lives: [u64; 2]) -> [(NodeId, u64, NodeId, u64); 2] {
    [
        (pair.0, lives[0], pair.1, lives[1]),
        (pair.1, lives[1], pair.0, lives[0]),
    ]
}

fn encode(message: &ToNode) -> Vec<u8> {
    let mut room = vec![0; PACKET_BYTES_MAX];
    let len = message.encode(&mut room).expect("a packet has room");
    room.truncate(len);
    room
}
