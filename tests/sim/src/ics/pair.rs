// SPDX-License-Identifier: GPL-2.0

//! What two lives have between them.
//!
//! The session with its kept frames, the calls of both, their credit and their
//! transfers.

use std::collections::{BTreeMap, VecDeque};

use ssi_core::{
    ics::{
        bulk::Outgoing,
        call::{CallId, CALLS_MAX},
        credit::{Quota, Window},
        frame::{Flags, Header, Kind},
        handshake::{Channel, Peer},
        payload::ServiceId,
        priority::Priority,
        session::{
            Class, Full, Session, Verdict, ANSWER_FRAMES_MAX, CALL_BYTES_MAX, CALL_FRAMES_MAX,
            MEMBERSHIP_FRAMES_MAX,
        },
        table::{PeerSlot, PeerTable, Slot, Table},
    },
    ids::NodeId,
    time::Instant,
};

use super::{
    client::{ClientCall, Token},
    history::Event,
    node::{Ctx, Node},
    server::ServerCall,
};

/// A service at a level: what has credit of its own.
pub type Counter = (ServiceId, Priority);

/// A transfer: of which call, and whether of its reply.
pub type TransferId = (CallId, bool);

pub struct Pair {
    pub peer: Peer,
    pub session: Session,
    kept: VecDeque<Kept>,
    pub calls: Table<ClientCall, Vec<Slot<ClientCall>>>,
    pub served: PeerTable<ServerCall, Vec<PeerSlot<ServerCall>>>,
    pub windows: BTreeMap<Counter, ClientWindow>,
    pub quotas: BTreeMap<Counter, Quota>,
    /// Requests to be issued again that the session had no room for.
    pub backlog: VecDeque<CallId>,
    pub outgoing: BTreeMap<TransferId, Sent>,
    /// Bytes of transfers that are arriving.
    pub arriving: u64,
    /// Whether there ever was a transfer: then the bulk connection is kept up,
    /// for a lost note can leave pages waiting at the side that does not dial.
    pub uses_bulk: bool,
    messages_sent: u64,
    messages_got: u64,
}

#[derive(Default)]
pub struct ClientWindow {
    pub window: Window,
    pub waiting: VecDeque<CallId>,
}

/// A transfer and whose bytes it carries.
pub struct Sent {
    pub transfer: Outgoing,
    pub token: Token,
}

struct Kept {
    seq: u64,
    class: Class,
    header: Header,
    payload: Vec<u8>,
}

impl Pair {
    pub fn new(peer: Peer) -> Self {
        Self {
            peer,
            session: Session::new(),
            kept: VecDeque::new(),
            calls: Table::new(Vec::new()),
            served: PeerTable::new(Vec::new()),
            windows: BTreeMap::new(),
            quotas: BTreeMap::new(),
            backlog: VecDeque::new(),
            outgoing: BTreeMap::new(),
            arriving: 0,
            uses_bulk: false,
            messages_sent: 0,
            messages_got: 0,
        }
    }

    /// Gives a frame to the session, which sends it when it can.
    pub fn keep(&mut self, header: Header, payload: Vec<u8>) -> Result<(), Full> {
        let class = Class::of(header.kind).ok_or(Full)?;
        let seq = self.session.reserve(class, bytes(&payload))?;
        self.kept.push_back(Kept {
            seq,
            class,
            header: Header {
                seq,
                length: payload.len() as u32,
                ..header
            },
            payload,
        });
        Ok(())
    }

    pub fn has_room(&self, payload: usize) -> bool {
        let bytes = 40 + payload as u64;
        self.session.has_room(Class::Call, bytes)
    }

    pub fn next_control_frame(
        &mut self,
        has_begun: &mut bool,
        now: Instant,
    ) -> Option<(Header, Vec<u8>)> {
        if !*has_begun {
            *has_begun = true;
            return Some((self.bare_ack(), Vec::new()));
        }
        if let Some(seq) = self.session.next_to_send() {
            self.session.sent(seq);
            let first = self.kept.front()?.seq;
            let kept = self.kept.get((seq - first) as usize)?;
            assert_eq!(
                kept.seq, seq,
                "the session asks for a frame that was dropped"
            );
            let mut header = kept.header;
            let payload = kept.payload.clone();
            header.ack = self.session.ack();
            return Some((header, payload));
        }
        let is_due = self.session.ack_due().is_some_and(|due| due <= now);
        is_due.then(|| (self.bare_ack(), Vec::new()))
    }

    fn bare_ack(&mut self) -> Header {
        Header {
            ack: self.session.ack(),
            ..Header::of(Kind::Ack)
        }
    }

    fn release(&mut self, acked: u64) {
        while self.kept.front().is_some_and(|kept| kept.seq <= acked) {
            if let Some(kept) = self.kept.pop_front() {
                self.session.release(kept.class, bytes(&kept.payload));
            }
        }
    }

    pub fn has_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    pub fn wants_bulk(&self) -> bool {
        self.uses_bulk
    }

    pub fn bulk_broken(&mut self) {
        for sent in self.outgoing.values_mut() {
            sent.transfer.broken();
        }
    }
}

fn bytes(payload: &[u8]) -> u64 {
    40 + payload.len() as u64
}

impl Node {
    /// Takes in a frame of the control connection. An error resets it.
    pub fn take_control(
        &mut self,
        peer: NodeId,
        header: &Header,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let now = ctx.now();
        let pair = self.pair(peer).ok_or("a frame without a session")?;
        let before = pair.session.next_to_send();
        let receipt = pair
            .session
            .receive(header, now)
            .map_err(|fault| format!("{fault:?}"))?;
        pair.release(receipt.acked);
        let has_resumed = before.is_none() && pair.session.next_to_send().is_some();
        if receipt.verdict == Verdict::Deliver {
            self.deliver(peer, header, payload, ctx)?;
        }
        self.issue_waiting(peer, ctx);
        if has_resumed {
            self.flush(peer, Channel::Control, ctx);
        }
        self.gauges(peer, ctx);
        Ok(())
    }

    fn deliver(
        &mut self,
        peer: NodeId,
        header: &Header,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        match header.kind {
            Kind::Membership => self.take_message(peer, payload, ctx),
            Kind::Request => self.take_request(peer, header, payload, ctx),
            Kind::Reply => self.take_reply(peer, header, payload, ctx),
            Kind::Cancel => self.take_cancel(peer, header, ctx),
            other => Err(format!("a {} was to be delivered", other.name())),
        }
    }

    /// Sends a message of the membership: the next number of the pair.
    pub fn send_message(&mut self, peer: NodeId, ctx: &mut Ctx<'_>) {
        let me = self.me;
        let Some(pair) = self.pair(peer) else {
            return;
        };
        let number = pair.messages_sent + 1;
        let payload = number.to_le_bytes().to_vec();
        if pair.keep(Header::of(Kind::Membership), payload).is_ok() {
            pair.messages_sent = number;
            let to = pair.peer.instance;
            ctx.tell(Event::MessageSent(me, to, number));
            self.flush(peer, Channel::Control, ctx);
        }
    }

    fn take_message(
        &mut self,
        peer: NodeId,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let me = self.me;
        let pair = self.pair(peer).ok_or("a message without a session")?;
        let number = payload.try_into().map(u64::from_le_bytes);
        let number = number.map_err(|_| "a message of another length")?;
        pair.messages_got += 1;
        let from = pair.peer.instance;
        ctx.tell(Event::MessageDelivered(from, me, number));
        Ok(())
    }

    pub fn gauges(&mut self, peer: NodeId, ctx: &mut Ctx<'_>) {
        let me = self.me;
        let arriving_max = ctx.scenario.arriving_bytes_max;
        let Some(pair) = self.pair(peer) else {
            return;
        };
        let [calls, answers, messages] =
            [Class::Call, Class::Answer, Class::Membership].map(|class| pair.session.kept(class));
        let kept = pair.kept.len() as u64;
        let all = u64::from(calls.frames + answers.frames + messages.frames);
        let numbers = [
            ("kept requests", calls.frames.into(), CALL_FRAMES_MAX.into()),
            ("bytes of kept requests", calls.bytes, CALL_BYTES_MAX),
            (
                "kept answers",
                answers.frames.into(),
                ANSWER_FRAMES_MAX.into(),
            ),
            (
                "kept messages",
                messages.frames.into(),
                MEMBERSHIP_FRAMES_MAX.into(),
            ),
            ("kept frames nobody counts", kept.abs_diff(all), 0),
            ("calls", pair.calls.len() as u64, CALLS_MAX.into()),
            (
                "requests served",
                pair.served.len() as u64,
                CALLS_MAX.into(),
            ),
            ("bytes arriving", pair.arriving, arriving_max),
        ];
        for (what, value, max) in numbers {
            ctx.gauge(me, what, value, max);
        }
    }
}

/// The flags of a frame of a transfer.
pub fn transfer_flags(of_reply: bool) -> Flags {
    if of_reply {
        Flags::OF_REPLY
    } else {
        Flags::NONE
    }
}
