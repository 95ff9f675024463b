// SPDX-License-Identifier: GPL-2.0

//! Connections as streams of bytes.
//!
//! What TCP is to the driver: bytes arrive in order, in pieces of any length and
//! after some time, until the connection breaks, which loses what is on its way.
//! A socket takes only so many bytes at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ssi_core::{ids::Instance, ids::NodeId, time::Instant};

use crate::rng::Rng;

use super::{queue::Queue, scenario::Scenario, world::Happening};

/// Names a connection; never used twice.
pub type ConnId = u64;

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Who made it.
    Dialler,
    /// Who took it.
    Listener,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Listener,
            Self::Listener => Self::Dialler,
        }
    }

    fn index(self) -> usize {
        match self {
            Self::Dialler => 0,
            Self::Listener => 1,
        }
    }
}

struct Conn {
    /// Dialler and listener. A stranger is nobody's end.
    ends: [Option<Instance>; 2],
    /// From the dialler and from the listener.
    pipes: [Pipe; 2],
    /// How many times slower than others it is: two connections of a pair may
    /// run far apart.
    slowness: u64,
}

#[derive(Default)]
struct Pipe {
    pieces: VecDeque<Vec<u8>>,
    bytes: usize,
    last_arrival: Instant,
    is_blocked: bool,
}

/// The network.
pub struct Net {
    conns: BTreeMap<ConnId, Conn>,
    next: ConnId,
    /// Pairs that do not reach each other, lower number first.
    cut: BTreeSet<(NodeId, NodeId)>,
    scenario: Scenario,
}

fn pair(a: NodeId, b: NodeId) -> (NodeId, NodeId) {
    (a.min(b), a.max(b))
}

impl Net {
    pub fn new(scenario: Scenario) -> Self {
        Self {
            conns: BTreeMap::new(),
            next: 1,
            cut: BTreeSet::new(),
            scenario,
        }
    }

    /// Opens a connection; both ends hear of it later, the dialler second.
    pub fn dial(
        &mut self,
        from: Option<Instance>,
        to: Instance,
        rng: &mut Rng,
        queue: &mut Queue,
    ) -> ConnId {
        let id = self.next;
        self.next += 1;
        let is_slow = rng.permille(self.scenario.slow_conn_permille);
        let slowness = if is_slow { rng.between(2, 40) } else { 1 };
        self.conns.insert(
            id,
            Conn {
                ends: [from, Some(to)],
                pipes: Default::default(),
                slowness,
            },
        );
        let there = self.delay(rng);
        queue.after(there, Happening::Accepted(id));
        if from.is_some() {
            let back = there + self.delay(rng);
            queue.after(back, Happening::Connected(id));
        }
        id
    }

    /// Who is at that end, if the connection is open and both reach each other.
    pub fn end(&self, id: ConnId, side: Side) -> Option<Instance> {
        self.conns.get(&id)?.ends[side.index()]
    }

    /// Whether the two ends do not reach each other.
    pub fn is_cut(&self, id: ConnId) -> bool {
        let ends = self.conns.get(&id).map(|conn| conn.ends);
        matches!(ends, Some([Some(a), Some(b)]) if self.cut.contains(&pair(a.node, b.node)))
    }

    pub fn set_cut(&mut self, a: NodeId, b: NodeId) {
        self.cut.insert(pair(a, b));
    }

    pub fn heal(&mut self, a: NodeId, b: NodeId) {
        self.cut.remove(&pair(a, b));
    }

    /// Takes as many of `bytes` as the socket has room for.
    pub fn write(
        &mut self,
        id: ConnId,
        side: Side,
        bytes: &[u8],
        rng: &mut Rng,
        queue: &mut Queue,
    ) -> usize {
        let room = self.scenario.socket_bytes;
        let mut taken = 0;
        while taken < bytes.len() {
            let delay = self.delay(rng);
            let Some(conn) = self.conns.get_mut(&id) else {
                return taken;
            };
            let pipe = &mut conn.pipes[side.index()];
            let free = room.saturating_sub(pipe.bytes);
            // As a socket does: a writer that waits gets room worth waking for.
            if free == 0 || (pipe.is_blocked && free < room / 3) {
                pipe.is_blocked = true;
                break;
            }
            let most = (bytes.len() - taken).min(free);
            let len = 1 + rng.index(most.min(self.scenario.piece_bytes));
            pipe.pieces.push_back(bytes[taken..taken + len].to_vec());
            pipe.bytes += len;
            taken += len;
            // In order: never before the piece ahead of it.
            let delay = delay * conn.slowness;
            let arrival = queue.now().0.saturating_add(delay).max(pipe.last_arrival.0);
            pipe.last_arrival = Instant(arrival);
            queue.at(Instant(arrival), Happening::Arrived(id, side));
        }
        taken
    }

    /// The next piece that arrives from `side`, and whether its writer waits.
    pub fn arrive(&mut self, id: ConnId, side: Side) -> Option<(Vec<u8>, bool)> {
        let pipe = &mut self.conns.get_mut(&id)?.pipes[side.index()];
        let piece = pipe.pieces.pop_front()?;
        pipe.bytes -= piece.len();
        let is_woken = pipe.is_blocked && pipe.bytes <= self.scenario.socket_bytes * 2 / 3;
        pipe.is_blocked &= !is_woken;
        Some((piece, is_woken))
    }

    /// Breaks a connection: what is on its way is lost. Each end that lives
    /// hears of it later.
    pub fn close(&mut self, id: ConnId, rng: &mut Rng, queue: &mut Queue) {
        let Some(conn) = self.conns.remove(&id) else {
            return;
        };
        for end in conn.ends.into_iter().flatten() {
            let delay = self.delay(rng);
            queue.after(delay, Happening::Closed(id, end));
        }
    }

    /// All open connections.
    pub fn open(&self) -> Vec<ConnId> {
        self.conns.keys().copied().collect()
    }

    /// Open connections with an end at `instance`.
    pub fn of(&self, instance: Instance) -> Vec<ConnId> {
        let has_end = |conn: &Conn| conn.ends.contains(&Some(instance));
        let found = self.conns.iter().filter(|(_, conn)| has_end(conn));
        found.map(|(id, _)| *id).collect()
    }

    fn delay(&self, rng: &mut Rng) -> u64 {
        let usual = rng.between(self.scenario.delay.0, self.scenario.delay.1);
        if rng.permille(self.scenario.slow_permille) {
            usual + rng.below(50_000)
        } else {
            usual
        }
    }
}
