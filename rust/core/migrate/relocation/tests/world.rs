// SPDX-License-Identifier: GPL-2.0

//! Three nodes and a process.
//!
//! What may happen next, and what must hold.

#![expect(clippy::arithmetic_side_effects, reason = "numbers of the test itself")]

use std::collections::HashSet;

use super::super::{
    arrival::{
        self,
        Arrival, //
    },
    departure::{
        self,
        Departure, //
    },
    keeper::{
        self,
        Keeper,
        Route, //
    },
};
use crate::{
    ids::{
        NodeId,
        NodeNumber, //
    },
    migrate::handover::Guest, //
};

pub(super) type Node = u8;
pub(super) const A: Node = 1;
pub(super) const B: Node = 2;
pub(super) const H: Node = 3;
const NODES: [Node; 3] = [A, B, H];

/// Signals, in the order in which they came.
pub(super) type Signals = Vec<u8>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Message {
    Intends(Node),
    Allowed,
    Make { got: Signals, is_under_home: bool },
    Held,
    NotMade,
    HandOn(Signals),
    Handed,
    NotHanded,
    Moved(Node),
    Agreed,
    Disowned,
    Refused,
    Commit,
    Released,
    NotThere,
    Abort,
    Aborted,
    Ended,
    Asked,
    Forsaken,
    Signal(u8),
    Taken,
    NotTaken,
}

impl Message {
    /// What of the same sender has to arrive before.
    fn waits_for(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            // Who gives up a call says so in the call, too.
            (Self::Abort, Self::Make { .. }) | (Self::Moved(_), Self::Taken)
        )
    }

    /// Whether it is an answer that may get lost.
    fn is_awaited_by(&self, departure: Option<Departure>) -> bool {
        match departure {
            Some(Departure::Asking) => matches!(self, Self::Allowed | Self::Refused),
            Some(Departure::Copying(_)) => matches!(self, Self::Held | Self::NotMade),
            Some(Departure::Handing) => matches!(self, Self::Handed | Self::NotHanded),
            Some(Departure::Deciding) => {
                matches!(self, Self::Agreed | Self::Refused | Self::Disowned)
            }
            _ => false,
        }
    }
}

/// A process on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Process {
    pub(super) runs: bool,
    /// Signals it has acted on. They are part of its memory.
    pub(super) got: Signals,
    /// Signals that wait.
    pub(super) waiting: Signals,
}

impl Process {
    pub(super) fn run(&mut self) {
        self.runs = true;
        self.got.append(&mut self.waiting);
    }

    pub(super) fn take(&mut self, signal: u8) {
        match self.runs {
            true => self.got.push(signal),
            false => self.waiting.push(signal),
        }
    }

    pub(super) fn end(&mut self) {
        *self = Self::default();
    }
}

/// What may still go wrong, or be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Chances {
    pub(super) attempts: u8,
    pub(super) signals: u8,
    pub(super) deaths: u8,
    pub(super) kills: u8,
    pub(super) ends: u8,
    pub(super) held_dies: u8,
    pub(super) unclear: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) is_up: [bool; 4],
    /// Whether the first knows that the second died.
    pub(super) knows: [[bool; 4]; 4],
    pub(super) way: Vec<(Node, Node, Message)>,
    pub(super) a: Process,
    pub(super) departure: Option<Departure>,
    pub(super) target: Node,
    /// All that waits was handed on.
    pub(super) is_handed: bool,
    /// An abort is not answered yet.
    pub(super) aborts: bool,
    pub(super) b: Process,
    pub(super) arrival: Option<Arrival>,
    pub(super) h: Process,
    pub(super) keeper: Keeper,
    /// Where home sends a signal just now.
    pub(super) sends: Option<Node>,
    pub(super) told: u8,
    /// It was killed on A.
    pub(super) is_killed: bool,
    /// B or H has run.
    pub(super) has_moved: bool,
    pub(super) has_agreed: bool,
    pub(super) left: Chances,
    pub(super) all: Chances,
}

pub(super) fn id(node: Node) -> NodeId {
    NodeId::new(NodeNumber::from(node)).unwrap()
}

pub(super) fn number(id: NodeId) -> Node {
    NODES
        .into_iter()
        .find(|&node| self::id(node) == id)
        .unwrap()
}

fn place(node: Node) -> usize {
    usize::from(node)
}

impl World {
    pub(super) fn new(all: Chances) -> Self {
        let mut a = Process::default();
        a.run();
        Self {
            is_up: [true; 4],
            knows: [[false; 4]; 4],
            way: vec![],
            a,
            departure: None,
            target: B,
            is_handed: false,
            aborts: false,
            b: Process::default(),
            arrival: None,
            h: Process::default(),
            keeper: Keeper::of(id(A)),
            sends: None,
            told: 0,
            is_killed: false,
            has_moved: false,
            has_agreed: false,
            left: all,
            all,
        }
    }

    fn up(&self, node: Node) -> bool {
        self.is_up[place(node)]
    }

    pub(super) fn knows(&self, node: Node, other: Node) -> bool {
        self.knows[place(node)][place(other)]
    }

    /// A message that is sent. One to a node that is known to be dead fails at once.
    pub(super) fn send(&mut self, from: Node, to: Node, message: Message) {
        if self.knows(from, to) {
            return self.failed(from, to, &message);
        }
        if self.up(to) {
            self.way.push((from, to, message));
            self.way.sort();
        }
    }

    pub(super) fn failed(&mut self, from: Node, to: Node, message: &Message) {
        match (from, message) {
            (A, Message::Make { .. }) => self.a_learns(departure::Learnt::TargetDown),
            (A, Message::HandOn(_)) => self.handing_failed(),
            (A, Message::Intends(_) | Message::Moved(_)) => {
                self.a_learns(departure::Learnt::HomeDown);
            }
            (A, Message::Abort) => self.aborts = false,
            (H, Message::Commit) => self.h_learns(keeper::Learnt::NotThere { at: id(to) }),
            (H, Message::Signal(_)) => self.sends = None,
            _ => (),
        }
    }

    // --- what happens ---------------------------------------------------------

    fn die(&mut self, node: Node) {
        self.is_up[place(node)] = false;
        self.left.deaths -= 1;
        self.way.retain(|&(_, to, _)| to != node);
        match node {
            A => {
                self.a.end();
                self.departure = Some(Departure::Dead);
                self.aborts = false;
            }
            B => {
                self.b.end();
                self.arrival = None;
            }
            _ => self.h.end(),
        }
    }

    /// The view: nothing of the dead one takes effect any more.
    fn learn_death(&mut self, node: Node, dead: Node) {
        self.knows[place(node)][place(dead)] = true;
        self.way.retain(|&(from, to, _)| (from, to) != (dead, node));
        match (node, dead) {
            (A, _) => self.a_learns_death(dead),
            (B, A) => self.b_happens(arrival::Happened::SourceDown),
            (B, _) => self.b_happens(arrival::Happened::HomeDown),
            (_, _) => {
                if self.sends == Some(dead) {
                    self.sends = None;
                }
                self.h_learns(keeper::Learnt::Down(id(dead)));
            }
        }
    }

    fn a_learns_death(&mut self, dead: Node) {
        if dead == self.target {
            self.aborts = false;
            self.a_learns(departure::Learnt::TargetDown);
            if self.departure == Some(Departure::Left) {
                self.a.end();
            }
        }
        if dead == H {
            self.a_learns(departure::Learnt::HomeDown);
        }
    }

    /// What must happen some time.
    pub(super) fn progress(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut add = |change: &dyn Fn(&mut Self)| {
            let mut world = self.clone();
            change(&mut world);
            all.push(world);
        };
        for at in 0..self.way.len() {
            if self.may_arrive(at) {
                add(&|world| {
                    let (from, to, message) = world.way.remove(at);
                    world.deliver(from, to, message);
                });
            }
        }
        let is_made = |guest| matches!(guest, Guest::Starting | Guest::Doomed);
        if self.arrival.is_some_and(Arrival::is_being_made) {
            add(&|world| world.b_happens(arrival::Happened::Executed));
            add(&|world| world.b_happens(arrival::Happened::Failed));
        }
        if matches!(self.keeper, Keeper::Filling { guest, .. } if is_made(guest)) && self.up(H) {
            add(&|world| world.h_learns(keeper::Learnt::Executed));
            add(&|world| world.h_learns(keeper::Learnt::Failed));
        }
        if self.may_forward() {
            add(&Self::h_forward);
        }
        for (node, dead) in self.unknown_deaths() {
            add(&|world| world.learn_death(node, dead));
        }
        all
    }

    fn may_arrive(&self, at: usize) -> bool {
        let (from, to, message) = &self.way[at];
        let is_first = !self
            .way
            .iter()
            .any(|(f, t, other)| (f, t) == (from, to) && message.waits_for(other));
        // The surrogate does one thing at a time.
        let is_free = !matches!(message, Message::Make { .. } if *to == H) || self.sends.is_none();
        is_first && is_free
    }

    fn may_forward(&self) -> bool {
        self.up(H)
            && self.sends.is_none()
            && !self.h.waiting.is_empty()
            && matches!(self.keeper.route(), Route::To(_))
    }

    fn unknown_deaths(&self) -> Vec<(Node, Node)> {
        let pairs = NODES
            .into_iter()
            .flat_map(|node| NODES.map(|dead| (node, dead)));
        pairs
            .filter(|&(node, dead)| self.up(node) && !self.up(dead) && !self.knows(node, dead))
            .collect()
    }

    /// What may happen or not.
    pub(super) fn chance(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut add = |change: &dyn Fn(&mut Self)| {
            let mut world = self.clone();
            change(&mut world);
            all.push(world);
        };
        let left = self.left;
        for target in [B, H] {
            let may = self.a.runs && !self.aborts && !self.knows(A, target);
            if left.attempts > 0 && may {
                add(&|world| world.begin(target));
            }
        }
        let are_up = NODES.into_iter().filter(|&node| self.up(node)).count();
        for node in NODES {
            if left.deaths > 0 && are_up > 1 && self.up(node) {
                add(&|world| world.die(node));
            }
        }
        if left.signals > 0 && self.up(H) {
            add(&|world| {
                world.h_signal(world.left.signals);
                world.left.signals -= 1;
            });
        }
        if left.kills > 0 && self.departure.is_some() && self.up(A) {
            add(&|world| {
                world.left.kills -= 1;
                world.a_learns(departure::Learnt::Killed);
            });
        }
        if left.ends > 0 && self.b.runs {
            add(&|world| {
                world.left.ends -= 1;
                world.b.end();
                world.send(B, H, Message::Ended);
            });
        }
        if left.held_dies > 0 && self.arrival.is_some_and(Arrival::is_held) {
            add(&|world| {
                world.left.held_dies -= 1;
                world.b_happens(arrival::Happened::Died);
            });
        }
        for (at, (from, to, message)) in self.way.iter().enumerate() {
            if left.unclear > 0 && *to == A && message.is_awaited_by(self.departure) {
                add(&|world| {
                    world.left.unclear -= 1;
                    world.way.remove(at);
                    world.a_learns(departure::Learnt::Unclear);
                });
            }
            // What a node sent before it died may arrive or not.
            let is_last = !self
                .way
                .iter()
                .any(|(f, t, other)| (f, t) == (from, to) && other.waits_for(message));
            if !self.up(*from) && is_last {
                add(&|world| {
                    world.way.remove(at);
                });
            }
        }
        all
    }

    // --- what must hold -------------------------------------------------------

    fn running(&self) -> Vec<&Process> {
        [&self.a, &self.b, &self.h]
            .into_iter()
            .filter(|process| process.runs)
            .collect()
    }

    pub(super) fn check(&self) {
        assert!(self.running().len() <= 1, "two: {self:?}");
        assert!(!(self.a.runs && self.has_moved), "it ran twice: {self:?}");
        assert!(
            !self.is_killed || self.running().is_empty(),
            "killed: {self:?}"
        );
        assert!(self.told <= 1, "told twice: {self:?}");
        assert!(
            self.told == 0 || self.running().is_empty(),
            "told, but it runs: {self:?}"
        );
        for process in self.running() {
            let got: HashSet<u8> = process.got.iter().copied().collect();
            assert_eq!(got.len(), process.got.len(), "doubled: {self:?}");
        }
    }

    /// Nothing more happens but by chance.
    pub(super) fn check_end(&self) {
        let is_running = !self.running().is_empty();
        assert!(self.arrival.is_none(), "left over: {self:?}");
        if self.up(A) {
            assert!(
                self.departure.is_none_or(|departure| {
                    matches!(departure, Departure::Left | Departure::Dead)
                }),
                "waits for ever: {self:?}"
            );
        }
        if self.up(H) {
            self.check_home(is_running);
        }
        if self.nobody_ended_it() {
            let deaths = NODES.map(|node| !self.up(node));
            // The target died, and may have run.
            let is_lost_there = self.departure == Some(Departure::Left) && !self.up(self.target);
            match deaths {
                _ if is_lost_there => (),
                [false, false, _] => assert!(is_running, "lost: {self:?}"),
                [false, true, false] if !self.has_agreed && !self.has_moved => {
                    assert!(is_running, "lost: {self:?}");
                }
                [true, false, false] if self.has_agreed => {
                    assert!(is_running, "lost: {self:?}");
                }
                _ => (),
            }
        }
    }

    fn nobody_ended_it(&self) -> bool {
        (self.left.kills, self.left.ends, self.left.held_dies)
            == (self.all.kills, self.all.ends, self.all.held_dies)
    }

    fn check_home(&self, is_running: bool) {
        let is_right = match self.keeper {
            Keeper::Away { node, .. } => match number(node) {
                A => self.a.runs,
                _ => self.b.runs,
            },
            Keeper::Home => self.h.runs,
            Keeper::Filling { .. } => false,
            Keeper::Over => !is_running && self.told == 1,
        };
        assert!(is_right, "home is wrong: {self:?}");
        assert!(
            self.sends.is_none() && self.h.waiting.is_empty(),
            "{self:?}"
        );
        let sent = self.all.signals - self.left.signals;
        for process in self.running() {
            let got = process.got.len();
            assert_eq!(got, usize::from(sent), "lost a signal: {self:?}");
            let is_in_order = process.got.windows(2).all(|pair| pair[0] > pair[1]);
            assert!(is_in_order || self.h.runs, "out of order: {self:?}");
        }
    }
}
