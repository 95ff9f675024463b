// SPDX-License-Identifier: GPL-2.0

//! One life of a simulated node.
//!
//! The machine, its clock, and the events that wait for it. A frozen life takes
//! none until it is resumed; a slow one takes its time for each.

use std::{
    collections::{
        HashMap,
        VecDeque, //
    },
    rc::Rc,
};

use ssi_core::{
    clms::{
        event::{
            Boot,
            Event,
            Halt,
            Output,
            Supervision, //
        },
        facts::Facts,
        history::History,
        machine::Machine,
        parameters::Parameters,
        transition::Transition, //
    },
    hostlink::{
        ToNode,
        BUILD_BYTES,
        PACKET_BYTES_MAX, //
    },
    ids::{
        Epoch,
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    time::Instant,
    view::View,
};

use super::clock::Clock;
use crate::rng::Rng;

/// An event on its way to a machine.
#[derive(Clone, Debug)]
pub enum Input {
    /// The kernel has booted.
    Boot,
    /// A packet of the supervisor.
    Host(Vec<u8>),
    /// A connection came up.
    Linked(Instance),
    /// A connection broke.
    Unlinked(Instance),
    /// A membership frame.
    Message(Instance, Rc<[u8]>),
    /// A heartbeat with its counter.
    Beat(Instance, u64, Rc<[u8]>),
    /// The time asked for.
    Tick,
    /// The callbacks are made.
    SubsystemsDone(Epoch),
    /// A cleanup is over.
    CleanedUp(Instance),
    /// A user wants a node down.
    ShutDown(NodeId),
    /// The node is about to end.
    Leave,
}

/// An output, owned.
#[derive(Clone)]
pub enum Effect {
    /// See [`Output::Identity`].
    Identity(Instance, NodeSet),
    /// See [`Output::Roster`].
    Roster(NodeSet),
    /// See [`Output::Send`].
    Send(NodeSet, Rc<[u8]>),
    /// See [`Output::Beat`].
    Beat(NodeSet, Rc<[u8]>),
    /// See [`Output::Host`].
    Host(Vec<u8>),
    /// See [`Output::End`].
    End(Instance),
    /// See [`Output::Install`].
    Install(Rc<View>),
    /// See [`Output::Update`].
    Update(Rc<View>),
    /// See [`Output::Transition`].
    Transition(Transition),
    /// See [`Output::RunSubsystems`].
    RunSubsystems(Epoch),
    /// See [`Output::Cleanup`].
    Cleanup(Instance),
    /// See [`Output::ShutDown`].
    ShutDown,
    /// See [`Output::Halt`].
    Halt(Halt),
    /// See [`Output::Wake`].
    Wake(Instant),
}

/// One life.
pub struct Life {
    /// Unlike that of any other life.
    pub id: u64,
    /// The process it runs in; a kernel can boot again in the same one.
    pub process: u64,
    /// Whose.
    pub node: NodeId,
    /// Known after the welcome.
    pub instance: Option<Instance>,
    /// The machine.
    pub machine: Box<Machine>,
    /// Its history.
    pub history: Box<History>,
    /// Its clock.
    pub clock: Clock,
    /// Events that wait.
    pub inbox: VecDeque<Input>,
    /// Since when it is frozen.
    pub frozen: Option<u64>,
    /// Longest time it takes for an event, in microseconds.
    pub slow: u64,
    /// Whether it is about to take an event.
    pub is_running: bool,
    /// Which wake-up is wanted.
    pub wake: u64,
    /// Whom it may link with.
    pub roster: NodeSet,
    /// Lives whose session it has ended.
    pub ended: Vec<Instance>,
    /// Last heartbeat counter by sender.
    pub counters: HashMap<Instance, u64>,
    /// Its own heartbeat counter.
    pub beats: u64,
    /// Effects left until it dies on the spot.
    pub trip: Option<u64>,
    /// The view whose callbacks are being made.
    pub callbacks: Option<Epoch>,
    /// The last view whose callbacks were made.
    pub done: Option<Epoch>,
}

impl Life {
    /// A kernel that has not booted yet.
    pub fn new(id: u64, node: NodeId, rng: &mut Rng) -> Self {
        Self {
            id,
            process: id,
            node,
            instance: None,
            machine: Box::new(Machine::INITIAL),
            history: Box::new(History::EMPTY),
            clock: Clock::new(rng),
            inbox: VecDeque::from([Input::Boot]),
            frozen: None,
            slow: 0,
            is_running: false,
            wake: 0,
            roster: NodeSet::EMPTY,
            ended: Vec::new(),
            counters: HashMap::new(),
            beats: 0,
            trip: None,
            callbacks: None,
            done: None,
        }
    }

    /// Takes the next event; what it wants done.
    pub fn step(&mut self, time: u64, parameters: &Parameters) -> Vec<Effect> {
        let mut effects = Vec::new();
        let Some(input) = self.inbox.pop_front() else {
            return effects;
        };
        if let Input::Beat(from, counter, _) = &input {
            // ICS takes no heartbeat twice and none that is late.
            let last = self.counters.entry(*from).or_default();
            if *counter <= *last {
                return effects;
            }
            *last = *counter;
        }
        if let Input::SubsystemsDone(epoch) = input {
            self.done = self.done.max(Some(epoch));
        }
        if matches!(input, Input::Boot) {
            self.feed(Event::Tune(*parameters), time, &mut effects);
            let boot = Boot {
                node: self.node,
                build: [0; BUILD_BYTES],
                nonce: self.id,
                facts: Facts {
                    cpus: 1,
                    memory_pages: u64::from(self.node.get()),
                },
                supervision: Supervision::Host,
            };
            self.feed(Event::Boot(boot), time, &mut effects);
            return effects;
        }
        let packet;
        let event = match &input {
            Input::Host(bytes) => {
                packet = ToNode::decode(bytes).expect("the arbiter writes what a node reads");
                Event::Host(packet)
            }
            Input::Linked(peer) => Event::Linked(*peer),
            Input::Unlinked(peer) => Event::Unlinked(*peer),
            Input::Message(from, body) => Event::Message { from: *from, body },
            Input::Beat(from, _, body) => Event::Beat { from: *from, body },
            Input::Tick | Input::Boot => Event::Tick,
            Input::SubsystemsDone(epoch) => Event::SubsystemsDone(*epoch),
            Input::CleanedUp(instance) => Event::CleanedUp(*instance),
            Input::ShutDown(node) => Event::ShutDown(*node),
            Input::Leave => Event::Leave,
        };
        self.feed(event, time, &mut effects);
        effects
    }

    fn feed(&mut self, event: Event<'_>, time: u64, effects: &mut Vec<Effect>) {
        let now = self.clock.read(time);
        let mut out = |output: Output<'_>| effects.push(Effect::of(output));
        // A refusal is counted by the machine.
        let _ = self.machine.step(now, event, &mut self.history, &mut out);
    }
}

impl Effect {
    fn of(output: Output<'_>) -> Self {
        match output {
            Output::Identity(welcome) => Self::Identity(welcome.me, welcome.roster),
            Output::Roster(roster) => Self::Roster(roster),
            Output::Send { to, body } => Self::Send(to, body.into()),
            Output::Beat { to, body } => Self::Beat(to, body.into()),
            Output::Host(message) => {
                let mut room = vec![0; PACKET_BYTES_MAX];
                let len = message.encode(&mut room).expect("a packet has room");
                room.truncate(len);
                Self::Host(room)
            }
            Output::End(instance) => Self::End(instance),
            Output::Install(view) => Self::Install(Rc::new(view.clone())),
            Output::Update(view) => Self::Update(Rc::new(view.clone())),
            Output::Transition(transition) => Self::Transition(transition),
            Output::RunSubsystems(epoch) => Self::RunSubsystems(epoch),
            Output::Cleanup(instance) => Self::Cleanup(instance),
            Output::ShutDown => Self::ShutDown,
            Output::Halt(why) => Self::Halt(why),
            Output::Wake(instant) => Self::Wake(instant),
        }
    }
}
