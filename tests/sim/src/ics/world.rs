// SPDX-License-Identifier: GPL-2.0

//! A cluster and what befalls it.
//!
//! Stands in for CLMS as well: it decides views, kills before it excludes, and
//! tells every node at a time of its own.

use std::collections::BTreeMap;

use ssi_core::{
    ics::handshake::Channel,
    ids::{Epoch, Incarnation, Instance, NodeId},
    time::Instant,
    view::{Entry, NodeState, View},
};

use crate::rng::Rng;

use super::{
    app::{Plan, TaskId},
    client::{Token, Wish},
    history::{Event, History, Rest},
    net::{ConnId, Net, Side},
    node::{Ctx, Node},
    queue::Queue,
    scenario::Scenario,
};

/// Something that happens at its time.
#[derive(Clone, Debug)]
pub enum Happening {
    /// Of the network.
    Dial(Instance, NodeId, Channel),
    Accepted(ConnId),
    Connected(ConnId),
    Arrived(ConnId, Side),
    Closed(ConnId, Instance),
    /// Of a node's own.
    Wake(Instance),
    TaskDue(Instance, TaskId),
    Traffic(Instance),
    CancelDue(Instance, Token),
    /// Of the membership.
    Install(Instance, Epoch),
    Death(Instance, Instance),
    Change,
    Restart(NodeId),
    /// Faults.
    Break,
    Snap(ConnId),
    Cut,
    Heal(NodeId, NodeId),
    Crash,
    Stranger,
    StrangerTalks(ConnId, u64),
}

/// How long a cluster may go without the end of a call, or a piece of a transfer,
/// once faults stop.
const IDLE_TIME_MAX: u64 = 10_000_000;
/// How often it is looked at meanwhile.
const LOOK_EVERY: u64 = 50_000;
/// Calls in each flood of a node that does not keep to its credit, and the mean
/// time between two.
const FLOOD: u64 = 600;
const FLOOD_EVERY: u64 = 100_000;
/// Most happenings of a run.
const HAPPENINGS_MAX: u64 = 20_000_000;

pub struct World {
    nodes: BTreeMap<NodeId, Node>,
    net: Net,
    queue: Queue,
    history: History,
    scenario: Scenario,
    rng: Rng,
    tokens: Token,
    incarnations: u64,
    views: Vec<View>,
    /// When the last view is installed at an instance.
    installs: BTreeMap<Instance, Instant>,
    /// Beginnings of what diallers said, for strangers to repeat.
    overheard: Vec<(NodeId, NodeId, Vec<u8>)>,
}

impl World {
    pub fn new(seed: u64, is_verbose: bool) -> Self {
        let mut rng = Rng::new(seed);
        let scenario = Scenario::draw(&mut rng);
        let history = History::new(is_verbose);
        history.note(Instant(0), || format!("{scenario:?}"));
        Self {
            nodes: BTreeMap::new(),
            net: Net::new(scenario.clone()),
            queue: Queue::default(),
            history,
            scenario,
            rng,
            tokens: 1,
            incarnations: 0,
            views: vec![View::EMPTY],
            installs: BTreeMap::new(),
            overheard: Vec::new(),
        }
    }

    /// Runs it to its end; an error says which invariant broke.
    pub fn run(&mut self) -> Result<(), String> {
        for node in NodeId::all().take(self.scenario.nodes.into()) {
            self.queue.at(Instant(0), Happening::Restart(node));
        }
        for (every, what) in self.faults() {
            self.again(every, what);
        }
        self.queue.after(1, Happening::Change);
        let mut happenings = 0;
        let mut look = LOOK_EVERY;
        while let Some(what) = self.queue.next() {
            self.happen(what);
            happenings += 1;
            if let Some(failure) = self.history.failure() {
                return Err(failure.into());
            }
            let now = self.queue.now().0;
            if now >= look && now > self.scenario.duration {
                look = now + LOOK_EVERY;
                if self.rest().waiting.is_empty() {
                    break;
                }
            }
            let progress = self.history.last_end().0.max(self.scenario.duration);
            if now > progress + IDLE_TIME_MAX || happenings > HAPPENINGS_MAX {
                break;
            }
        }
        let rest = self.rest();
        self.history.tell(self.queue.now(), Event::Over(rest));
        let tokens = self.tokens - 1;
        self.history.note(self.queue.now(), || {
            format!("{happenings} happenings, {tokens} calls")
        });
        self.history.failure().map_or(Ok(()), |why| Err(why.into()))
    }

    fn faults(&self) -> [(u64, Happening); 5] {
        let s = &self.scenario;
        [
            (s.break_every, Happening::Break),
            (s.cut_every, Happening::Cut),
            (s.crash_every, Happening::Crash),
            (s.stranger_every, Happening::Stranger),
            (s.view_every.max(10_000), Happening::Change),
        ]
    }

    /// The same again after some time around `every`, as long as faults go on.
    fn again(&mut self, every: u64, what: Happening) {
        if every > 0 && !self.is_calm() {
            self.queue.after(self.rng.between(1, 2 * every), what);
        }
    }

    fn is_calm(&self) -> bool {
        self.queue.now().0 > self.scenario.duration
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Dial(from, to, channel) => self.dial(from, to, channel),
            Happening::Accepted(id) => self.accepted(id),
            Happening::Connected(id) => {
                let end = self.net.end(id, Side::Dialler);
                self.at(end, |node, ctx| node.connected(id, ctx));
            }
            Happening::Arrived(id, side) => self.arrived(id, side),
            Happening::Closed(id, end) => self.at(Some(end), |node, ctx| node.closed(id, ctx)),
            Happening::Wake(me) => self.at(Some(me), |_, _| ()),
            Happening::TaskDue(me, task) => {
                self.at(Some(me), |node, ctx| node.task_due(task, ctx));
            }
            Happening::Traffic(me) => self.traffic(me),
            Happening::CancelDue(me, token) => {
                self.at(Some(me), |node, ctx| node.cancel(token, ctx));
            }
            Happening::Install(me, epoch) => self.install(me, epoch),
            Happening::Death(me, dead) => self.at(Some(me), |node, ctx| node.end(dead, ctx)),
            Happening::Change => self.change(),
            Happening::Restart(node) => self.restart(node),
            Happening::Break => {
                let open = self.net.open();
                if let Some(id) = self.rng.pick(&open) {
                    self.net.close(*id, &mut self.rng, &mut self.queue);
                }
                self.again(self.scenario.break_every, Happening::Break);
            }
            Happening::Snap(id) => self.net.close(id, &mut self.rng, &mut self.queue),
            Happening::Cut => self.cut(),
            Happening::Heal(a, b) => self.net.heal(a, b),
            Happening::Crash => self.crash(),
            Happening::Stranger => self.stranger(),
            Happening::StrangerTalks(id, turns) => self.stranger_talks(id, turns),
        }
    }

    /// Does something at a node, if that life still lives.
    fn at(&mut self, me: Option<Instance>, act: impl FnOnce(&mut Node, &mut Ctx<'_>)) {
        let (nodes, mut ctx) = self.parts();
        let node = me.and_then(|me| nodes.get_mut(&me.node).filter(|node| node.me == me));
        if let Some(node) = node {
            act(node, &mut ctx);
            node.tick(&mut ctx);
        }
    }

    /// The nodes, and what they may touch.
    fn parts(&mut self) -> (&mut BTreeMap<NodeId, Node>, Ctx<'_>) {
        let ctx = Ctx {
            rng: &mut self.rng,
            net: &mut self.net,
            queue: &mut self.queue,
            history: &mut self.history,
            scenario: &self.scenario,
            tokens: &mut self.tokens,
        };
        (&mut self.nodes, ctx)
    }

    fn tell(&mut self, event: Event) {
        self.history.tell(self.queue.now(), event);
    }

    fn living(&self) -> Vec<Instance> {
        self.nodes.values().map(|node| node.me).collect()
    }

    // --- network ---

    fn dial(&mut self, from: Instance, to: NodeId, channel: Channel) {
        let Some(there) = self.nodes.get(&to).map(|node| node.me) else {
            return;
        };
        let id = self
            .net
            .dial(Some(from), there, &mut self.rng, &mut self.queue);
        let now = self.queue.now();
        self.at(Some(from), |node, _| node.dialling(to, channel, id, now));
    }

    fn accepted(&mut self, id: ConnId) {
        if self.net.is_cut(id) {
            // What is lost is tried again until somebody gives up.
            return self.net.close(id, &mut self.rng, &mut self.queue);
        }
        let to = self.net.end(id, Side::Listener);
        let from = match self.net.end(id, Side::Dialler) {
            Some(from) => from.node,
            None => {
                let others: Vec<_> = NodeId::all().take(self.scenario.nodes.into()).collect();
                let Some(from) = self.rng.pick(&others) else {
                    return;
                };
                *from
            }
        };
        if to.is_some_and(|to| to.node != from) {
            self.at(to, |node, ctx| node.accepted(id, from, ctx));
        }
    }

    fn arrived(&mut self, id: ConnId, side: Side) {
        if self.net.is_cut(id) {
            return self.queue.after(20_000, Happening::Arrived(id, side));
        }
        let Some((piece, is_writer_waiting)) = self.net.arrive(id, side) else {
            return;
        };
        let (from, to) = (self.net.end(id, side), self.net.end(id, side.other()));
        if let (Side::Dialler, Some(from), Some(to)) = (side, from, to) {
            if self.overheard.len() < 20 && self.rng.permille(200) {
                self.overheard.push((from.node, to.node, piece.clone()));
            }
        }
        self.at(to, |node, ctx| node.received(id, &piece, ctx));
        if let (None, Some(to)) = (from, to) {
            let node = self.nodes.get(&to.node);
            if node.is_some_and(|node| node.is_established(id)) {
                self.tell(Event::Fault(to, to, "a stranger came in".into()));
            }
        }
        if is_writer_waiting {
            self.at(from, |node, ctx| node.writable(id, ctx));
        }
    }

    // --- calls ---

    fn traffic(&mut self, me: Instance) {
        if self.is_calm() {
            return;
        }
        let is_cheating = self.scenario.cheater == Some(me.node.get());
        let burst = match is_cheating {
            true => FLOOD,
            false => self.rng.between(1, self.scenario.burst),
        };
        let cancel_permille = self.scenario.cancel_permille;
        self.at(Some(me), |node, ctx| {
            for _ in 0..burst {
                let plan = Plan::draw(ctx.rng, ctx.scenario);
                // One node, or as many as there are.
                let count = if ctx.rng.permille(900) { 1 } else { 20 };
                for to in node.others(ctx.rng, count) {
                    let wish = Wish {
                        to,
                        plan,
                        serving: None,
                        level: Default::default(),
                        parent: None,
                    };
                    let token = node.call(wish, ctx);
                    if ctx.rng.permille(cancel_permille) {
                        let soon = ctx.rng.below(30_000);
                        ctx.queue.after(soon, Happening::CancelDue(me, token));
                    }
                    if ctx.rng.permille(300) {
                        node.send_message(to, ctx);
                    }
                }
            }
        });
        let every = match is_cheating {
            true => FLOOD_EVERY,
            false => self.scenario.call_every,
        };
        self.again(every, Happening::Traffic(me));
    }

    // --- membership ---

    fn restart(&mut self, number: NodeId) {
        self.incarnations += self.rng.between(1, 3);
        let me = Instance::new(number, Incarnation(self.incarnations));
        self.tell(Event::Started(me));
        if self.scenario.cheater == Some(number.get()) {
            self.tell(Event::Cheats(me));
        }
        let (nodes, mut ctx) = self.parts();
        nodes.insert(number, Node::new(me, &mut ctx));
        self.again(self.scenario.call_every, Happening::Traffic(me));
    }

    fn view(&self) -> View {
        self.views.last().cloned().unwrap_or(View::EMPTY)
    }

    /// The next view: the dead leave and who is linked to all comes in.
    fn change(&mut self) {
        let mut view = self.view();
        let before = view.members();
        for number in view.members() {
            let member = view.member(number);
            if self.nodes.get(&number).map(|node| node.me) != member {
                let entry = view.entry(number);
                let state = NodeState::Down;
                view.set(number, Entry { state, ..entry });
            }
        }
        for me in self.living() {
            if !view.has(me) && self.is_linked_to_members(me, &view) {
                let entry = Entry {
                    state: NodeState::Up,
                    incarnation: me.incarnation,
                };
                view.set(me.node, entry);
            }
        }
        let has_cause = view.members() != before || self.view() != view;
        if has_cause || (self.scenario.view_every > 0 && !self.is_calm()) {
            self.commit(view);
        }
        if self.is_calm() {
            self.queue.after(20_000, Happening::Change);
        } else {
            self.again(self.scenario.view_every.max(10_000), Happening::Change);
        }
    }

    fn is_linked_to_members(&self, me: Instance, view: &View) -> bool {
        view.members().iter().all(|number| {
            let Some(member) = view.member(number) else {
                return true;
            };
            let ends = [(me, member), (member, me)];
            ends.into_iter().all(|(a, b)| {
                let node = self.nodes.get(&a.node).filter(|node| node.me == a);
                node.is_some_and(|node| node.is_linked(b))
            })
        })
    }

    fn commit(&mut self, mut view: View) {
        view.epoch = self.view().epoch.next();
        self.tell(Event::View(Box::new(view.clone())));
        for number in view.members() {
            let Some(member) = view.member(number) else {
                continue;
            };
            let spread = self.rng.below(self.scenario.view_spread);
            let last = self.installs.get(&member).copied().unwrap_or_default();
            let when = Instant(self.queue.now().0 + spread).max(Instant(last.0 + 1));
            self.installs.insert(member, when);
            self.queue.at(when, Happening::Install(member, view.epoch));
        }
        self.views.push(view);
    }

    fn install(&mut self, me: Instance, epoch: Epoch) {
        let Some(view) = self.views.get(epoch.0 as usize).cloned() else {
            return;
        };
        // A node may learn of a view only with the next one.
        let is_last = self.view().epoch == epoch;
        if is_last || self.rng.permille(900) {
            self.at(Some(me), |node, ctx| node.install(view, ctx));
        }
    }

    // --- faults ---

    fn cut(&mut self) {
        let numbers: Vec<_> = self.nodes.keys().copied().collect();
        if let (Some(&a), Some(&b)) = (self.rng.pick(&numbers), self.rng.pick(&numbers)) {
            self.net.set_cut(a, b);
            let long = self.rng.between(1_000, 400_000);
            self.queue.after(long, Happening::Heal(a, b));
        }
        self.again(self.scenario.cut_every, Happening::Cut);
    }

    fn crash(&mut self) {
        let living = self.living();
        if let Some(&dead) = self.rng.pick(&living) {
            self.nodes.remove(&dead.node);
            self.tell(Event::Crashed(dead));
            // What it sent before may still arrive, even after the news.
            for id in self.net.of(dead) {
                let delay = self.rng.below(60_000);
                self.queue.after(delay, Happening::Snap(id));
            }
            for me in self.living() {
                let delay = self.rng.below(100_000);
                self.queue.after(delay, Happening::Death(me, dead));
            }
            let delay = self.rng.between(1_000, 300_000);
            self.queue.after(delay, Happening::Restart(dead.node));
        }
        self.again(self.scenario.crash_every, Happening::Crash);
    }

    fn stranger(&mut self) {
        let living = self.living();
        if let Some(&to) = self.rng.pick(&living) {
            self.tell(Event::Stranger);
            let id = self.net.dial(None, to, &mut self.rng, &mut self.queue);
            let turns = self.rng.below(4);
            self.queue
                .after(30_000, Happening::StrangerTalks(id, turns));
        }
        self.again(self.scenario.stranger_every, Happening::Stranger);
    }

    /// It says nothing, anything, or what somebody else said before.
    fn stranger_talks(&mut self, id: ConnId, turns: u64) {
        if turns == 0 {
            if self.rng.permille(500) {
                self.net.close(id, &mut self.rng, &mut self.queue);
            }
            return;
        }
        let overheard = self.rng.pick(&self.overheard).cloned();
        let mut words = match overheard {
            Some((_, _, words)) => words,
            None => vec![0; 60],
        };
        if self.rng.permille(500) {
            let place = self.rng.index(words.len().max(1));
            if let Some(byte) = words.get_mut(place) {
                *byte ^= 1 << self.rng.below(8);
            }
        }
        let (rng, queue) = (&mut self.rng, &mut self.queue);
        self.net.write(id, Side::Dialler, &words, rng, queue);
        self.queue
            .after(5_000, Happening::StrangerTalks(id, turns - 1));
    }

    // --- the end ---

    fn rest(&self) -> Rest {
        let mut waiting = Vec::new();
        let view = self.view();
        for node in self.nodes.values() {
            if !view.has(node.me) {
                waiting.push(format!("{} is no member", node.me));
            }
            if node.view.epoch != view.epoch {
                waiting.push(format!("{} has not installed the last view", node.me));
            }
            node.rest(&mut waiting);
        }
        for number in NodeId::all().take(self.scenario.nodes.into()) {
            if !self.nodes.contains_key(&number) {
                waiting.push(format!("{number} has not restarted"));
            }
        }
        Rest {
            living: self.living(),
            waiting,
        }
    }
}
