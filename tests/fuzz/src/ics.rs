// SPDX-License-Identifier: GPL-2.0

//! Targets of ICS.

use std::collections::VecDeque;

use ssi_core::{
    ics::{
        beat::{BeatHead, Beats, BEAT_HEAD_BYTES},
        bulk::{Fault, Incoming, Outgoing, Piece, Told},
        call::{self, Call, CallId},
        frame::{Header, Kind, Place, BULK_BYTES_MAX, HEADER_BYTES},
        handshake::{
            Admission, Channel, Established, Handshake, Hello, Hmac, Host, Local, Message, Peer,
            Reason, Received, Step,
        },
        payload::{
            Arrival, At, ChunkHead, ReplyHead, RequestHead, ServiceId, Status, CHUNK_HEAD_BYTES,
        },
        seal::{Key, Mode},
        served::{self, Served, Transfer},
        session::{Class, Session, Verdict},
        table::{First, NoPlace, NotTaken, PeerSlot, PeerTable, Slot, Table},
    },
    ids::{ClusterName, Epoch, Incarnation, Instance, NodeId},
    time::Instant,
};

use crate::input::Input;

/// Stands for HMAC-SHA256: depends on every bit.
struct Toy;

impl Hmac for Toy {
    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        let mut lanes = [1_u64, 2, 3, 4];
        for byte in key.iter().chain(parts.iter().copied().flatten()) {
            for lane in &mut lanes {
                *lane = (*lane ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
                *lane ^= *lane >> 29;
            }
        }
        let mut code = [0; 32];
        for (place, lane) in code.chunks_exact_mut(8).zip(lanes) {
            place.copy_from_slice(&lane.to_le_bytes());
        }
        code
    }
}

struct Open;

impl Admission for Open {
    fn admit(&self, _: Peer, _: Channel) -> Result<(), Reason> {
        Ok(())
    }
}

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a number of a node")
}

fn local(number: u8) -> Local {
    Local {
        peer: Peer {
            instance: Instance::new(node(number), Incarnation(u64::from(number) + 10)),
            boot: u64::from(number),
        },
        cluster: ClusterName::DEFAULT,
        build: [1; 32],
        host: Host {
            fp_bytes: 2,
            features: 3,
        },
        mode: Mode::Mac,
        key: Key([9; 32]),
    }
}

/// Frames of every kind.
pub fn corpus() -> Vec<Vec<u8>> {
    let (_, hello) = Handshake::dial(&local(2), Channel::Control, node(1), [5; 32]);
    let call = CallId::from_wire(0x1_0003);
    let frame = |kind: Kind, call: Option<CallId>, payload: &[u8]| {
        let header = Header {
            length: payload.len() as u32,
            seq: kind.is_sequenced().into(),
            call,
            ..Header::of(kind)
        };
        [&header.encode()[..], payload].concat()
    };
    let request = RequestHead {
        service: ServiceId::of("x"),
        version: 1,
        operation: 2,
        bulk: 3,
        reply_bulk_max: 4,
        inside: 0,
    };
    let reply = ReplyHead {
        status: Status::Answered,
        credits: 1,
        result: -1,
        bulk: 0,
        inside: 1,
    };
    let chunk = ChunkHead {
        offset: 0,
        total: 9,
    };
    let at = At {
        offset: 3,
        arrival: Arrival::More,
    };
    let beat = BeatHead {
        from: local(1).peer.instance,
        to: local(2).peer.instance,
        counter: 7,
    };
    let tag = beat.seal(b"body", &Key([9; 32]), &Toy);
    vec![
        hello.as_bytes().to_vec(),
        Message::proof(&[3; 32]).as_bytes().to_vec(),
        Message::refuse(Reason::WrongKey).as_bytes().to_vec(),
        frame(Kind::Ack, None, &[]),
        frame(Kind::Membership, None, b"message"),
        frame(
            Kind::Request,
            call,
            &[&request.encode()[..], b"args"].concat(),
        ),
        frame(Kind::Reply, call, &[&reply.encode()[..], b"body"].concat()),
        frame(Kind::Cancel, call, &[]),
        frame(Kind::Chunk, call, &[&chunk.encode()[..], b"data"].concat()),
        frame(Kind::At, call, &at.encode()),
        frame(Kind::AtEnd, None, &[]),
        [&beat.encode()[..], b"body", &tag].concat(),
    ]
}

/// Every parser: what is read and written again is what it was.
pub fn parsers(data: &[u8]) {
    if let Some((head, payload)) = data.split_first_chunk::<HEADER_BYTES>() {
        if let Ok(header) = Header::parse(head) {
            assert_eq!(header.encode(), *head);
            let _ = Received::parse(&header, payload);
        }
        payloads(payload);
    }
    payloads(data);
    let me = local(2).peer.instance;
    if let Ok((beat, body)) = BeatHead::open(data, me, &Key([9; 32]), &Toy) {
        assert_eq!(beat.encode(), data[..BEAT_HEAD_BYTES]);
        assert!(data.ends_with(&beat.seal(body, &Key([9; 32]), &Toy)));
        let mut beats = Beats::default();
        assert!(beats.take(&beat).is_ok() && beats.take(&beat).is_err());
    }
}

fn payloads(payload: &[u8]) {
    if let Ok(hello) = Hello::parse(payload) {
        assert_eq!(hello.encode(), payload);
    }
    if let Ok((head, rest)) = RequestHead::parse(payload) {
        assert_eq!(
            [&head.encode()[..], rest.bytes, rest.pages].concat(),
            payload
        );
    }
    if let Ok((head, rest)) = ReplyHead::parse(payload) {
        assert_eq!(
            [&head.encode()[..], rest.bytes, rest.pages].concat(),
            payload
        );
    }
    if let Ok(at) = At::parse(payload) {
        assert_eq!(at.encode(), payload);
        let _ = Outgoing::new(1000).told(at);
    }
    if let Some((head, data)) = payload.split_first_chunk::<CHUNK_HEAD_BYTES>() {
        if let Ok((chunk, bytes)) = ChunkHead::parse(head, payload.len() as u32) {
            assert_eq!((chunk.encode(), bytes as usize), (*head, data.len()));
            assert!(chunk.offset + bytes <= chunk.total && chunk.total <= BULK_BYTES_MAX);
        }
    }
}

/// Two honest nodes with somebody in the middle who has no key: he may drop,
/// change, repeat, reflect and invent. Whoever establishes has the other end's
/// keys, and knows who it is.
pub fn handshake(data: &[u8]) {
    let mut input = Input::new(data);
    let (dialler, listener) = (local(2), local(1));
    let (mut dial, hello) = Handshake::dial(&dialler, Channel::Control, node(1), [1; 32]);
    let mut listen = Handshake::listen(node(2), [2; 32]);
    // The hand in the middle has heard these.
    let mut heard = vec![hello.as_bytes().to_vec()];
    let mut to_listener = VecDeque::from(heard.clone());
    let mut to_dialler = VecDeque::new();
    let (mut at_dialler, mut at_listener) = (None, None);
    for _ in 0..12 {
        let is_to_listener = input.u8() % 2 == 0;
        let queue = if is_to_listener {
            &mut to_listener
        } else {
            &mut to_dialler
        };
        let Some(frame) = interfere(&mut input, queue.pop_front(), &heard) else {
            continue;
        };
        let step = if is_to_listener {
            listen.step(&listener, &frame, &Toy, &Open)
        } else {
            dial.step(&dialler, &frame, &Toy, &Open)
        };
        let (established, answers) = if is_to_listener {
            (&mut at_listener, &mut to_dialler)
        } else {
            (&mut at_dialler, &mut to_listener)
        };
        let message = match step {
            Step::Send(message) => Some(message),
            Step::Established(message, keys) => {
                assert!(established.is_none(), "established twice");
                *established = Some(keys);
                message
            }
            Step::Refused(message, _) => message,
        };
        if let Some(message) = message {
            heard.push(message.as_bytes().to_vec());
            answers.push_back(message.as_bytes().to_vec());
        }
    }
    check_established(at_dialler, at_listener, &dialler, &listener);
}

fn interfere(input: &mut Input<'_>, due: Option<Vec<u8>>, heard: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut frame = match input.u8() % 8 {
        0..=3 => due?,
        4 => heard[usize::from(input.u8()) % heard.len()].clone(),
        5 => {
            let len = usize::from(input.u8());
            input.bytes(len).to_vec()
        }
        6 => return None,
        _ => {
            let mut frame = due?;
            let place = usize::from(input.u8()) % frame.len();
            frame[place] ^= input.u8();
            frame
        }
    };
    if input.u8() % 16 == 0 {
        frame.truncate(input.u8().into());
    }
    Some(frame)
}

fn check_established(
    at_dialler: Option<Established>,
    at_listener: Option<Established>,
    dialler: &Local,
    listener: &Local,
) {
    if let Some(keys) = &at_listener {
        assert_eq!(keys.peer, dialler.peer);
    }
    let Some(keys) = at_dialler else {
        return;
    };
    assert_eq!(keys.peer, listener.peer);
    // The listener proves last, so it is established when the dialler is.
    let other = at_listener.expect("established with nobody");
    assert_eq!(
        (keys.tx_key, keys.rx_key, keys.mode),
        (other.rx_key, other.tx_key, other.mode)
    );
}

/// Two sessions over connections that break, and headers that nobody sent. What
/// one sends the other gets once and in order.
pub fn session(data: &[u8]) {
    let mut input = Input::new(data);
    let mut ends = [End::default(), End::default()];
    // Frames on their way.
    let mut wires: [VecDeque<Header>; 2] = Default::default();
    let mut has_lost = [false; 2];
    let mut stray = Session::new();
    while !input.is_empty() {
        let side = usize::from(input.u8() % 2);
        match input.u8() % 8 {
            0 => ends[side].make(&mut input),
            1 | 2 => ends[side].send(&mut wires[side]),
            3 | 4 => {
                let Some(header) = wires[1 - side].pop_front() else {
                    continue;
                };
                let is_whole = ends[side].receive(&header);
                assert!(is_whole || has_lost[1 - side], "an honest peer is at fault");
                if !is_whole {
                    has_lost = [false; 2];
                    reconnect(&mut ends, &mut wires);
                }
            }
            5 if input.u8() % 2 == 0 => {
                has_lost = [false; 2];
                reconnect(&mut ends, &mut wires);
            }
            // No TCP loses a frame; a session notices if one does.
            5 => has_lost[side] |= wires[side].pop_front().is_some(),
            6 => ends[side].session.disconnected(),
            _ => strange(&mut stray, &mut input),
        }
    }
    for (side, end) in ends.iter().enumerate() {
        assert!(end.got <= ends[1 - side].made);
    }
}

fn reconnect(ends: &mut [End; 2], wires: &mut [VecDeque<Header>; 2]) {
    for (end, wire) in ends.iter_mut().zip(wires) {
        wire.clear();
        end.connect(wire);
    }
}

#[derive(Default)]
struct End {
    session: Session,
    kept: VecDeque<(u64, Class)>,
    made: u64,
    got: u64,
}

impl End {
    fn make(&mut self, input: &mut Input<'_>) {
        let class = [Class::Call, Class::Answer, Class::Membership][usize::from(input.u8() % 3)];
        if let Ok(seq) = self.session.reserve(class, 40) {
            self.made += 1;
            assert_eq!(seq, self.made);
            self.kept.push_back((seq, class));
        }
    }

    fn send(&mut self, wire: &mut VecDeque<Header>) {
        let Some(seq) = self.session.next_to_send() else {
            return;
        };
        assert!(
            self.kept.iter().any(|(kept, _)| *kept == seq),
            "{seq} was dropped"
        );
        self.session.sent(seq);
        wire.push_back(Header {
            seq,
            ack: self.session.ack(),
            ..Header::of(Kind::Membership)
        });
    }

    fn connect(&mut self, wire: &mut VecDeque<Header>) {
        self.session.disconnected();
        self.session.connected();
        wire.push_back(Header {
            ack: self.session.ack(),
            ..Header::of(Kind::Ack)
        });
    }

    /// Whether nothing was wrong with it.
    fn receive(&mut self, header: &Header) -> bool {
        if !self.session.is_connected() {
            return true;
        }
        let Ok(receipt) = self.session.receive(header, Instant(1)) else {
            return false;
        };
        while self
            .kept
            .front()
            .is_some_and(|(seq, _)| *seq <= receipt.acked)
        {
            if let Some((_, class)) = self.kept.pop_front() {
                self.session.release(class, 40);
            }
        }
        if receipt.verdict == Verdict::Deliver {
            self.got += 1;
            assert_eq!(self.got, header.seq);
        }
        let kept: u32 = [Class::Call, Class::Answer, Class::Membership]
            .map(|class| self.session.kept(class).frames)
            .iter()
            .sum();
        assert_eq!(kept as usize, self.kept.len());
        true
    }
}

/// Anything may come; what is acknowledged is never more than was made.
fn strange(session: &mut Session, input: &mut Input<'_>) {
    match input.u8() % 4 {
        0 => session.connected(),
        1 => session.disconnected(),
        2 => drop(session.reserve(Class::Call, input.near(1 << 20))),
        _ => {
            let kind = Kind::ALL[usize::from(input.u8()) % Kind::ALL.len()];
            let header = Header {
                seq: input.near(1),
                ack: input.near(1),
                ..Header::of(kind)
            };
            let made = session.kept(Class::Call).frames;
            if let Ok(receipt) = session.receive(&header, Instant(input.u64())) {
                assert!(kind.place() == Place::Control && receipt.acked <= u64::from(made));
            }
            let _ = (session.ack_due(), session.ack());
        }
    }
}

/// Both sides of a call and their tables under any events.
pub fn calls(data: &[u8]) {
    let mut input = Input::new(data);
    match input.u8() % 3 {
        0 => client_call(&mut input),
        1 => server_call(&mut input),
        _ => tables(&mut input),
    }
}

fn client_call(input: &mut Input<'_>) {
    let mut call = Call::new();
    let (mut ends, mut mine) = (0, 1_u32);
    while !input.is_empty() {
        mine = mine.saturating_add(u32::from(input.u8() % 2));
        let event = match input.u8() % 5 {
            0 => call::Event::Credit(Epoch(mine)),
            1 => call::Event::Reply {
                status: Status::ALL[usize::from(input.u8()) % Status::ALL.len()],
                theirs: Epoch(input.near(mine.into()) as u32),
                mine: Epoch(mine),
            },
            2 => call::Event::Cancel,
            3 => call::Event::View(Epoch(mine)),
            _ => call::Event::Down,
        };
        let was_done = call == Call::Done;
        let action = call.step(event);
        if was_done {
            assert_eq!((call, action), (Call::Done, call::Action::Reject));
        }
        match action {
            call::Action::Finish(..) => {
                ends += 1;
                assert_eq!((call, ends), (Call::Done, 1));
            }
            call::Action::Issue(epoch) | call::Action::Reissue(epoch) => {
                assert_eq!(epoch, Epoch(mine));
            }
            call::Action::Nothing | call::Action::SendCancel | call::Action::Reject => {}
        }
    }
}

fn server_call(input: &mut Input<'_>) {
    let request = Epoch(u32::from(input.u8() % 4));
    let mut mine = u32::from(input.u8() % 4);
    let transfer = match input.u8() % 2 {
        0 => Transfer::None,
        _ => Transfer::Expected,
    };
    let (mut served, mut action) = Served::arrived(request, Epoch(mine), transfer);
    let (mut runs, mut ends) = (0, 0);
    loop {
        match action {
            served::Action::Run => {
                runs += 1;
                assert!(request == Epoch(mine) && mine > 0, "ran in a gone epoch");
            }
            served::Action::Reply(_) => {
                ends += 1;
                assert_eq!((served, runs), (Served::Done, 0));
            }
            served::Action::Answer | served::Action::Discard => ends += 1,
            served::Action::Nothing
            | served::Action::Queue
            | served::Action::TellHandler
            | served::Action::Reject => {}
        }
        assert!(runs <= 1 && ends <= 1 && (ends == 0 || served == Served::Done));
        if input.is_empty() {
            return;
        }
        mine += u32::from(input.u8() % 8 == 0);
        action = served.step(match input.u8() % 7 {
            0 => served::Event::Gathered(Epoch(mine)),
            1 => served::Event::NoMemory,
            2 => served::Event::View(Epoch(mine)),
            3 => served::Event::Start(Epoch(mine)),
            4 => served::Event::Cancel,
            5 => served::Event::Answer,
            _ => served::Event::Down,
        });
    }
}

/// A client's table, and a server's under the client's names and any other.
fn tables(input: &mut Input<'_>) {
    let mut table = Table::new((0..3).map(|_| Slot::new()).collect::<Vec<_>>());
    let slots = (0..4).map(|_| PeerSlot::new()).collect::<Vec<_>>();
    let mut peer = PeerTable::new(slots);
    let (mut open, mut known): (Vec<CallId>, Vec<CallId>) = Default::default();
    let (mut served, mut taken): (Vec<CallId>, usize) = Default::default();
    while !input.is_empty() {
        let chosen = usize::from(input.u8());
        match input.u8() % 6 {
            0 => match table.insert(()) {
                Ok(id) => {
                    assert!(!known.contains(&id), "a name came twice");
                    known.push(id);
                    open.push(id);
                }
                Err(NoPlace(())) => assert_eq!(open.len(), table.capacity()),
            },
            1 if !open.is_empty() => {
                let id = open.swap_remove(chosen % open.len());
                assert_eq!((table.remove(id), table.remove(id)), (Some(()), None));
            }
            2 if !open.is_empty() => {
                let place = chosen % open.len();
                let id = table.rename(open[place]).expect("an open call");
                assert!(!known.contains(&id), "a name came twice");
                known.push(id);
                open[place] = id;
            }
            3 => {
                // Mostly names there are: a name there was must not be taken.
                let near = known.get(chosen % known.len().max(1));
                let near = near.map_or(1, |id| id.get());
                let Some(id) = CallId::from_wire(input.near(near)) else {
                    continue;
                };
                match peer.open(id, ()) {
                    Ok(First::Yes | First::No) => {
                        assert!(!served.contains(&id), "a name was taken twice");
                        served.push(id);
                        taken += 1;
                    }
                    Err((NotTaken::Repeated | NotTaken::Beyond | NotTaken::NoSlot, ())) => {}
                }
                let _ = peer.known(id);
            }
            4 => {
                if let Some(id) = peer.next_from(chosen % 8) {
                    assert_eq!((peer.close(id), peer.close(id)), (Some(()), None));
                    taken -= 1;
                }
            }
            _ => table.slots_mut().push(Slot::new()),
        }
        assert_eq!((table.len(), peer.len()), (open.len(), taken));
    }
}

/// Both ends of a transfer: the honest two over a connection that breaks, and a
/// receiver of anything.
pub fn bulk(data: &[u8]) {
    let mut input = Input::new(data);
    let total = input.u32() % BULK_BYTES_MAX + 1;
    let mut outgoing = Outgoing::new(total);
    let mut incoming = Incoming::new(total, First::Yes);
    let mut wire: VecDeque<(ChunkHead, u32)> = VecDeque::new();
    let mut stray = Incoming::new(total, First::No);
    while !input.is_empty() {
        match input.u8() % 5 {
            0 | 1 => {
                if let Some((head, bytes)) = outgoing.next_chunk() {
                    assert!(bytes > 0 && head.offset + bytes <= total);
                    outgoing.sent(bytes);
                    wire.push_back((head, bytes));
                }
            }
            2 => {
                let Some((head, bytes)) = wire.pop_front() else {
                    continue;
                };
                if head.offset > incoming.note().offset {
                    assert_eq!(incoming.take(head, bytes), Err(Fault::Gap));
                    continue;
                }
                match incoming.take(head, bytes).expect("an honest sender") {
                    Piece::Last => {
                        assert!(incoming.is_complete());
                        assert_eq!(outgoing.told(incoming.note()), Ok(Told::Finished));
                        return;
                    }
                    Piece::Store | Piece::Drop => {}
                }
            }
            3 if input.u8() % 4 == 0 => drop(wire.pop_front()),
            3 => {
                wire.clear();
                outgoing.broken();
                let knows = input.u8() % 2 == 0 || incoming.note().offset > 0;
                if knows {
                    assert!(outgoing.told(incoming.note()).is_ok());
                }
                outgoing.all_told();
            }
            _ => {
                let head = ChunkHead {
                    offset: input.near(stray.note().offset.into()) as u32,
                    total: if input.u8() % 8 == 0 { 1 } else { total },
                };
                let _ = stray.take(head, input.near(100) as u32);
                assert!(stray.note().offset <= total);
                let arrival = Arrival::from_code(input.u8() % 4).expect("a code");
                let note = At {
                    offset: input.near(total.into()) as u32,
                    arrival,
                };
                let _ = { outgoing }.told(note);
            }
        }
    }
}
