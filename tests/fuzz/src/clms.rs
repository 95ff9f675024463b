// SPDX-License-Identifier: GPL-2.0

//! Targets of CLMS.

use ssi_core::{
    clms::{
        arbiter::{Arbiter, ArbiterEvent, ArbiterOutput},
        event::{Boot, Event, Now, Output, Supervision},
        facts::Facts,
        history::History,
        machine::Machine,
        message::MESSAGE_BYTES_MAX,
        parameters::{Parameter, Parameters},
    },
    hostlink::{
        FromNode, PacketError, Reach, Standing, ToNode, Verdict, Welcome, PACKET_BYTES_MAX,
    },
    ids::{Epoch, Incarnation, Instance, NodeId},
    node_set::NodeSet,
    time::{Instant, Span},
    view::{Entry, NodeState, View},
};

use crate::input::Input;

/// Most nodes that are played with.
const NODES: u8 = 5;
/// Bodies of frames remembered, to be given back changed or not.
const BODIES_MAX: usize = 64;

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a number of a node")
}

/// Packets of the host link of every kind.
pub fn corpus() -> Vec<Vec<u8>> {
    let mut view = View::EMPTY;
    view.epoch = Epoch(3);
    view.coordinator = Some(node(1));
    for number in 1..=3 {
        let entry = Entry {
            state: NodeState::Up,
            incarnation: Incarnation(number.into()),
        };
        view.set(node(number), entry);
    }
    let from_node = [
        FromNode::Hello {
            node: node(1),
            build: [1; 32],
            nonce: 2,
        },
        FromNode::Report {
            serial: 1,
            standing: Standing::Member(Epoch(3)),
        },
        FromNode::ViewIs(&view),
        FromNode::Fence {
            request: 1,
            view: &view,
            side: NodeSet::only(node(1)).with(node(2)),
            targets: NodeSet::only(node(3)),
        },
    ];
    let to_node = [
        ToNode::Welcome(Welcome {
            nonce: 2,
            me: Instance::new(node(1), Incarnation(1)),
            key: [5; 32],
            roster: NodeSet::only(node(1)),
            reach: Reach::OneHost,
            serial: 0,
        }),
        ToNode::Death {
            instance: Instance::new(node(2), Incarnation(2)),
            serial: 1,
        },
        ToNode::FenceAnswer {
            request: 1,
            verdict: Verdict::Done,
        },
    ];
    let mut packets: Vec<_> = from_node.iter().map(encode_from_node).collect();
    packets.extend(to_node.iter().map(encode_to_node));
    packets
}

fn encode_from_node(message: &FromNode<'_>) -> Vec<u8> {
    let mut room = vec![0; PACKET_BYTES_MAX];
    let len = message.encode(&mut room).expect("a packet has room");
    room.truncate(len);
    room
}

fn encode_to_node(message: &ToNode) -> Vec<u8> {
    let mut room = vec![0; PACKET_BYTES_MAX];
    let len = message.encode(&mut room).expect("a packet has room");
    room.truncate(len);
    room
}

/// The host link: what is read and written again is what it was.
pub fn hostlink(data: &[u8]) {
    let mut view = View::EMPTY;
    match FromNode::decode(data, &mut view) {
        Ok(message) => assert_eq!(encode_from_node(&message), data),
        Err(PacketError::Version(version)) => assert_eq!(data.first(), Some(&version)),
        Err(PacketError::Malformed) => {}
    }
    if let Ok(message) = ToNode::decode(data) {
        assert_eq!(encode_to_node(&message), data);
    }
}

/// The supervisor's machine under any packets and deaths: it never forgets who
/// lives, gives no number twice, and has one founder at a time.
pub fn arbiter(data: &[u8]) {
    let mut input = Input::new(data);
    let mut arbiter = Arbiter::new([0; 32], Reach::OneHost);
    let mut last = Incarnation(0);
    let mut founder: Option<Instance> = None;
    while !input.is_empty() {
        let number = 1 + input.u8() % NODES;
        let packet = any_packet(&mut input, node(number), &arbiter);
        let event = match input.u8() % 8 {
            0 => ArbiterEvent::Enroll(node(number)),
            1 => ArbiterEvent::Withdraw(node(number)),
            2 => ArbiterEvent::Exited(node(number)),
            _ => ArbiterEvent::Packet {
                node: node(number),
                bytes: &packet,
            },
        };
        let mut found = None;
        let mut out = |output: ArbiterOutput<'_>| match output {
            ArbiterOutput::Send { node, message } => match message {
                ToNode::Welcome(welcome) => {
                    assert!(welcome.me.incarnation > last && welcome.me.node == node);
                    last = welcome.me.incarnation;
                }
                ToNode::Found { .. } => assert!(found.replace(node).is_none()),
                _ => {}
            },
            ArbiterOutput::Fence { target, asker } => assert_ne!(target, asker),
            ArbiterOutput::View { .. } | ArbiterOutput::Refused { .. } => {}
        };
        let _ = arbiter.step(event, &mut out);
        if let Some(node) = found {
            let is_one = founder.is_some_and(|old| {
                let is_member = matches!(arbiter.standing(old.node), Some(Standing::Member(_)));
                arbiter.living(old.node) == Some(old) && is_member
            });
            assert!(!is_one, "a second founder");
            founder = arbiter.living(node);
        }
    }
}

fn any_packet(input: &mut Input<'_>, node_id: NodeId, arbiter: &Arbiter) -> Vec<u8> {
    let mut view = View::EMPTY;
    view.epoch = Epoch(input.u8().into());
    for number in 1..=NODES {
        let living = arbiter.living(node(number));
        let incarnation = living.map_or(Incarnation(input.u8().into()), |l| l.incarnation);
        let state = NodeState::ALL[usize::from(input.u8() % 8)];
        view.set(node(number), Entry { state, incarnation });
    }
    let set = |bits: u8| -> NodeSet {
        let numbers = 1..=NODES;
        numbers.filter(|n| bits >> n & 1 != 0).map(node).collect()
    };
    let message = match input.u8() % 5 {
        0 => FromNode::Hello {
            node: node_id,
            build: [0; 32],
            nonce: input.u8().into(),
        },
        1 => FromNode::Report {
            serial: input.u8().into(),
            standing: Standing::Outside,
        },
        2 => FromNode::Report {
            serial: input.u8().into(),
            standing: Standing::Member(Epoch(input.u8().into())),
        },
        3 => FromNode::ViewIs(&view),
        _ => FromNode::Fence {
            request: input.u8().into(),
            view: &view,
            side: set(input.u8()),
            targets: set(input.u8()),
        },
    };
    // A view with nodes that never were has another form; it is refused then.
    let mut packet = encode_from_node(&message);
    if input.u8() % 8 == 0 {
        let place = usize::from(input.u8()) % packet.len();
        packet[place] ^= input.u8();
    }
    packet
}

/// A node and what it keeps outside its machine.
struct Player {
    machine: Box<Machine>,
    history: Box<History>,
    me: Option<Instance>,
    epoch: Epoch,
}

/// Some machines that hear anything: their own frames, changed or not, from
/// anybody, and every other event. None panics, writes more than fits, or goes
/// back.
pub fn machine(data: &[u8]) {
    let mut input = Input::new(data);
    let count = 1 + usize::from(input.u8() % 3);
    let mut players: Vec<_> = (0..count).map(|_| Player::new()).collect();
    let mut bodies = vec![Vec::new()];
    let mut now = 1_000_000;
    for (place, player) in players.iter_mut().enumerate() {
        player.begin(node(place as u8 + 1), now, &mut bodies);
    }
    while !input.is_empty() {
        let place = usize::from(input.u8()) % count;
        now += match input.u8() % 4 {
            0 => 0,
            1 => 20_000,
            2 => u64::from(input.u8()) * 20_000,
            _ => u64::from(input.u32()),
        };
        let from = Instance::new(
            node(1 + input.u8() % NODES),
            Incarnation(u64::from(input.u8() % 8)),
        );
        let body = any_body(&mut input, &bodies);
        players[place].feed_any(&mut input, now, from, &body, &mut bodies);
    }
}

fn any_body(input: &mut Input<'_>, bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut body = bodies[usize::from(input.u8()) % bodies.len()].clone();
    match input.u8() % 6 {
        0 if !body.is_empty() => {
            let place = usize::from(input.u8()) % body.len();
            body[place] ^= input.u8();
        }
        1 => body.truncate(input.u8().into()),
        2 => {
            let len = usize::from(input.u8() % 64);
            body = [&[1, input.u8() % 17], input.bytes(len)].concat();
        }
        _ => {}
    }
    body
}

impl Player {
    fn new() -> Self {
        Self {
            machine: Box::new(Machine::INITIAL),
            history: Box::new(History::EMPTY),
            me: None,
            epoch: Epoch::NONE,
        }
    }

    /// Boots, is welcomed, and knows the others.
    fn begin(&mut self, me: NodeId, now: u64, bodies: &mut Vec<Vec<u8>>) {
        let boot = Boot {
            node: me,
            build: [0; 32],
            nonce: 1,
            facts: Facts::NONE,
            supervision: Supervision::Host,
        };
        self.feed(Event::Boot(boot), now, bodies);
        let welcome = Welcome {
            nonce: 1,
            me: Instance::new(me, Incarnation(u64::from(me.get()))),
            key: [0; 32],
            roster: (1..=NODES).map(node).collect(),
            reach: Reach::OneHost,
            serial: 0,
        };
        self.me = Some(welcome.me);
        self.feed(Event::Host(ToNode::Welcome(welcome)), now, bodies);
        if me == node(1) {
            let found = ToNode::Found { base: Epoch(0) };
            self.feed(Event::Host(found), now, bodies);
        }
        for number in (1..=NODES).map(node).filter(|&other| other != me) {
            let peer = Instance::new(number, Incarnation(u64::from(number.get())));
            self.feed(Event::Linked(peer), now, bodies);
        }
    }

    fn feed_any(
        &mut self,
        input: &mut Input<'_>,
        now: u64,
        from: Instance,
        body: &[u8],
        bodies: &mut Vec<Vec<u8>>,
    ) {
        let epoch = Epoch(input.near(self.epoch.0.into()) as u32);
        let event = match input.u8() % 18 {
            0 => Event::Linked(from),
            1 => Event::Unlinked(from),
            2 => Event::Beat { from, body },
            3 | 4 => Event::Tick,
            5 => Event::SubsystemsDone(epoch),
            6 => Event::CleanedUp(from),
            7 => Event::ShutDown(from.node),
            8 if input.u8() % 8 == 0 => Event::Leave,
            9 => Event::Host(any_word(input, from, epoch)),
            10 => {
                let parameter = Parameter::ALL[usize::from(input.u8() % 7)];
                let value = Span::ms(input.near(1_000) % 100_000);
                let tuned = Parameters::DEFAULT.with(parameter, value);
                Event::Tune(tuned.unwrap_or(Parameters::DEFAULT))
            }
            _ => Event::Message { from, body },
        };
        self.feed(event, now, bodies);
    }

    fn feed(&mut self, event: Event<'_>, now: u64, bodies: &mut Vec<Vec<u8>>) {
        let now = Now {
            instant: Instant(now),
            wall_us: now,
        };
        let (me, mut epoch) = (self.me, self.epoch);
        let mut out = |output: Output<'_>| match output {
            Output::Send { to, body } => {
                assert!(body.len() <= MESSAGE_BYTES_MAX && !to.is_empty());
                assert!(me.is_none_or(|me| !to.contains(me.node)));
                if bodies.len() < BODIES_MAX {
                    bodies.push(body.to_vec());
                }
            }
            Output::Beat { to, body } => {
                assert!(!to.is_empty());
                if bodies.len() < BODIES_MAX {
                    bodies.push(body.to_vec());
                }
            }
            Output::Install(view) => {
                assert!(view.epoch > epoch && me.is_some_and(|me| view.has(me)));
                epoch = view.epoch;
            }
            Output::Host(packet) => {
                encode_from_node(&packet);
            }
            Output::Wake(at) => assert!(at > now.instant),
            Output::Update(view) => assert_eq!(view.epoch, epoch),
            Output::Identity(_)
            | Output::Roster(_)
            | Output::End(_)
            | Output::Transition(_)
            | Output::RunSubsystems(_)
            | Output::Cleanup(_)
            | Output::ShutDown
            | Output::Halt(_) => {}
        };
        let _ = self.machine.step(now, event, &mut self.history, &mut out);
        self.epoch = epoch;
    }
}

fn any_word(input: &mut Input<'_>, instance: Instance, base: Epoch) -> ToNode {
    match input.u8() % 5 {
        0 => ToNode::Roster((1..=1 + input.u8() % NODES).map(node).collect()),
        1 | 2 => ToNode::Death {
            instance,
            serial: input.u8().into(),
        },
        3 => ToNode::Found { base },
        _ => ToNode::FenceAnswer {
            request: input.near(1),
            verdict: [Verdict::Done, Verdict::Refused, Verdict::Busy][usize::from(input.u8() % 3)],
        },
    }
}
