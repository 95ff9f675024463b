// SPDX-License-Identifier: GPL-2.0

//! Machines on a perfect network.
//!
//! What a reader can follow by hand; everything that can go wrong is the
//! simulator's, `tests/sim`.

mod hostile;

use std::collections::VecDeque;

use super::{
    super::{
        ballot::Ballot,
        beat::{
            Beat,
            Sort, //
        },
        event::{
            Boot,
            Halt,
            Output,
            Supervision, //
        },
        message::{
            Message,
            Status, //
        },
    },
    *,
};
use crate::{
    hostlink::{
        FromNode,
        Reach,
        ToNode,
        Welcome, //
    },
    ids::{
        Epoch,
        Incarnation,
        NodeNumber, //
    },
};

/// A machine fits a static; its driver knows how much it takes.
#[cfg(not(feature = "wide"))]
const _: () = assert!(size_of::<Machine>() <= 32 * 1024);

struct Node {
    machine: Box<Machine>,
    history: Box<History>,
    halted: Option<Halt>,
}

/// Nodes 1 to 3 and the frames between them.
struct Net {
    now: u64,
    nodes: Vec<Node>,
    wire: VecDeque<(usize, usize, Vec<u8>)>,
    fences: usize,
}

fn instance(place: usize) -> Instance {
    let number = NodeNumber::try_from(place).unwrap().saturating_add(1);
    let node = NodeId::new(number).unwrap();
    Instance::new(node, Incarnation(u64::from(number)))
}

impl Net {
    fn new(count: usize) -> Self {
        let node = || Node {
            machine: Box::new(Machine::INITIAL),
            history: Box::new(History::EMPTY),
            halted: None,
        };
        let mut net = Self {
            now: 1_000_000,
            nodes: (0..count).map(|_| node()).collect(),
            wire: VecDeque::new(),
            fences: 0,
        };
        for place in 0..count {
            net.boot(place);
        }
        for (one, other) in (0..count).flat_map(|a| (0..count).map(move |b| (a, b))) {
            if one != other {
                net.step(one, Event::Linked(instance(other))).unwrap();
            }
        }
        net.step(0, Event::Host(ToNode::Found { base: Epoch(0) }))
            .unwrap();
        net.run();
        net
    }

    fn boot(&mut self, place: usize) {
        let boot = Boot {
            node: instance(place).node,
            build: [0; 32],
            nonce: 5,
            facts: Facts {
                cpus: 1,
                memory_pages: 100,
            },
            supervision: Supervision::Host,
        };
        self.step(place, Event::Boot(boot)).unwrap();
        let welcome = Welcome {
            nonce: 5,
            me: instance(place),
            key: [0; 32],
            roster: NodeId::all().collect(),
            reach: Reach::OneHost,
            serial: 0,
        };
        self.step(place, Event::Host(ToNode::Welcome(welcome)))
            .unwrap();
    }

    fn step(&mut self, place: usize, event: Event<'_>) -> Result<(), Reject> {
        let mut done = None;
        let (wire, fences) = (&mut self.wire, &mut self.fences);
        let node = &mut self.nodes[place];
        let halted = &mut node.halted;
        let mut out = |output: Output<'_>| match output {
            Output::Send { to, body } => {
                for target in to {
                    let target = target.index().saturating_sub(1);
                    wire.push_back((place, target, body.to_vec()));
                }
            }
            Output::RunSubsystems(epoch) => done = Some(epoch),
            Output::Halt(why) => *halted = Some(why),
            Output::Host(FromNode::Fence { .. }) => *fences = fences.saturating_add(1),
            _ => {}
        };
        let now = Now {
            instant: Instant(self.now),
            wall_us: self.now,
        };
        let outcome = node.machine.step(now, event, &mut node.history, &mut out);
        if let Some(epoch) = done {
            self.step(place, Event::SubsystemsDone(epoch)).unwrap();
        }
        outcome
    }

    /// Lets everything arrive and some time pass, again and again.
    fn run(&mut self) {
        for _ in 0..20 {
            while let Some((from, to, body)) = self.wire.pop_front() {
                let (from, body) = (instance(from), &body[..]);
                let _ = self.step(to, Event::Message { from, body });
            }
            self.now = self.now.saturating_add(20_000);
            for place in 0..self.nodes.len() {
                let _ = self.step(place, Event::Tick);
            }
        }
    }

    fn dies(&mut self, victim: usize) {
        let death = |instance| ToNode::Death {
            instance,
            serial: 1,
        };
        self.wire.retain(|(_, to, _)| *to != victim);
        for place in (0..self.nodes.len()).filter(|&place| place != victim) {
            self.step(place, Event::Host(death(instance(victim))))
                .unwrap();
        }
    }

    fn say(&mut self, from: usize, to: usize, message: &Message<'_>) -> Result<(), Reject> {
        let mut room = [0; 4000];
        let len = message.encode(&mut room).unwrap();
        let (from, body) = (instance(from), &room[..len]);
        self.step(to, Event::Message { from, body })
    }

    fn machine(&self, place: usize) -> &Machine {
        &self.nodes[place].machine
    }
}

#[test]
fn three_nodes_become_a_cluster() {
    let net = Net::new(3);
    for place in 0..3 {
        let machine = net.machine(place);
        assert_eq!(machine.view(), net.machine(0).view());
        assert!(machine.is_active());
        assert_eq!(machine.view().in_state(crate::view::NodeState::Up).len(), 3);
        assert_eq!(machine.leader(), Some(instance(0).node));
        assert_eq!(machine.facts(instance(2).node).memory_pages, 100);
        let history = &net.nodes[place].history;
        assert_eq!(history.last_id(), net.nodes[0].history.last_id());
    }
}

#[test]
fn the_next_one_leads_when_the_leader_dies() {
    let mut net = Net::new(3);
    net.dies(0);
    net.run();
    for place in 1..3 {
        assert_eq!(net.machine(place).leader(), Some(instance(1).node));
        assert_eq!(net.machine(place).view().members().len(), 2);
    }
    assert_eq!(net.machine(1).role(), Role::Leader);
    assert_eq!(net.fences, 0);
}

#[test]
fn who_has_promised_follows_no_lower_ballot() {
    let mut net = Net::new(3);
    let step = net.machine(0).steps();
    let high = Ballot {
        round: 90,
        ..Ballot::above(Ballot::NONE, instance(2).node)
    };
    net.say(2, 1, &Message::Elect { ballot: high, step })
        .unwrap();
    let low = Ballot { round: 89, ..high };
    let refused = net.say(2, 1, &Message::Elect { ballot: low, step });
    assert_eq!(refused, Err(Reject::Stale));
}

#[test]
fn nobody_speaks_for_another() {
    let mut net = Net::new(3);
    let step = net.machine(0).steps();
    let ballot = Ballot::above(Ballot::NONE, instance(1).node);
    let outcome = net.say(2, 0, &Message::Elect { ballot, step });
    assert_eq!(outcome, Err(Reject::Contradiction));
}

#[test]
fn the_dead_and_strangers_are_not_heard() {
    let mut net = Net::new(3);
    net.dies(2);
    assert_eq!(net.say(2, 0, &Message::Leave), Err(Reject::DeadSender));
    let mut room = [0; 4];
    let len = Message::Leave.encode(&mut room).unwrap();
    let stranger = Event::Message {
        from: instance(7),
        body: &room[..len],
    };
    assert_eq!(net.step(0, stranger), Err(Reject::NotMember));
    let noise = Event::Message {
        from: instance(1),
        body: &[9; 30],
    };
    assert_eq!(net.step(0, noise), Err(Reject::Malformed));
    let counted = net.machine(0).statistics();
    assert_eq!((counted.malformed, counted.refused), (1, 2));
}

#[test]
fn a_node_the_others_went_on_without_halts() {
    let mut net = Net::new(3);
    let theirs = Epoch(net.machine(0).view().epoch.0.saturating_add(5));
    let later = Status::Member {
        epoch: theirs,
        leader: None,
        members: NodeSet::only(instance(1).node),
    };
    net.say(1, 2, &Message::Status(later)).unwrap();
    assert_eq!(net.machine(2).role(), Role::Halted);
    let beat = Beat {
        sort: Sort::Regular,
        epoch: theirs,
        deaf_to: NodeSet::EMPTY,
    };
    let body = &beat.encode()[..];
    let from = instance(0);
    net.step(1, Event::Beat { from, body }).unwrap();
    for place in [1, 2] {
        let ours = net.machine(place).view().epoch;
        let excluded = Halt::Excluded { ours, theirs };
        assert_eq!(net.nodes[place].halted, Some(excluded));
    }
}

#[test]
fn the_answer_to_another_life_is_not_taken() {
    let mut net = Net::new(1);
    *net.nodes[0].machine = Machine::INITIAL;
    let boot = Boot {
        node: instance(0).node,
        build: [0; 32],
        nonce: 6,
        facts: Facts::NONE,
        supervision: Supervision::Host,
    };
    net.step(0, Event::Boot(boot)).unwrap();
    let stale = Welcome {
        nonce: 5,
        me: instance(0),
        key: [0; 32],
        roster: NodeSet::EMPTY,
        reach: Reach::OneHost,
        serial: 0,
    };
    let outcome = net.step(0, Event::Host(ToNode::Welcome(stale)));
    assert_eq!((outcome, net.machine(0).me()), (Err(Reject::Stale), None));
}

#[test]
fn a_kernel_without_a_supervisor_is_a_cluster() {
    let mut net = Net::new(1);
    *net.nodes[0].machine = Machine::INITIAL;
    let boot = Boot {
        node: instance(0).node,
        build: [0; 32],
        nonce: 6,
        facts: Facts::NONE,
        supervision: Supervision::Nobody,
    };
    net.step(0, Event::Boot(boot)).unwrap();
    net.run();
    assert!(net.machine(0).is_active());
    assert_eq!(net.machine(0).role(), Role::Leader);
}

#[test]
fn who_is_woken_early_asks_again() {
    let mut net = Net::new(1);
    let wakes = |net: &mut Net| {
        let (mut wakes, now) = (Vec::new(), Instant(net.now));
        let mut out = |output: Output<'_>| {
            if let Output::Wake(at) = output {
                wakes.push(at);
            }
        };
        let now = Now {
            instant: now,
            wall_us: 0,
        };
        let node = &mut net.nodes[0];
        let tick = node
            .machine
            .step(now, Event::Tick, &mut node.history, &mut out);
        tick.unwrap();
        wakes
    };
    let first = wakes(&mut net);
    assert_eq!((first.len(), &first), (1, &wakes(&mut net)));
}

#[test]
fn who_is_a_step_behind_is_told_it() {
    let mut net = Net::new(3);
    // Node 3 misses that node 2 is wanted down.
    net.step(0, Event::ShutDown(instance(1).node)).unwrap();
    let behind = net.machine(2).steps();
    while net.machine(0).steps() == behind {
        let (from, to, body) = net.wire.pop_front().unwrap();
        let (from, body) = (instance(from), &body[..]);
        net.step(to, Event::Message { from, body }).unwrap();
    }
    net.wire.clear();
    assert_eq!(net.machine(2).steps(), behind);
    net.dies(0);
    net.run();
    assert_eq!(net.machine(1).steps(), net.machine(2).steps());
    assert_eq!(net.machine(1).view(), net.machine(2).view());
}
