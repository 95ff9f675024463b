// SPDX-License-Identifier: GPL-2.0

//! Receiving side of a connection.
//!
//! ```text
//!   Dialling --> Greeting --> Control
//!   accepted ---^        +--> Bulk
//! ```
//!
//! All that comes is parsed by core. What does not parse, does not verify or does
//! not belong there ends the connection.

use kernel::prelude::*;
use ssi_core::{
    ics::{
        frame::{
            Header,
            Kind,
            HANDSHAKE_PAYLOAD_BYTES_MAX,
            HEADER_BYTES, //
        },
        handshake::{
            Admission,
            Established,
            Handshake,
            Party,
            Refusal,
            Step, //
        },
        hello::{
            self,
            Channel,
            Message,
            Reason, //
        },
        session::Verdict, //
    },
    ids::NodeId,
    time::Instant,
    wire::Malformed, //
};
use ssi_kapi::{
    clock,
    print::Plain,
    random,
    trace, //
};

use crate::{
    bulk_link::BulkLink,
    bulk_rx::BulkRx,
    engine::{
        Engine,
        KernelHmac, //
    },
    link::{
        Link,
        Seal, //
    },
    log,
    peer::Peer,
    rx::{
        Filled,
        RxBuffer, //
    },
    transport::{
        More,
        Shared,
        State,
        Stream,
        Streaming, //
    },
};

/// Times a connection is received from in a row before others have their turn.
const ROUND: usize = 8;

/// How far a connection is.
pub(crate) enum Stage {
    /// It is being made.
    Dialling {
        /// To whom.
        node: NodeId,
        /// For what.
        channel: Channel,
    },
    /// Both sides prove themselves; the other should be this node.
    Greeting(Handshake, NodeId),
    /// It carries messages and calls of a session.
    Control(Control),
    /// It carries pages.
    Bulk(BulkRx),
}

/// The receiving side of an established control connection.
pub(crate) struct Control {
    peer: &'static Peer,
    generation: u64,
    slot: u32,
    seal: Seal,
    /// A frame was delivered.
    was_useful: bool,
}

/// A connection.
pub(crate) struct Connection {
    pub(crate) socket: Shared,
    slot: u32,
    stage: Stage,
    rx: RxBuffer,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It waits for news.
    Wait,
    /// There is more to do, when others had their turn.
    Again,
    /// The other side proved itself to be the node it should be.
    Proved,
    /// It is closed.
    Close,
}

/// Admission, as the engine sees it.
struct Gate(&'static Engine);

impl Admission for Gate {
    fn admit(&self, peer: hello::Peer, channel: Channel) -> Result<(), Reason> {
        let node = peer.instance.node;
        if !self.0.roster().contains(node) {
            return Err(Reason::NotInRoster);
        }
        let known = self.0.peer(node).ok_or(Reason::DuplicateNode)?;
        known.judge(peer, channel)
    }
}

impl Connection {
    /// May sleep.
    pub(crate) fn new(socket: Stream, slot: u32, stage: Stage) -> Result<Self> {
        Ok(Self {
            socket: Shared::new(socket, GFP_KERNEL)?,
            slot,
            stage,
            rx: RxBuffer::new()?,
        })
    }

    /// Looks after it.
    pub(crate) fn drive(&mut self, engine: &'static Engine) -> Next {
        let news = self.socket.news();
        if let Stage::Dialling { node, channel } = self.stage {
            match self.socket.state() {
                State::Connecting => return Next::Wait,
                State::Open => return self.greet(engine, node, channel),
                State::Closed => return Next::Close,
            }
        }
        if news.writable() {
            self.flush();
        }
        if let Stage::Bulk(bulk) = &mut self.stage {
            return bulk.receive(engine, &self.socket);
        }
        for _ in 0..ROUND {
            match self.take_frames(engine) {
                Next::Wait => (),
                next => return next,
            }
            let count = self.wanted();
            match self.rx.fill(&self.socket, count) {
                Filled::More => (),
                Filled::Nothing => return Next::Wait,
                Filled::Ended => return Next::Close,
            }
        }
        Next::Again
    }

    /// Bytes to receive at most. In a handshake nothing is received beyond it: what
    /// follows belongs to who comes next.
    fn wanted(&mut self) -> usize {
        match self.stage {
            Stage::Greeting(..) => {
                let used = self.rx.used();
                handshake_length(used).saturating_sub(used.len())
            }
            Stage::Dialling { .. } | Stage::Control(_) | Stage::Bulk(_) => usize::MAX,
        }
    }

    fn flush(&self) {
        match &self.stage {
            Stage::Dialling { .. } | Stage::Greeting(..) => (),
            Stage::Control(control) => {
                let peer = control.peer;
                peer.with_life(control.generation, |life| life.flush());
            }
            Stage::Bulk(bulk) => bulk.flush(),
        }
    }

    /// Says hello on a connection that was made.
    fn greet(&mut self, engine: &'static Engine, node: NodeId, channel: Channel) -> Next {
        let (handshake, hello) = Handshake::dial(&engine.local(), channel, node, random::bytes());
        self.stage = Stage::Greeting(handshake, node);
        match self.send(&hello) {
            true => Next::Again,
            false => Next::Close,
        }
    }

    /// Sends a message of the handshake; a new connection has room for it.
    fn send(&self, message: &Message) -> bool {
        let bytes = message.as_bytes();
        let sent = self.socket.send(bytes, More::Nothing);
        sent == Ok(bytes.len())
    }

    /// Acts on all frames that are there.
    fn take_frames(&mut self, engine: &'static Engine) -> Next {
        loop {
            let next = match &mut self.stage {
                Stage::Dialling { .. } | Stage::Bulk(_) => return Next::Wait,
                Stage::Greeting(handshake, node) => {
                    let Some(frame) = handshake_frame(self.rx.used()) else {
                        return Next::Wait;
                    };
                    let local = engine.local();
                    let step = handshake.step(&local, frame, &KernelHmac, &Gate(engine));
                    let (length, node) = (frame.len(), *node);
                    self.rx.take(length);
                    self.on_step(engine, node, step)
                }
                Stage::Control(control) => match control.take_frame(engine, &mut self.rx) {
                    Some(true) => continue,
                    None => return Next::Wait,
                    Some(false) => Next::Close,
                },
            };
            if next != Next::Wait {
                return next;
            }
        }
    }

    fn on_step(&mut self, engine: &'static Engine, node: NodeId, step: Step) -> Next {
        match step {
            Step::Send(message) => match self.send(&message) {
                true => Next::Wait,
                false => Next::Close,
            },
            Step::Refused(message, refusal) => {
                if let Some(message) = message {
                    self.send(&message);
                }
                report(engine, node, &refusal);
                Next::Close
            }
            Step::Established(message, established) => {
                if !message.map_or(true, |message| self.send(&message)) {
                    return Next::Close;
                }
                match self.establish(engine, established) {
                    Ok(()) => Next::Proved,
                    Err(_) => Next::Close,
                }
            }
        }
    }

    fn establish(&mut self, engine: &'static Engine, made: Established) -> Result {
        let node = made.peer.instance.node;
        let peer = engine.peer(node).ok_or(EINVAL)?;
        let seal = Seal::new(made.mode, made.rx_key.0);
        let tx_seal = Seal::new(made.mode, made.tx_key.0);
        let socket = self.socket.clone();
        match made.channel {
            Channel::Control => {
                let link = Link::new(socket, self.slot, tx_seal)?;
                let began = peer.connect(made.peer, link).map_err(|_| EINVAL)?;
                self.stage = Stage::Control(Control {
                    peer,
                    slot: self.slot,
                    generation: began.generation,
                    seal,
                    was_useful: false,
                });
                if let Some(earlier) = began.unlinked {
                    engine.membership.unlinked(earlier);
                }
                engine.membership.linked(made.peer.instance);
            }
            Channel::Bulk => {
                let link = BulkLink::new(socket, self.slot, tx_seal)?;
                let bulk = BulkRx::new(peer, self.slot, seal)?;
                let generation = peer.connect_pages(made.peer, link).ok_or(EINVAL)?;
                self.stage = Stage::Bulk(bulk.of(generation));
            }
        }
        trace::link(node.get(), made.channel.code(), true);
        Ok(())
    }

    /// Whether something got through that a reset connection would bring again. If
    /// not, the next may fare no better.
    pub(crate) fn was_useful(&self) -> bool {
        match &self.stage {
            Stage::Dialling { .. } | Stage::Greeting(..) => false,
            Stage::Control(control) => control.was_useful,
            Stage::Bulk(bulk) => bulk.was_useful,
        }
    }

    /// Tells who has to know that it is over.
    pub(crate) fn end(self, engine: &'static Engine) {
        match self.stage {
            Stage::Dialling { .. } | Stage::Greeting(..) => (),
            Stage::Control(control) => {
                self.socket.abort();
                trace::link(control.peer.node.get(), Channel::Control.code(), false);
                let lost = control.peer.disconnect(control.generation, self.slot);
                if let Some(peer) = lost {
                    engine.membership.unlinked(peer);
                }
            }
            Stage::Bulk(bulk) => {
                self.socket.abort();
                trace::link(bulk.peer.node.get(), Channel::Bulk.code(), false);
                bulk.peer.disconnect_pages(bulk.generation, self.slot);
            }
        }
    }
}

impl Control {
    /// Acts on the next frame; `None` when it is not all there, `Some(false)` when
    /// the connection must end.
    fn take_frame(&mut self, engine: &'static Engine, rx: &mut RxBuffer) -> Option<bool> {
        let used = rx.used();
        let head = used.first_chunk::<HEADER_BYTES>()?;
        let header = match Header::parse(head) {
            Ok(header) => header,
            Err(why) => return Some(fault(self.peer, &why)),
        };
        let payload = usize::try_from(header.length).ok()?;
        let length = HEADER_BYTES + payload + self.seal.mode().tag_bytes();
        if length > crate::rx::FRAME_BYTES_MAX {
            return Some(fault(self.peer, &"a frame of pages"));
        }
        let frame = used.get_mut(..length)?;
        if !self.seal.open(frame, HEADER_BYTES) {
            return Some(fault(self.peer, &"a frame that is not genuine"));
        }
        let bytes = u64::try_from(length).unwrap_or(0);
        self.peer.counters.bytes_received.add(bytes);
        let payload = frame.get(HEADER_BYTES..HEADER_BYTES + payload)?;
        let goes_on = self.act(engine, &header, payload);
        rx.take(length);
        Some(goes_on)
    }

    /// Whether the connection goes on.
    fn act(&mut self, engine: &'static Engine, header: &Header, payload: &[u8]) -> bool {
        let now = Instant(clock::monotonic());
        let peer = self.peer;
        let done = peer.with_life(self.generation, |life| {
            let link = life.link.as_ref();
            if link.map_or(true, |link| link.slot != self.slot) {
                return Err(Wrong::Replaced);
            }
            if header.kind == Kind::Request {
                // Not taken in, it is sent again on the next connection.
                life.reserve_reply().map_err(|_| Wrong::NoRoom)?;
            }
            let verdict = life.receive(header, now).map_err(Wrong::Session)?;
            let todo = match (verdict, header.kind) {
                (Verdict::Bare | Verdict::Duplicate, _) => None,
                (Verdict::Deliver, Kind::Request) => life.on_request(peer, header, payload)?,
                (Verdict::Deliver, Kind::Reply) => {
                    life.on_reply(header, payload)?;
                    None
                }
                (Verdict::Deliver, Kind::Cancel) => life.on_cancel(header),
                (Verdict::Deliver, _) => None,
            };
            // The first frame lets what waited go out; acknowledgements make room.
            life.pump();
            life.flush_waiting();
            Ok((verdict, todo, life.instance))
        });
        match done {
            // The session is over, or goes on with another connection.
            None | Some(Err(Wrong::Replaced)) => false,
            Some(Err(Wrong::Session(why))) => fault(peer, &why),
            Some(Err(Wrong::Payload)) => fault(peer, &"a payload that is none"),
            Some(Err(Wrong::NoRoom)) => fault(peer, &"no memory for a request"),
            Some(Ok((verdict, todo, from))) => {
                self.was_useful |= verdict == Verdict::Deliver;
                if let Some(todo) = todo {
                    engine.run_todo(peer, self.generation, todo);
                } else if verdict == Verdict::Deliver && header.kind == Kind::Membership {
                    engine.membership.message(from, payload);
                }
                true
            }
        }
    }
}

/// Why a frame that is genuine is not acted on.
enum Wrong {
    Session(ssi_core::ics::session::Fault),
    Payload,
    NoRoom,
    Replaced,
}

impl From<Malformed> for Wrong {
    fn from(_: Malformed) -> Self {
        Self::Payload
    }
}

/// Says that a connection ends because of what came on it. Gives `false`.
pub(crate) fn fault(peer: &Peer, why: &dyn core::fmt::Debug) -> bool {
    peer.counters.faults.count();
    if let Some(left_out) = log::may_print() {
        pr_warn!(
            "node {}: connection reset: {:?}{}\n",
            Plain(peer.node),
            why,
            left_out
        );
    }
    false
}

/// Counts and logs a refusal.
fn report(engine: &Engine, node: NodeId, refusal: &Refusal) {
    let (counters, is_ours) = match refusal.by {
        Party::Us => (&engine.counters.refused, true),
        Party::Peer => (&engine.counters.refused_by_peer, false),
    };
    counters.count(refusal.reason);
    trace::refusal(node.get(), refusal.reason.code(), is_ours);
    if let Some(left_out) = log::may_print() {
        pr_warn!(
            "{}, at the address of node {}{}\n",
            Plain(refusal),
            Plain(node),
            left_out
        );
    }
}

/// The first frame of a handshake, if it is all there; too long a one is cut off,
/// so that it is refused.
fn handshake_frame(used: &[u8]) -> Option<&[u8]> {
    used.get(..handshake_length(used))
        .filter(|frame| frame.len() >= HEADER_BYTES)
}

/// Length of the first frame of a handshake, as far as it is known.
fn handshake_length(used: &[u8]) -> usize {
    let header = used.first_chunk::<HEADER_BYTES>().map(Header::parse);
    let payload = match header {
        Some(Ok(header)) if header.length <= HANDSHAKE_PAYLOAD_BYTES_MAX => header.length,
        Some(_) | None => 0,
    };
    HEADER_BYTES + usize::try_from(payload).unwrap_or(0)
}
