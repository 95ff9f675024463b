// SPDX-License-Identifier: GPL-2.0

//! Transfers, at both ends.

use std::collections::VecDeque;

use ssi_core::{
    ics::{
        bulk::{Incoming, Piece, Told},
        frame::{Flags, Header, Kind},
        handshake::Channel,
        payload::{Arrival, At, ChunkHead, CHUNK_HEAD_BYTES},
        served::Event as ServedEvent,
        table::{Known, NotTaken},
    },
    ids::NodeId,
};

use super::{
    client::{refused, Early, Token},
    hash::pattern,
    history::Event,
    net::ConnId,
    node::{Ctx, Node},
    pair::{transfer_flags, Pair, TransferId},
};

/// What waits to be put on a bulk connection, beside the transfers.
#[derive(Default)]
pub struct BulkLink {
    notes: VecDeque<(TransferId, At)>,
    /// The transfers at this end have been told; the peer waits to hear that.
    owes_end: bool,
    /// Whose piece was sent last: they take turns.
    last: Option<TransferId>,
}

impl Pair {
    pub fn next_bulk_frame(&mut self, link: &mut BulkLink) -> Option<(Header, Vec<u8>)> {
        if let Some(((call, of_reply), note)) = link.notes.pop_front() {
            let payload = note.encode().to_vec();
            let header = transfer_header(Kind::At, (call, of_reply), payload.len());
            return Some((header, payload));
        }
        if std::mem::take(&mut link.owes_end) {
            return Some((Header::of(Kind::AtEnd), Vec::new()));
        }
        let ids: Vec<_> = self.outgoing.keys().copied().collect();
        let (before, behind): (Vec<_>, Vec<_>) =
            ids.into_iter().partition(|id| Some(*id) <= link.last);
        for id in behind.into_iter().chain(before) {
            let sent = self.outgoing.get_mut(&id)?;
            if let Some((head, bytes)) = sent.transfer.next_chunk() {
                sent.transfer.sent(bytes);
                link.last = Some(id);
                let data = (head.offset..head.offset + bytes)
                    .map(|offset| pattern(sent.token, id.1, offset));
                let payload: Vec<u8> = head.encode().into_iter().chain(data).collect();
                let header = transfer_header(Kind::Chunk, id, payload.len());
                return Some((header, payload));
            }
        }
        None
    }
}

fn transfer_header(kind: Kind, (call, of_reply): TransferId, length: usize) -> Header {
    Header {
        flags: transfer_flags(of_reply),
        call: Some(call),
        length: length as u32,
        ..Header::of(kind)
    }
}

impl Node {
    /// A new bulk connection: tells how far all that arrives has come.
    pub fn begin_bulk(&mut self, peer: NodeId, id: ConnId) {
        let Some(pair) = self.pair(peer) else {
            return;
        };
        pair.bulk_broken();
        let mut notes = VecDeque::new();
        let mut place = 0;
        while let Some(call) = pair.served.next_from(place) {
            let incoming = pair.served.get_mut(call).and_then(|call| call.incoming);
            notes.extend(incoming.map(|incoming| ((call, false), incoming.note())));
            place = call.place() + 1;
        }
        let mut place = 0;
        while let Some(call) = pair.calls.next_from(place) {
            let incoming = pair.calls.get(call).and_then(|call| call.incoming);
            notes.extend(incoming.map(|incoming| ((call, true), incoming.note())));
            place = call.place() + 1;
        }
        if let Some(link) = self.bulk_link(id) {
            link.notes = notes;
            link.owes_end = true;
        }
    }

    /// Tells the sender of a transfer something. Lost without a connection: the
    /// next one tells anew what counts then.
    pub fn note(&mut self, peer: NodeId, transfer: TransferId, note: At, ctx: &mut Ctx<'_>) {
        let conn = self.bulk_conn(peer);
        if let Some(link) = conn.and_then(|conn| self.bulk_link(conn)) {
            link.notes.push_back((transfer, note));
            self.flush(peer, Channel::Bulk, ctx);
        }
    }

    pub fn take_bulk(
        &mut self,
        peer: NodeId,
        _conn: ConnId,
        header: &Header,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let of_reply = header.flags.has(Flags::OF_REPLY);
        match (header.kind, header.call) {
            (Kind::At, Some(call)) => self.take_note(peer, (call, of_reply), payload, ctx),
            (Kind::AtEnd, None) => {
                let pair = self.pair(peer).ok_or("a note without a session")?;
                for sent in pair.outgoing.values_mut() {
                    sent.transfer.all_told();
                }
                self.flush(peer, Channel::Bulk, ctx);
                Ok(())
            }
            (Kind::Chunk, Some(call)) => self.take_chunk(peer, (call, of_reply), payload, ctx),
            (kind, _) => Err(format!("a {} on a bulk connection", kind.name())),
        }
    }

    fn take_note(
        &mut self,
        peer: NodeId,
        transfer: TransferId,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let note = At::parse(payload).map_err(|_| "a malformed note")?;
        let pair = self.pair(peer).ok_or("a note without a session")?;
        let Some(sent) = pair.outgoing.get_mut(&transfer) else {
            return Ok(());
        };
        let told = sent.transfer.told(note);
        if told.map_err(|fault| format!("a note {fault:?}"))? == Told::Finished {
            pair.outgoing.remove(&transfer);
        }
        self.flush(peer, Channel::Bulk, ctx);
        Ok(())
    }

    fn take_chunk(
        &mut self,
        peer: NodeId,
        transfer: TransferId,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let length = payload.len() as u32;
        let head = payload
            .first_chunk::<CHUNK_HEAD_BYTES>()
            .ok_or("a chunk without a head")?;
        let (head, _) = ChunkHead::parse(head, length).map_err(|_| "a malformed chunk")?;
        let data = &payload[CHUNK_HEAD_BYTES..];
        match transfer.1 {
            false => self.take_chunk_of_request(peer, transfer, head, data, ctx),
            true => self.take_chunk_of_reply(peer, transfer, head, data, ctx),
        }
    }

    fn take_chunk_of_request(
        &mut self,
        peer: NodeId,
        transfer: TransferId,
        head: ChunkHead,
        data: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let id = transfer.0;
        let pair = self.pair(peer).ok_or("a chunk without a session")?;
        let known = match pair.served.known(id) {
            Err(NotTaken::NoSlot) => {
                pair.add_slots(id);
                pair.served.known(id)
            }
            known => known,
        };
        match known.map_err(|why| format!("a chunk is {why:?}"))? {
            Known::NotYet => self.note(peer, transfer, wait(), ctx),
            Known::Over => self.note(peer, transfer, done(), ctx),
            Known::Open => {
                let Some(call) = pair.served.get_mut(id) else {
                    return Ok(());
                };
                let token = call.token;
                let Some(incoming) = &mut call.incoming else {
                    return Err("a chunk of a request that has no transfer".into());
                };
                if let Some(note) = store(incoming, (token, false), head, data, ctx)? {
                    self.note(peer, transfer, note, ctx);
                    let gathered = ServedEvent::Gathered(self.view.epoch);
                    self.step_served(peer, id, gathered, ctx);
                }
            }
        }
        Ok(())
    }

    fn take_chunk_of_reply(
        &mut self,
        peer: NodeId,
        transfer: TransferId,
        head: ChunkHead,
        data: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let id = transfer.0;
        let arriving_max = ctx.scenario.arriving_bytes_max;
        let pair = self.pair(peer).ok_or("a chunk without a session")?;
        match pair.begin_early_reply(id, head.total, arriving_max) {
            Early::Begun => {}
            Early::TooLong => return Err("a transfer longer than was asked for".into()),
            Early::Over => {
                self.note(peer, transfer, done(), ctx);
                return Ok(());
            }
            Early::NoMemory => {
                self.note(peer, transfer, refused(), ctx);
                return Ok(());
            }
        }
        let Some(call) = pair.calls.get_mut(id) else {
            return Ok(());
        };
        let (token, reply) = (call.token, call.reply);
        let Some(incoming) = &mut call.incoming else {
            return Ok(());
        };
        if let Some(note) = store(incoming, (token, true), head, data, ctx)? {
            self.note(peer, transfer, note, ctx);
            if let Some((status, theirs)) = reply {
                self.replied(peer, id, status, theirs, ctx);
            }
        }
        self.issue_waiting(peer, ctx);
        Ok(())
    }
}

/// Takes in a piece; returns what the sender has to hear once it was the last.
fn store(
    incoming: &mut Incoming,
    (token, of_reply): (Token, bool),
    head: ChunkHead,
    data: &[u8],
    ctx: &mut Ctx<'_>,
) -> Result<Option<At>, String> {
    let piece = incoming
        .take(head, data.len() as u32)
        .map_err(|fault| format!("a chunk: {fault:?}"))?;
    if piece == Piece::Drop {
        return Ok(None);
    }
    let expected = |place: usize| pattern(token, of_reply, head.offset + place as u32);
    let is_right = data
        .iter()
        .enumerate()
        .all(|(place, byte)| *byte == expected(place));
    ctx.tell(Event::Transferred(token, is_right));
    Ok((piece == Piece::Last).then(|| incoming.note()))
}

fn wait() -> At {
    At {
        offset: 0,
        arrival: Arrival::Wait,
    }
}

fn done() -> At {
    At {
        offset: 0,
        arrival: Arrival::Done,
    }
}
