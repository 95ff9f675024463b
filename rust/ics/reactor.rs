// SPDX-License-Identifier: GPL-2.0

//! Thread that receives.
//!
//! One thread drives all sockets of the node and waits for none of them: their
//! callbacks raise a bit, the thread looks at what the bit stands for. It also
//! makes connections, sends acknowledgements that are due, and serves the requests
//! of services that are served inline.
//!
//! ```text
//!   socket callback --- bit ---> take bits ---> receive ---> act
//!   timer ------------------------^   |
//!                                     +--> dial, acknowledge, expire
//! ```

use kernel::{
    current,
    prelude::*,
    sync::atomic::Relaxed, //
};
use ssi_core::{
    ics::{
        beat::{
            BeatHead,
            BEAT_BYTES_MAX, //
        },
        dial::{
            is_dialler,
            HalfOpen, //
        },
        handshake::Handshake,
        hello::{
            Channel,
            Message,
            Reason, //
        },
        ration::Ration, //
    },
    ids::{
        NodeId,
        NODES_LEN, //
    },
    time::Instant, //
};
use ssi_kapi::{
    clock,
    notifier::BITS_LEN,
    print::Plain,
    random,
    thread,
    trace, //
};

use crate::{
    connection::{
        Connection,
        Next,
        Stage, //
    },
    dialler::{
        Diallers,
        DIALS_MAX, //
    },
    engine::{
        self,
        Engine,
        KernelHmac, //
    },
    log,
    transport::{
        Chosen,
        Datagrams,
        Listening,
        More,
        Stream,
        Streaming,
        Transport, //
    },
};

/// Bit that lets the reactor look after what changed.
pub(crate) const WAKE: u32 = 0;
/// Bit of the listener.
const LISTENER: u32 = 1;
/// Bit of the socket of the heartbeats.
pub(crate) const DATAGRAMS: u32 = 2;
/// Bit of the first connection.
const FIRST: u32 = 3;

/// Words of 64 bits that hold all bits.
const WORDS: usize = 8;

const _: () = assert!(BITS_LEN == 512);

/// Connections and datagrams taken in a row before others have their turn.
const ROUND: usize = 32;

/// Connections taken in a millisecond.
const ACCEPTS_PER_MS: u32 = 16;

/// Datagrams taken in a millisecond: a heartbeat of every node at once.
const DATAGRAMS_PER_MS: u32 = 64;

const _: () = assert!(NODES_LEN == 64);

/// A socket strangers reach.
struct Door {
    bit: u32,
    ration: Ration,
    /// Until then it is left alone.
    rests_until: Option<Instant>,
}

impl Door {
    const fn new(bit: u32, per_ms: u32) -> Self {
        Self {
            bit,
            ration: Ration::new(per_ms),
            rests_until: None,
        }
    }

    /// Whether one more may come in now. If not, it is looked after later.
    fn may_enter(&mut self) -> bool {
        let result = self.ration.take(Instant(clock::monotonic()));
        self.rests_until = result.err();
        result.is_ok()
    }

    /// Whether it has rested long enough; says so once.
    fn has_rested(&mut self, now: Instant) -> bool {
        self.rests_until.take_if(|until| *until <= now).is_some()
    }
}

/// The reactor and what only its thread uses.
pub(crate) struct Reactor {
    pub(crate) engine: &'static Engine,
    listener: Option<<Chosen as Transport>::Listener>,
    connections: KVec<Option<Connection>>,
    half_open: KBox<HalfOpen<u32>>,
    dials: KBox<HalfOpen<u32, DIALS_MAX>>,
    diallers: Diallers,
    datagram: KVec<u8>,
    callers: Door,
    beats: Door,
}

/// Body of the thread.
pub(crate) fn run() {
    let Some(engine) = engine::get() else {
        return;
    };
    thread::forbid_io();
    // A program that computes must not keep heartbeats waiting for a tick.
    thread::hurry();
    engine.reactor.store(current!().as_ptr().addr(), Relaxed);
    match Reactor::new(engine) {
        Ok(mut reactor) => reactor.run(),
        Err(why) => pr_err!("no links: {:?}\n", why),
    }
}

impl Reactor {
    fn new(engine: &'static Engine) -> Result<Self> {
        let mut connections = KVec::new();
        for _ in FIRST..BITS_LEN {
            connections.push(None, GFP_KERNEL)?;
        }
        let mut reactor = Self {
            engine,
            listener: None,
            connections,
            // Too large for the stack of a thread.
            half_open: KBox::new(const { HalfOpen::new() }, GFP_KERNEL)?,
            dials: KBox::new(const { HalfOpen::new() }, GFP_KERNEL)?,
            diallers: Diallers::new()?,
            datagram: KVec::from_elem(0, BEAT_BYTES_MAX + 1, GFP_KERNEL)?,
            callers: Door::new(LISTENER, ACCEPTS_PER_MS),
            beats: Door::new(DATAGRAMS, DATAGRAMS_PER_MS),
        };
        match Chosen::listen(engine.me().node, &engine.notifier, LISTENER) {
            Ok(listener) => reactor.listener = Some(listener),
            Err(why) => pr_warn!("no links without the network: {:?}\n", why),
        }
        Ok(reactor)
    }

    fn run(&mut self) {
        while !thread::stopping() {
            self.keep_time();
            self.engine.notifier.wait(self.deadline());
            let mut raised = [0u64; WORDS];
            self.engine.notifier.take(|bit| {
                let (word, bit) = (bit / 64, bit % 64);
                let word = usize::try_from(word).ok();
                if let Some(word) = word.and_then(|word| raised.get_mut(word)) {
                    *word |= 1 << bit;
                }
            });
            for (word, mut bits) in (0u32..).zip(raised) {
                while bits != 0 {
                    self.on_bit(word * 64 + bits.trailing_zeros());
                    bits &= bits - 1;
                }
            }
        }
    }

    fn on_bit(&mut self, bit: u32) {
        match bit {
            WAKE => (),
            LISTENER => self.accept(),
            DATAGRAMS => self.receive_datagrams(),
            slot => self.drive(slot),
        }
    }

    /// When something is to be done without news, in microseconds.
    fn deadline(&self) -> Option<u64> {
        let acks = self.engine.peers().map(|peer| peer.ack_due()).min();
        let half_open = self.half_open.next_deadline().map(|at| at.0);
        let dials = self.dials.next_deadline().map(|at| at.0);
        let next = self.diallers.next(self.engine);
        let callers = self.callers.rests_until.map(|at| at.0);
        let beats = self.beats.rests_until.map(|at| at.0);
        [acks, half_open, dials, next, callers, beats]
            .into_iter()
            .flatten()
            .min()
            .filter(|&at| at != u64::MAX)
    }

    fn keep_time(&mut self) {
        let now = Instant(clock::monotonic());
        let engine = self.engine;
        for peer in engine.peers() {
            if peer.is_unsettled() {
                peer.settle(|generation, todo| engine.run_todo(peer, generation, todo));
            }
            if peer.ack_due() <= now.0 {
                peer.with(|inner| {
                    if let Some(life) = &mut inner.life {
                        life.acknowledge(now);
                    }
                });
            }
        }
        for door in [&mut self.callers, &mut self.beats] {
            if door.has_rested(now) {
                engine.notifier.raise(door.bit);
            }
        }
        if self.engine.take_renewal() {
            for slot in FIRST..BITS_LEN {
                self.close(slot);
            }
        }
        while let Some(slot) = self.half_open.expire(now) {
            self.engine.counters.expired.count();
            self.close(slot);
        }
        while let Some(slot) = self.dials.expire(now) {
            self.close(slot);
        }
        self.dial(now);
    }

    /// Makes the connections that are missing and whose time has come.
    fn dial(&mut self, now: Instant) {
        while let Some((node, channel)) = self.diallers.due(self.engine, now) {
            let result = self.connect(node, channel, now);
            if result.is_err() {
                self.diallers.failed(node, channel, now);
            }
        }
    }

    fn connect(&mut self, node: NodeId, channel: Channel, now: Instant) -> Result {
        let slot = self.free_slot().ok_or(ENFILE)?;
        let me = self.engine.me().node;
        let socket = Chosen::dial(me, node, &self.engine.notifier, slot)?;
        let stage = Stage::Dialling { node, channel };
        let connection = Connection::new(socket, slot, stage)?;
        self.put(slot, connection);
        self.diallers.began(node, channel, slot);
        let oldest = self.dials.insert(slot, node, now);
        oldest.into_iter().for_each(|slot| self.close(slot));
        Ok(())
    }

    fn accept(&mut self) {
        for _ in 0..ROUND {
            let Some(listener) = &self.listener else {
                return;
            };
            if !self.callers.may_enter() {
                return;
            }
            match listener.accept() {
                Ok(socket) => self.admit(socket),
                Err(EAGAIN) => return,
                // It went away again; the next one raises the bit.
                Err(_) => return,
            }
        }
        self.engine.notifier.raise(LISTENER);
    }

    /// Gives a stranger a place to prove itself in.
    fn admit(&mut self, socket: Stream) {
        self.engine.counters.accepted.count();
        let me = self.engine.me().node;
        let Some(node) = socket.peer().filter(|&node| node != me) else {
            self.turn_away(&socket, Reason::Address);
            return;
        };
        let now = Instant(clock::monotonic());
        let Some(slot) = self.free_slot() else {
            self.turn_away(&socket, Reason::TooMany);
            return;
        };
        let stage = Stage::Greeting(Handshake::listen(node, random::bytes()), node);
        let watched = socket.watch(&self.engine.notifier, slot);
        match watched.and_then(|()| Connection::new(socket, slot, stage)) {
            Ok(connection) => self.put(slot, connection),
            Err(_) => return,
        }
        if let Some(oldest) = self.half_open.insert(slot, node, now) {
            if let Some(connection) = self.connection(oldest) {
                let socket = connection.socket.clone();
                self.turn_away(&socket, Reason::TooMany);
            }
            self.close(oldest);
        }
    }

    fn turn_away(&self, socket: &Stream, reason: Reason) {
        let _ = socket.send(Message::refuse(reason).as_bytes(), More::Nothing);
        self.engine.counters.refused.count(reason);
        trace::refusal(0, reason.code(), true);
        if let Some(left_out) = log::may_print() {
            pr_warn!("a stranger is refused: {}{}\n", Plain(reason), left_out);
        }
    }

    fn free_slot(&self) -> Option<u32> {
        let place = self.connections.iter().position(Option::is_none)?;
        u32::try_from(place).ok().map(|place| place + FIRST)
    }

    fn place(slot: u32) -> usize {
        slot.checked_sub(FIRST)
            .and_then(|place| usize::try_from(place).ok())
            .unwrap_or(usize::MAX)
    }

    fn put(&mut self, slot: u32, connection: Connection) {
        if let Some(place) = self.connections.get_mut(Self::place(slot)) {
            *place = Some(connection);
        }
    }

    fn connection(&mut self, slot: u32) -> Option<&mut Connection> {
        self.connections.get_mut(Self::place(slot))?.as_mut()
    }

    /// Looks after a connection with news.
    fn drive(&mut self, slot: u32) {
        let place = Self::place(slot);
        let taken = self.connections.get_mut(place).and_then(Option::take);
        let Some(mut connection) = taken else {
            return;
        };
        let next = connection.drive(self.engine);
        // Closing needs to know what it was.
        self.put(slot, connection);
        match next {
            Next::Wait => (),
            Next::Again => self.engine.notifier.raise(slot),
            Next::Proved => {
                self.half_open.remove(slot);
                self.dials.remove(slot);
                self.engine.notifier.raise(slot);
            }
            Next::Close => self.close(slot),
        }
    }

    /// Closes a connection and tells who has to know.
    fn close(&mut self, slot: u32) {
        self.half_open.remove(slot);
        self.dials.remove(slot);
        let place = Self::place(slot);
        let taken = self.connections.get_mut(place).and_then(Option::take);
        if let Some(connection) = taken {
            let was_useful = connection.was_useful();
            connection.end(self.engine);
            let now = Instant(clock::monotonic());
            self.diallers.closed(slot, was_useful, now);
        }
    }

    fn receive_datagrams(&mut self) {
        for _ in 0..ROUND {
            let Some(socket) = self.engine.datagrams.as_ref() else {
                return;
            };
            if !self.beats.may_enter() {
                return;
            }
            match socket.receive(&mut self.datagram) {
                Ok((bytes, from)) => {
                    let datagram = self.datagram.get(..bytes);
                    let taken =
                        datagram.is_some_and(|datagram| on_datagram(self.engine, datagram, from));
                    if !taken {
                        self.engine.counters.beats_refused.count();
                    }
                }
                // What comes next raises the bit.
                Err(_) => return,
            }
        }
        self.engine.notifier.raise(DATAGRAMS);
    }
}

/// Takes in a datagram. Whether it is a heartbeat for this node.
fn on_datagram(engine: &Engine, datagram: &[u8], sender: Option<NodeId>) -> bool {
    // What is cheap to see comes before the tag.
    let Some(peer) = sender.and_then(|node| engine.peer(node)) else {
        return false;
    };
    if peer.current().is_none() {
        return false;
    }
    let opened = BeatHead::open(datagram, engine.me(), engine.beat_key(), &KernelHmac);
    let Ok((beat, body)) = opened else {
        return false;
    };
    let taken = beat.from.node == peer.node && peer.beat(&beat).is_ok();
    if taken {
        engine.counters.beats_received.count();
        engine.membership.beat(beat.from, body);
    }
    taken
}

/// Whether this node makes the connections to `peer`.
pub(crate) fn dials(engine: &Engine, peer: NodeId) -> bool {
    is_dialler(engine.me().node, peer)
}
