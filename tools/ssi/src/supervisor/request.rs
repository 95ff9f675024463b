// SPDX-License-Identifier: GPL-2.0

//! What clients ask, done.
//!
//! A request that names several nodes is checked for all of them before it
//! touches any. Answers that depend on a node are given when the node has done
//! its part: see [`Waiting`].

use std::collections::BTreeSet;

use ssi_core::ids::NodeId;
use ssi_switch::{
    FaultChange,
    Ports, //
};
use ssi_wire::ConnectFor;

use super::{
    client::{
        Asked,
        Waiting, //
    },
    console::Presence,
    machine::{
        Event,
        Moment,
        Refusal, //
    },
    node::{
        Answered,
        Node, //
    },
    poller::Token,
    Supervisor,
};
use crate::{
    limits::{
        CONNECT_MAX,
        STATUS_ANSWER_MAX,
        WATCHERS_MAX, //
    },
    name,
    oddity::Oddity,
    protocol::{
        Reply,
        Request,
        WindowSize, //
    },
};

/// What to do about a request: answer now, or remember what the answer waits for.
type Outcome = Result<Next, String>;

/// What comes after a request that was not refused.
enum Next {
    /// This answer.
    Answer(Reply),
    /// An answer later.
    Wait(Waiting),
    /// The client's stream becomes a connection to this port of a node's agent.
    Connect(NodeId, u16),
    /// The client's stream becomes a console.
    Watch(NodeId),
}

impl Supervisor {
    /// Takes what client `number` says.
    pub(super) fn hear_client(&mut self, number: u32) {
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        if client.flush() == Presence::Gone || client.fill() == Presence::Gone {
            return self.drop_client(number);
        }
        self.serve_client(number);
    }

    /// Takes what a watcher types.
    pub(super) fn hear_watcher(&mut self, number: u32) {
        let poller = &self.world.poller;
        self.cluster.each(|node| {
            if let Some(console) = node.console().filter(|console| console.has(number)) {
                if let Err(e) = console.serve_watcher(number, poller) {
                    say!("console: {e}");
                }
            }
        });
    }

    /// Takes what a console prints.
    pub(super) fn serve_console(&mut self, id: NodeId) {
        let poller = &self.world.poller;
        let Some(console) = self.cluster.get(id).and_then(Node::console) else {
            return;
        };
        let served = console.serve(poller);
        if !matches!(served, Ok(Presence::Here)) {
            // It ends with its node; the rest is read when the node is buried.
            let _ = poller.remove(&*console);
        }
        if let Err(e) = served {
            say!("node {id}: console: {e}");
        }
    }

    /// Takes what an agent says.
    pub(super) fn hear_agent(&mut self, id: NodeId) {
        // Its kernel has spoken before.
        self.hear_host(id);
        let world = &mut self.world;
        let Some(node) = self.cluster.get(id) else {
            return;
        };
        if node.listen(world) == Answered::Yes {
            for client in self.clients.values_mut() {
                client.strike(id);
            }
        }
    }

    /// Does what the client has asked, one request after the other.
    pub(super) fn serve_client(&mut self, number: u32) {
        while let Some(client) = self.clients.get_mut(&number) {
            let next = match client.next() {
                Asked::Nothing => break,
                Asked::Nonsense(why) => {
                    self.answer(number, &Reply::Refused { text: why });
                    return self.drop_client(number);
                }
                Asked::Request(request) => self.perform(request),
            };
            self.follow(number, next);
        }
        self.listen_to(number);
    }

    fn follow(&mut self, number: u32, next: Outcome) {
        match next {
            Ok(Next::Answer(reply)) => self.answer(number, &reply),
            Ok(Next::Wait(waiting)) => {
                if let Some(client) = self.clients.get_mut(&number) {
                    client.waiting = Some(waiting);
                }
            }
            Ok(Next::Connect(node, port)) => self.connect(number, node, port),
            Ok(Next::Watch(node)) => self.watch(number, node),
            Err(text) => self.answer(number, &Reply::Refused { text }),
        }
    }

    pub(super) fn answer(&mut self, number: u32, reply: &Reply) {
        let client = self.clients.get_mut(&number);
        if client.is_some_and(|client| client.answer(reply) == Presence::Gone) {
            self.drop_client(number);
        }
    }

    fn listen_to(&mut self, number: u32) {
        let Some(client) = self.clients.get(&number) else {
            return;
        };
        if client.is_served() {
            return self.drop_client(number);
        }
        let poller = &self.world.poller;
        if poller
            .modify(client, Token::Client(number), client.interest())
            .is_err()
        {
            self.drop_client(number);
        }
    }

    fn drop_client(&mut self, number: u32) {
        // Closing it takes it out of the poller.
        self.clients.remove(&number);
    }

    fn perform(&mut self, request: Request) -> Outcome {
        if self.cluster.is_stopping() && request != Request::Status {
            return match request {
                Request::Stop => Ok(Next::Wait(Waiting::Stop)),
                _ => Err("the cluster is being stopped".to_owned()),
            };
        }
        match request {
            Request::Status => Ok(self.ask_status()),
            Request::Stop => {
                self.cluster.stop(&mut self.world);
                Ok(Next::Wait(Waiting::Stop))
            }
            Request::Add { node, oddity } => self.add(node, oddity),
            Request::Remove { nodes } => self.remove(&nodes),
            Request::Pause { nodes } => {
                let nodes = self.step_all(&nodes, &Event::Pause)?;
                Ok(Next::Wait(Waiting::Paused(nodes)))
            }
            Request::Resume { nodes } => self.resume(&nodes),
            Request::Connect { node, port } => {
                let id = self.check_ready(node)?;
                Ok(Next::Connect(id, port))
            }
            Request::Console { node, size } => self.open_console(node, size),
            Request::Resize { node, size } => {
                self.check_console(node, Some(size))?;
                Ok(Next::Answer(Reply::Done))
            }
            Request::Fault { change } => self.fault(change),
            Request::Network => {
                let report = self.world.switch.report().map_err(|e| e.to_string())?;
                Ok(Next::Answer(Reply::Network { report }))
            }
        }
    }

    fn add(&mut self, node: Option<u8>, oddity: Oddity) -> Outcome {
        let id = match node {
            Some(number) => name::node_of(number)?,
            None => self.cluster.lowest_free().ok_or("all 63 nodes are up")?,
        };
        let queued = self.cluster.enqueue(id, oddity, &self.world);
        queued.map_err(|e| format!("{e:#}"))?;
        let since = self.world.now();
        Ok(Next::Wait(Waiting::Boot { node: id, since }))
    }

    /// A node whose turn to boot has not come loses it.
    fn remove(&mut self, nodes: &[u8]) -> Outcome {
        let ids = ids_of(nodes)?;
        let (queued, others) = ids.iter().partition(|id| self.cluster.is_queued(**id));
        self.try_all(&others, &Event::Remove)?;
        self.cluster.dequeue(&queued, &mut self.world);
        self.do_all(&others, &Event::Remove)?;
        let booted = ids.iter().map(|id| {
            let node = self.cluster.get(*id);
            (*id, node.map_or(0, |node| node.machine().boots()))
        });
        Ok(Next::Wait(Waiting::Gone(booted.collect())))
    }

    /// Those that were fenced while they were paused are answered for when they are
    /// there again.
    fn resume(&mut self, nodes: &[u8]) -> Outcome {
        let nodes = self.step_all(nodes, &Event::Resume)?;
        let is_fenced = |id: &NodeId| {
            let node = self.cluster.look(*id);
            node.is_some_and(|node| node.machine().fenced().is_some())
        };
        let fenced: BTreeSet<NodeId> = nodes.into_iter().filter(is_fenced).collect();
        if fenced.is_empty() {
            return Ok(Next::Answer(Reply::Done));
        }
        Ok(Next::Wait(Waiting::Revived {
            nodes: fenced,
            since: self.world.now(),
        }))
    }

    fn fault(&mut self, change: FaultChange) -> Outcome {
        let changed = self.world.switch.fault(change);
        changed.map_err(|e| e.to_string())?;
        let cured = self.heal(&change)?;
        let mut notes = Vec::new();
        match cured.len() {
            0 => {}
            1 => notes.push(format!("node {cured} was fenced and boots again")),
            _ => notes.push(format!("nodes {cured} were fenced and boot again")),
        }
        // Made ahead, or a slip of the finger.
        let absent = ends_of_new(&change).filter(|number| !self.is_known(*number));
        let warn = |number| format!("there is no node {number}: this holds once there is");
        let warnings = absent.map(warn).collect();
        Ok(Next::Answer(Reply::Noted { notes, warnings }))
    }

    /// Whether a node was ever started, or is about to be.
    fn is_known(&self, number: u8) -> bool {
        name::node_of(number).is_ok_and(|id| {
            let node = self.cluster.look(id);
            node.is_some_and(|node| node.machine().boots() > 0) || self.cluster.is_queued(id)
        })
    }

    /// Lets every named node take `event`, or none.
    fn step_all(&mut self, nodes: &[u8], event: &Event) -> Result<BTreeSet<NodeId>, String> {
        let ids = ids_of(nodes)?;
        self.try_all(&ids, event)?;
        self.do_all(&ids, event)?;
        Ok(ids)
    }

    fn try_all(&mut self, ids: &BTreeSet<NodeId>, event: &Event) -> Result<(), String> {
        for id in ids {
            let node = self.known(*id)?;
            let trial = node.machine().clone().step(Moment::ZERO, event.clone());
            trial.map_err(|refusal| refusal.to_string())?;
        }
        Ok(())
    }

    fn do_all(&mut self, ids: &BTreeSet<NodeId>, event: &Event) -> Result<(), String> {
        for id in ids {
            let world = &mut self.world;
            let node = self.cluster.get(*id);
            let done = node.map_or(Ok(()), |node| node.step(event.clone(), world));
            done.map_err(|refusal| refusal.to_string())?;
        }
        Ok(())
    }

    /// A node that was started, and does not wait for its turn to boot.
    fn known(&mut self, id: NodeId) -> Result<&mut Node, String> {
        if self.cluster.is_queued(id) {
            return Err(Refusal::Booting(id).to_string());
        }
        let node = self.cluster.get(id);
        node.ok_or_else(|| Refusal::NotRunning(id).to_string())
    }

    fn check_ready(&mut self, number: u8) -> Result<NodeId, String> {
        let id = name::node_of(number)?;
        let ready = self.known(id)?.machine().check_ready();
        ready.map_err(|refusal| refusal.to_string())?;
        Ok(id)
    }

    fn open_console(&mut self, node: u8, size: Option<WindowSize>) -> Outcome {
        let id = self.check_console(node, size)?;
        let console = self.cluster.get(id).and_then(Node::console);
        if console.is_some_and(|console| console.is_full()) {
            return Err(format!(
                "{WATCHERS_MAX} watch the console of node {id} already"
            ));
        }
        Ok(Next::Watch(id))
    }

    fn check_console(&mut self, number: u8, size: Option<WindowSize>) -> Result<NodeId, String> {
        let id = name::node_of(number)?;
        let refused = self
            .known(id)?
            .machine()
            .clone()
            .step(Moment::ZERO, Event::Pause);
        let console = self.known(id)?.console();
        let Some(console) = console else {
            let why = refused
                .err()
                .map_or_else(String::new, |why| why.to_string());
            return Err(why);
        };
        if let Some(size) = size {
            console
                .resize(size)
                .map_err(|e| format!("node {id}: console: {e}"))?;
        }
        Ok(id)
    }

    fn connect(&mut self, number: u32, id: NodeId, port: u16) {
        let Some(stream) = self.release(number) else {
            return;
        };
        let timeout = CONNECT_MAX;
        self.world
            .wire
            .connect(id.get(), port, stream, ConnectFor { timeout });
    }

    fn watch(&mut self, number: u32, id: NodeId) {
        let Some(stream) = self.release(number) else {
            return;
        };
        let poller = &self.world.poller;
        let console = self.cluster.get(id).and_then(Node::console);
        let watched = console.map(|console| console.watch(number, stream, poller));
        if let Some(Err(e)) = watched {
            say!("node {id}: console: {e}");
        }
    }

    /// Tells the client that its stream begins, and takes the stream from it.
    fn release(&mut self, number: u32) -> Option<std::os::unix::net::UnixStream> {
        self.answer(number, &Reply::Stream);
        let client = self.clients.remove(&number)?;
        self.world.poller.remove(&client).ok()?;
        client.into_stream()
    }

    fn ask_status(&mut self) -> Next {
        let mut asked = BTreeSet::new();
        self.cluster.each(|node| {
            let ready = node.machine().check_ready().is_ok();
            if ready && node.ask_status() == Answered::No {
                asked.insert(node.id());
            }
        });
        let until = self.world.now() + STATUS_ANSWER_MAX;
        Next::Wait(Waiting::Status {
            open: asked,
            answered: BTreeSet::new(),
            until,
        })
    }
}

/// The nodes named by a change that makes faults.
fn ends_of_new(change: &FaultChange) -> impl Iterator<Item = u8> {
    let ends = match change {
        FaultChange::Cut { a, b, .. } | FaultChange::Delay { a, b, .. } => Some([*a, *b]),
        FaultChange::Loss { a, b, .. } | FaultChange::Reorder { a, b, .. } => Some([*a, *b]),
        FaultChange::Heal { .. } | FaultChange::HealAll | FaultChange::Join { .. } => None,
    };
    let named = |end| match end {
        Ports::One(number) => Some(number),
        Ports::All => None,
    };
    ends.into_iter().flatten().filter_map(named)
}

fn ids_of(nodes: &[u8]) -> Result<BTreeSet<NodeId>, String> {
    nodes.iter().map(|number| name::node_of(*number)).collect()
}
