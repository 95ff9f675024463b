// SPDX-License-Identifier: GPL-2.0

//! A cluster and what befalls it.
//!
//! Stands in for ICS and CLMS as well: between two lives messages come in their order, each
//! once; every node learns of a death at a time of its own, and from then on nothing of the
//! dead one takes effect there.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::{
    ids::{Incarnation, Instance, NodeId},
    time::Instant,
};

use crate::rng::Rng;

use super::{
    history::{Event, History, Rest},
    message::{Answer, Body, CallId, Image, Message, Outcome, Pid, Question, Signal},
    node::{Call, Local, Node, Process},
    scenario::Scenario,
};

/// Most happenings of a run.
const HAPPENINGS_MAX: u64 = 2_000_000;

/// Something that happens at its time.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A message is there.
    Arrives(Message),
    /// A question is served.
    Served(Message),
    /// A call to a node that was known to be dead.
    Fails(Instance, CallId),
    /// A copy is made, or cannot be.
    Made(Instance, Pid, CallId),
    /// Home tries again to send a signal on.
    Retry(Instance, Pid),
    /// A node learns of a death.
    Learns(Instance, Instance),
    Restarts(NodeId),
    /// Wishes and faults.
    Move,
    Signal,
    Kill,
    Crash,
}

/// The cluster.
pub struct World {
    pub(super) nodes: BTreeMap<NodeId, Node>,
    pub(super) history: History,
    pub(super) scenario: Scenario,
    pub(super) rng: Rng,
    now: Instant,
    made: u64,
    queue: BTreeMap<(Instant, u64), Happening>,
    calls: CallId,
    lives: u64,
    dead: BTreeSet<Instance>,
    homes: BTreeMap<Pid, Instance>,
    signals: Signal,
    /// When the last message of one life to another arrives.
    arrivals: BTreeMap<(Instance, Instance), Instant>,
    /// When the last copy that one asks of another is begun.
    makings: BTreeMap<(Instance, Instance, Pid), Instant>,
    moves: u64,
    returns: u64,
}

impl World {
    pub fn new(seed: u64, is_verbose: bool) -> Self {
        let mut rng = Rng::new(seed);
        let scenario = Scenario::draw(&mut rng);
        let history = History::new(is_verbose);
        history.note(Instant(0), || format!("{scenario:?}"));
        Self {
            nodes: BTreeMap::new(),
            history,
            scenario,
            rng,
            now: Instant(0),
            made: 0,
            queue: BTreeMap::new(),
            calls: 0,
            lives: 0,
            dead: BTreeSet::new(),
            homes: BTreeMap::new(),
            signals: 0,
            arrivals: BTreeMap::new(),
            makings: BTreeMap::new(),
            moves: 0,
            returns: 0,
        }
    }

    /// Runs it to its end; an error says which invariant broke.
    pub fn run(&mut self) -> Result<(), String> {
        for node in NodeId::all().take(self.scenario.nodes.into()) {
            self.start(node);
        }
        for _ in 0..self.scenario.processes {
            self.bear();
        }
        for what in [
            Happening::Move,
            Happening::Signal,
            Happening::Kill,
            Happening::Crash,
        ] {
            self.again(what);
        }
        let mut happenings = 0;
        while let Some(((when, _), what)) = self.queue.pop_first() {
            self.now = when;
            self.happen(what);
            happenings += 1;
            if self.history.failure().is_some() {
                break;
            }
            if happenings > HAPPENINGS_MAX {
                return Err("it never ends".into());
            }
        }
        let rest = self.rest();
        self.tell(&Event::Over(rest));
        match self.history.failure() {
            Some(failure) => Err(failure.into()),
            None => Ok(()),
        }
    }

    /// Processes that arrived elsewhere, and at home; deaths of nodes; signals.
    #[cfg(test)]
    pub fn counts(&self) -> [u64; 4] {
        let deaths = self.dead.len() as u64;
        [self.moves, self.returns, deaths, self.signals.into()]
    }

    // --- what the parts use ---------------------------------------------------------

    pub(super) fn tell(&mut self, event: &Event) {
        match event {
            Event::Runs(pid, at, _) if self.homes.get(pid) != Some(at) => self.moves += 1,
            Event::Returned(_) => self.returns += 1,
            _ => (),
        }
        self.history.tell(self.now, event);
    }

    pub(super) fn after(&mut self, micros: u64, what: Happening) {
        self.made += 1;
        let when = Instant(self.now.0 + micros);
        self.queue.insert((when, self.made), what);
    }

    pub(super) fn node(&mut self, at: NodeId) -> &mut Node {
        self.nodes.get_mut(&at).expect("it was started")
    }

    /// The life of a node now, or its last one.
    pub(super) fn life(&self, node: NodeId) -> Instance {
        self.nodes[&node].instance
    }

    pub(super) fn local(&mut self, at: NodeId, pid: Pid) -> Option<&mut Local> {
        self.node(at).locals.get_mut(&pid)
    }

    /// Whether `at` knows that a life is over.
    pub(super) fn knows_dead(&self, at: NodeId, other: Instance) -> bool {
        self.nodes[&at].dead.contains(&other)
    }

    /// Asks another node; the answer comes to [`answered`](Self::answered).
    pub(super) fn ask(&mut self, at: NodeId, to: Instance, pid: Pid, question: Question) -> CallId {
        self.calls += 1;
        let call = self.calls;
        let from = self.life(at);
        let waits = Call {
            to,
            pid,
            question: question.clone(),
        };
        self.node(at).calls.insert(call, waits);
        if self.knows_dead(at, to) {
            self.after(0, Happening::Fails(from, call));
        } else {
            self.send(from, to, call, pid, Body::Ask(question));
        }
        call
    }

    pub(super) fn reply(
        &mut self,
        at: NodeId,
        to: Instance,
        call: CallId,
        pid: Pid,
        answer: Answer,
    ) {
        let from = self.life(at);
        self.send(from, to, call, pid, Body::Reply(answer));
    }

    /// The process begins to run, or goes on.
    pub(super) fn go(&mut self, at: NodeId, pid: Pid) {
        let instance = self.life(at);
        let local = self.local(at, pid);
        let Some(process) = local.and_then(|local| local.process.as_mut()) else {
            return;
        };
        process.runs = true;
        let steps = process.image.steps;
        let waiting = std::mem::take(&mut process.waiting);
        process.image.got.extend(&waiting);
        self.tell(&Event::Runs(pid, instance, steps));
        for signal in waiting {
            self.tell(&Event::Took(pid, signal));
        }
    }

    /// The process takes a signal, now or when it runs.
    pub(super) fn take(&mut self, at: NodeId, pid: Pid, signal: Signal) {
        let local = self.local(at, pid);
        let Some(process) = local.and_then(|local| local.process.as_mut()) else {
            return;
        };
        process.waiting.push(signal);
        if process.runs {
            let waiting = std::mem::take(&mut process.waiting);
            process.image.got.extend(&waiting);
            self.tell(&Event::Took(pid, signal));
        }
    }

    /// The process stands still.
    pub(super) fn stand(&mut self, at: NodeId, pid: Pid) {
        let local = self.local(at, pid);
        let Some(process) = local.and_then(|local| local.process.as_mut()) else {
            return;
        };
        process.runs = false;
        process.image.steps += 1;
        let steps = process.image.steps;
        self.tell(&Event::Stands(pid, steps));
    }

    /// The process, which stands still, ends, and home is told.
    pub(super) fn end(&mut self, at: NodeId, pid: Pid) {
        let instance = self.life(at);
        let Some(local) = self.local(at, pid) else {
            return;
        };
        let Some(process) = local.process.take() else {
            return;
        };
        let home = process.image.home;
        self.tell(&Event::Ended(pid));
        if home == instance {
            self.tell(&Event::Told(pid));
        } else if !self.knows_dead(at, home) {
            self.ask(at, home, pid, Question::Ended);
        }
        self.node(at).tidy(pid);
    }

    // --- messages -------------------------------------------------------------------

    fn send(&mut self, from: Instance, to: Instance, call: CallId, pid: Pid, body: Body) {
        let delay = self.rng.between(1, self.scenario.delay);
        let last = self.arrivals.get(&(from, to)).copied();
        let when = Instant(self.now.0 + delay).max(last.unwrap_or_default());
        self.arrivals.insert((from, to), when);
        let message = Message {
            from,
            to,
            call,
            pid,
            body,
        };
        self.after(when.0 - self.now.0, Happening::Arrives(message));
    }

    fn arrives(&mut self, message: Message) {
        if !self.is_heard(&message) {
            return;
        }
        let call = message.call;
        match message.body {
            Body::Reply(answer) => {
                let is_lost = self.rng.permille(self.scenario.lost_permille);
                self.ended(message.to.node, call, Outcome::Answered(answer), is_lost);
            }
            Body::Ask(ref question) => {
                let mut wait = self.rng.below(self.scenario.service + 1);
                let way = (message.from, message.to, message.pid);
                let when = Instant(self.now.0 + wait);
                match question {
                    Question::Make(_) => {
                        self.makings.insert(way, when);
                    }
                    // It is said in the call, too.
                    Question::Abort => {
                        let begun = self.makings.get(&way).copied().unwrap_or_default();
                        wait = when.max(begun).0 - self.now.0;
                    }
                    _ => (),
                }
                self.after(wait, Happening::Served(message));
            }
        }
    }

    fn is_heard(&self, message: &Message) -> bool {
        let node = &self.nodes[&message.to.node];
        node.instance == message.to
            && !self.dead.contains(&message.to)
            && !node.dead.contains(&message.from)
    }

    fn served(&mut self, message: Message) {
        if !self.is_heard(&message) {
            return;
        }
        let at = message.to.node;
        if matches!(message.body, Body::Ask(Question::Make(_))) {
            let local = self.local(at, message.pid);
            let record = local.and_then(|local| local.record.as_mut());
            if let Some(record) = record.filter(|record| record.sends.is_some()) {
                return record.asks.push(message);
            }
        }
        let (from, call, pid) = (message.from, message.call, message.pid);
        let Body::Ask(question) = message.body else {
            return;
        };
        match question {
            Question::Make(image) => self.make(at, from, call, pid, image),
            Question::HandOn(signals) => {
                let answer = self.take_all(at, pid, &signals);
                self.reply(at, from, call, pid, answer);
            }
            Question::Signal(signal) => {
                let answer = self.take_signal(at, pid, signal);
                self.reply(at, from, call, pid, answer);
            }
            Question::Commit => self.commit(at, from, call, pid),
            Question::Abort => self.abort(at, from, call, pid),
            Question::Intends(_) | Question::Moved(_) | Question::Asked | Question::Ended => {
                self.asked_at_home(at, from, call, pid, &question);
            }
        }
    }

    /// A call ended.
    fn ended(&mut self, at: NodeId, call: CallId, outcome: Outcome, is_lost: bool) {
        let Some(Call { to, pid, question }) = self.node(at).calls.remove(&call) else {
            return;
        };
        let can_be_lost = matches!(
            question,
            Question::Intends(_) | Question::Make(_) | Question::HandOn(_) | Question::Moved(_)
        );
        let outcome = match is_lost && can_be_lost {
            true => Outcome::Lost,
            false => outcome,
        };
        match question {
            Question::Asked => {
                if outcome == Outcome::Answered(Answer::No) {
                    self.forsaken(at, pid);
                }
            }
            Question::Signal(_) => self.signal_sent(at, pid, call, outcome),
            Question::Commit => self.committed(at, pid, to.node, outcome),
            Question::Ended => (),
            _ => self.answered(at, pid, call, &question, outcome),
        }
    }

    // --- nodes ----------------------------------------------------------------------

    fn start(&mut self, node: NodeId) {
        self.lives += 1;
        let instance = Instance::new(node, Incarnation(self.lives));
        self.nodes
            .insert(node, Node::new(instance, self.dead.clone()));
    }

    pub(super) fn is_up(&self, node: NodeId) -> bool {
        !self.dead.contains(&self.life(node))
    }

    fn living(&self) -> Vec<NodeId> {
        let nodes = self.nodes.keys().copied();
        nodes.filter(|&node| self.is_up(node)).collect()
    }

    fn crash(&mut self) {
        let living = self.living();
        // Rather one that is about to decide something.
        let busy = self.places(|local| local.leaving.is_some() || local.arriving.is_some());
        let busy = self.rng.pick(&busy).map(|&(node, _)| node);
        let any = self.rng.pick(&living).copied();
        let node = if self.rng.permille(500) {
            busy.or(any)
        } else {
            any
        };
        let Some(node) = node.filter(|_| living.len() > 1) else {
            return;
        };
        let life = self.life(node);
        self.dead.insert(life);
        let gone = self.node(node);
        gone.locals.clear();
        gone.calls.clear();
        self.tell(&Event::Died(life));
        let spread = self.scenario.view_spread;
        for other in self.living() {
            let wait = self.rng.between(1, spread);
            let learns = Happening::Learns(self.life(other), life);
            self.after(wait, learns);
        }
        let wait = self.rng.between(1, self.scenario.restart);
        self.after(spread + wait, Happening::Restarts(node));
    }

    fn learns(&mut self, who: Instance, dead: Instance) {
        let at = who.node;
        if self.life(at) != who || !self.is_up(at) {
            return;
        }
        self.node(at).dead.insert(dead);
        let calls = &self.nodes[&at].calls;
        let failed: Vec<CallId> = calls
            .iter()
            .filter(|(_, call)| call.to == dead)
            .map(|(&id, _)| id)
            .collect();
        for call in failed {
            self.after(0, Happening::Fails(who, call));
        }
        let pids: Vec<Pid> = self.nodes[&at].locals.keys().copied().collect();
        for pid in pids {
            self.arrival_learns(at, pid, dead);
            self.record_learns(at, pid, dead.node);
        }
    }

    // --- wishes ---------------------------------------------------------------------

    fn bear(&mut self) {
        let living = self.living();
        let Some(&home) = self.rng.pick(&living) else {
            return;
        };
        let pid = self.homes.len() as Pid + 1;
        let instance = self.life(home);
        self.homes.insert(pid, instance);
        let image = Image {
            home: instance,
            got: Vec::new(),
            steps: 0,
        };
        let local = Local {
            process: Some(Process::copy(image)),
            ..Local::default()
        };
        self.node(home).locals.insert(pid, local);
        self.tell(&Event::Born(pid, instance));
        self.go(home, pid);
    }

    /// A wish or a fault comes again after a while, until time is over.
    fn again(&mut self, what: Happening) {
        let every = match what {
            Happening::Move => self.scenario.move_every,
            Happening::Signal => self.scenario.signal_every,
            Happening::Kill => self.scenario.kill_every,
            _ => self.scenario.crash_every,
        };
        let wait = self.rng.below(2 * every);
        if every > 0 && self.now.0 + wait < self.scenario.duration {
            self.after(wait, what);
        }
    }

    fn happen(&mut self, what: Happening) {
        self.history.note(self.now, || format!("  {what:?}"));
        match what {
            Happening::Arrives(message) => self.arrives(message),
            Happening::Served(message) => self.served(message),
            Happening::Fails(who, call) => {
                if self.life(who.node) == who {
                    self.ended(who.node, call, Outcome::Down, false);
                }
            }
            Happening::Made(who, pid, call) => {
                if self.life(who.node) == who && self.is_up(who.node) {
                    self.is_made(who.node, pid, call);
                }
            }
            Happening::Retry(who, pid) => {
                if self.life(who.node) == who && self.is_up(who.node) {
                    self.forward(who.node, pid);
                }
            }
            Happening::Learns(who, dead) => self.learns(who, dead),
            Happening::Restarts(node) => self.start(node),
            Happening::Move => {
                self.wish_move();
                self.again(Happening::Move);
            }
            Happening::Signal => {
                self.wish_signal();
                self.again(Happening::Signal);
            }
            Happening::Kill => {
                self.wish_end();
                self.again(Happening::Kill);
            }
            Happening::Crash => {
                self.crash();
                self.again(Happening::Crash);
            }
        }
    }

    fn wish_move(&mut self) {
        let places = self.places(|local| local.process.is_some());
        // A herd that lost some gets others.
        if places.len() < self.scenario.processes as usize {
            return self.bear();
        }
        let target = self.living();
        let place = self.rng.pick(&places).copied();
        let target = self.rng.pick(&target).copied();
        let (Some((at, pid)), Some(target)) = (place, target) else {
            return;
        };
        // Others may be on their way already, or not settled.
        if at != target && self.local(at, pid).is_some_and(|local| local.is_settled()) {
            self.begin(at, pid, target);
        }
    }

    fn wish_signal(&mut self) {
        let homes = self.homes.clone();
        let places = self.places(|local| !local.is_empty());
        let at_home: Vec<(NodeId, Pid)> = places
            .into_iter()
            .filter(|(at, pid)| homes.get(pid) == Some(&self.life(*at)))
            .collect();
        let Some(&(home, pid)) = self.rng.pick(&at_home) else {
            return;
        };
        self.signals += 1;
        let signal = self.signals;
        self.tell(&Event::Sent(pid, signal));
        self.signal_at_home(home, pid, signal);
    }

    /// A process is killed, whatever it does.
    fn wish_end(&mut self) {
        let places = self.places(|local| local.process.is_some());
        if let Some((at, pid)) = self.rng.pick(&places).copied() {
            self.kill(at, pid);
        }
    }

    fn places(&self, is_one: impl Fn(&Local) -> bool) -> Vec<(NodeId, Pid)> {
        let mut all = Vec::new();
        for at in self.living() {
            let locals = self.nodes[&at].locals.iter();
            let ones = locals.filter(|(_, local)| is_one(local));
            all.extend(ones.map(|(&pid, _)| (at, pid)));
        }
        all
    }

    fn rest(&self) -> Rest {
        let mut rest = Rest::default();
        for at in self.living() {
            let node = &self.nodes[&at];
            for (pid, local) in &node.locals {
                let stands = local.process.as_ref().is_some_and(|process| !process.runs);
                if stands || local.leaving.is_some() || local.arriving.is_some() {
                    rest.waiting.push(format!("{pid} waits on {at}: {local:?}"));
                }
                if let Some(record) = &local.record {
                    if record.sends.is_some() || !record.waiting.is_empty() {
                        rest.waiting
                            .push(format!("{pid} gets no signal: {record:?}"));
                    }
                    if let Some(node) = Self::believed(record) {
                        rest.records.push((*pid, node));
                    }
                }
            }
            if let Some(call) = node.calls.values().next() {
                rest.waiting.push(format!("{at} waits for {call:?}"));
            }
        }
        rest
    }
}
