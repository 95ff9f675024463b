// SPDX-License-Identifier: GPL-2.0

//! Session with a life.
//!
//! What the session decides, carried out: frames are kept until the peer has them,
//! put on the connection there is, and put again on the next one. All of it runs
//! under the lock of the peer and never waits for the network.

use core::mem;

use kernel::{
    alloc::AllocError,
    prelude::*,
    sync::Arc, //
};
use ssi_core::{
    ics::{
        call::CallId,
        frame::{
            Flags,
            Header,
            Kind,
            HEADER_BYTES, //
        },
        payload::{
            ReplyHead,
            REPLY_HEAD_BYTES, //
        },
        priority::Priority,
        session::{
            Class,
            Fault,
            Session,
            Verdict,
            ANSWER_FRAMES_MAX, //
        }, //
    },
    ids::{
        Epoch,
        Instance, //
    },
    time::Instant, //
};
use ssi_kapi::trace;

use crate::{
    client::Client,
    counters::PeerCounters,
    link::{
        Link,
        Sent, //
    },
    pending::Pending,
    ring::Ring,
    server::Server,
    transfer::Transfers,
    transport::Streaming, //
};

/// Payload of a kept frame.
pub(crate) enum Payload {
    /// Of the frame alone.
    Own(KVec<u8>),
    /// A reply with nothing but its head, which needs no memory.
    Bare([u8; REPLY_HEAD_BYTES]),
    /// That of a call, which keeps it too.
    Call(Arc<Pending>),
}

impl Payload {
    /// A reply without a body.
    pub(crate) fn bare(head: &ReplyHead) -> Self {
        Self::Bare(head.encode())
    }

    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Bare(head) => head,
            Self::Call(pending) => &pending.payload,
        }
    }
}

/// A numbered frame the peer does not have yet, as far as is known.
struct Kept {
    header: Header,
    class: Class,
    payload: Payload,
    was_sent: bool,
}

impl Kept {
    fn bytes(&self) -> u64 {
        let payload = self.payload.as_slice().len();
        u64::try_from(HEADER_BYTES + payload).unwrap_or(u64::MAX)
    }
}

/// What a frame is made of besides its numbers.
pub(crate) struct Outline {
    pub(crate) kind: Kind,
    pub(crate) flags: Flags,
    pub(crate) priority: Priority,
    pub(crate) epoch: Epoch,
    pub(crate) call: Option<CallId>,
}

/// The frame could not be kept: its class has no room, or there is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl From<AllocError> for NoRoom {
    fn from(_: AllocError) -> Self {
        Self
    }
}

/// A session with one life of a peer.
pub(crate) struct Life {
    /// Whom with.
    pub(crate) instance: Instance,
    /// Tells sessions with one peer apart.
    pub(crate) generation: u64,
    /// Epoch of this node, as far as this session was told.
    pub(crate) epoch: Epoch,
    session: Session,
    /// Frames from the number behind the last acknowledged one on. There are spare
    /// places for the replies to all requests that were not answered.
    kept: Ring<Kept>,
    /// Number of the first of them.
    first_kept: u64,
    /// Up to which place the requests were told of the epoch there is now, while
    /// not all were.
    pub(crate) told: Option<usize>,
    /// One that ended before, when this one has.
    pub(crate) earlier: Option<KBox<Life>>,
    /// A bare Ack must leave before anything else.
    owes_ack: bool,
    pub(crate) link: Option<Link>,
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) transfers: Transfers,
    pub(crate) counters: Arc<PeerCounters>,
}

impl Life {
    pub(crate) fn new(
        instance: Instance,
        generation: u64,
        epoch: Epoch,
        counters: Arc<PeerCounters>,
    ) -> Self {
        Self {
            instance,
            generation,
            epoch,
            session: Session::new(),
            kept: Ring::new(),
            first_kept: 1,
            told: None,
            earlier: None,
            owes_ack: false,
            link: None,
            client: Client::new(),
            server: Server::new(),
            transfers: Transfers::new(),
            counters,
        }
    }

    /// Takes a new control connection into use and sends what waits for one.
    /// Gives back the one it replaces.
    pub(crate) fn connect(&mut self, link: Link) -> Option<Link> {
        let old = self.link.replace(link);
        self.session.connected();
        self.owes_ack = true;
        self.counters.links.count();
        self.flush();
        old
    }

    /// Takes in that the connection is gone.
    pub(crate) fn disconnect(&mut self) -> Option<Link> {
        self.session.disconnected();
        self.link.take()
    }

    /// Closes both connections.
    pub(crate) fn hang_up(&mut self) {
        if let Some(link) = self.disconnect() {
            link.socket.shut_down();
        }
        if let Some(link) = self.disconnect_pages() {
            link.socket.shut_down();
        }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Whether a frame of `class` with `payload` bytes finds a place.
    pub(crate) fn has_room(&self, class: Class, payload: usize) -> bool {
        let bytes = u64::try_from(HEADER_BYTES + payload).unwrap_or(u64::MAX);
        self.session.has_room(class, bytes)
    }

    /// Makes sure that one more request can be replied to, whatever memory there
    /// is then.
    pub(crate) fn reserve_reply(&mut self) -> Result<(), NoRoom> {
        let replies = self.server.len() + 1;
        let kept = self.session.kept(Class::Answer).frames;
        let all = u32::try_from(replies).map_or(u32::MAX, |replies| kept.saturating_add(replies));
        if all > ANSWER_FRAMES_MAX {
            return Err(NoRoom);
        }
        self.kept.reserve(replies).map_err(|_| NoRoom)
    }

    /// Numbers a frame and keeps it; [`flush`](Self::flush) sends it. Leaves the
    /// places for replies alone: the reply to a request that was just taken out of
    /// the table finds one.
    pub(crate) fn queue(
        &mut self,
        class: Class,
        outline: Outline,
        payload: Payload,
    ) -> Result<(), NoRoom> {
        let mut header = Header::of(outline.kind);
        header.flags = outline.flags;
        header.priority = outline.priority;
        header.epoch = outline.epoch;
        header.call = outline.call;
        header.length = u32::try_from(payload.as_slice().len()).map_err(|_| NoRoom)?;
        let mut frame = Kept {
            header,
            class,
            payload,
            was_sent: false,
        };
        let replies = self.server.len();
        self.kept.reserve(replies + 1).map_err(|_| NoRoom)?;
        frame.header.seq = self
            .session
            .reserve(class, frame.bytes())
            .map_err(|_| NoRoom)?;
        self.kept.push(frame);
        Ok(())
    }

    /// Sends what can be sent now.
    pub(crate) fn flush(&mut self) {
        let Some(mut link) = self.link.take() else {
            return;
        };
        loop {
            let has_more = self.fill(&mut link);
            let (bytes, sent) = link.push();
            if sent == Sent::Broken {
                // The reactor is told by the socket and cleans up.
                link.socket.shut_down();
            }
            let bytes = u64::try_from(bytes).unwrap_or(0);
            self.counters.bytes_sent.add(bytes);
            if !has_more || sent != Sent::All {
                break;
            }
        }
        self.link = Some(link);
    }

    /// Sends, if there is anything to be sent.
    pub(crate) fn flush_waiting(&mut self) {
        if self.session.next_to_send().is_some() {
            self.flush();
        }
    }

    /// Lays out as many frames as fit. Whether there are more.
    fn fill(&mut self, link: &mut Link) -> bool {
        if mem::take(&mut self.owes_ack) && !self.put_ack(link) {
            self.owes_ack = true;
            return false;
        }
        while let Some(seq) = self.session.next_to_send() {
            if !link.has_room() {
                return true;
            }
            let ack = self.session.ack();
            let Some(frame) = self.kept.get(self.index(seq)) else {
                return false;
            };
            let header = Header {
                ack,
                ..frame.header
            };
            link.put(&header, frame.payload.as_slice());
            self.note_sent(&header, frame.was_sent);
            self.session.sent(seq);
            self.mark_sent(seq);
        }
        false
    }

    fn put_ack(&mut self, link: &mut Link) -> bool {
        if !link.has_room() {
            return false;
        }
        let header = Header {
            ack: self.session.ack(),
            ..Header::of(Kind::Ack)
        };
        link.put(&header, &[]);
        self.note_sent(&header, false);
        true
    }

    fn index(&self, seq: u64) -> usize {
        usize::try_from(seq.saturating_sub(self.first_kept)).unwrap_or(usize::MAX)
    }

    fn mark_sent(&mut self, seq: u64) {
        let index = self.index(seq);
        if let Some(frame) = self.kept.get_mut(index) {
            frame.was_sent = true;
        }
    }

    fn note_sent(&self, header: &Header, again: bool) {
        self.counters.frames_sent.count();
        let frame = traced(self.instance, header);
        match again {
            true => {
                self.counters.frames_resent.count();
                trace::frame_resent(frame);
            }
            false => trace::frame_sent(frame),
        }
    }

    /// Takes in the header of a frame that was opened: whether to act on it.
    ///
    /// # Errors
    ///
    /// [`Fault`]: the connection must be reset.
    pub(crate) fn receive(&mut self, header: &Header, now: Instant) -> Result<Verdict, Fault> {
        self.counters.frames_received.count();
        trace::frame_received(traced(self.instance, header));
        let receipt = self.session.receive(header, now)?;
        while self.first_kept <= receipt.acked {
            let Some(frame) = self.kept.pop() else {
                break;
            };
            self.session.release(frame.class, frame.bytes());
            self.first_kept += 1;
        }
        if receipt.verdict == Verdict::Duplicate {
            self.counters.duplicates.count();
        }
        Ok(receipt.verdict)
    }

    /// Sends a bare Ack if one is due.
    pub(crate) fn acknowledge(&mut self, now: Instant) {
        if self.session.ack_due().is_some_and(|due| due <= now) {
            self.owes_ack = true;
            self.flush();
        }
    }

    /// Frames the peer does not have yet, as far as is known.
    pub(crate) fn unacked(&self) -> usize {
        self.kept.len()
    }
}

/// A frame for a tracepoint.
pub(crate) fn traced(peer: Instance, header: &Header) -> trace::Frame {
    trace::Frame {
        peer: peer.node.get(),
        kind: header.kind.code(),
        seq: header.seq,
        call: header.call.map_or(0, CallId::get),
        bytes: header.length,
    }
}
