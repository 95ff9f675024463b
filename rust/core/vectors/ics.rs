// SPDX-License-Identifier: GPL-2.0

//! Golden vectors of ICS.
//!
//! The bytes were made by another program from the tables in the documentation.
//! Those that need HMAC-SHA256 are checked with the hash that is handed in.

use crate::{
    ics::{
        beat::{
            beat_key,
            BeatHead, //
        },
        call::CallId,
        frame::{
            Flags,
            Header,
            Kind,
            HEADER_BYTES, //
        },
        handshake::{
            Admission,
            Channel,
            Established,
            Handshake,
            Hello,
            Hmac,
            Host,
            Local,
            Message,
            Peer,
            Reason,
            Step, //
        },
        payload::{
            Arrival,
            At,
            ChunkHead,
            ReplyHead,
            RequestHead,
            Rest,
            ServiceId,
            Status, //
        },
        priority::Priority,
        seal::{
            Key,
            Mode, //
        },
    },
    ids::{
        ClusterName,
        Epoch,
        Incarnation,
        Instance,
        NodeId,
        NodeNumber, //
    },
};

const REQUEST_HEADER: [u8; 40] = [
    0x53, 0x53, 0x49, 0xf5, 0x01, 0x06, 0x01, 0x02, 0x1b, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00,
    0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x05, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00,
];
const REQUEST_HEAD: [u8; 24] = [
    0xf4, 0xb9, 0xe5, 0x84, 0x1a, 0x33, 0x76, 0xc8, 0x01, 0x00, 0x02, 0x00, 0x00, 0x10, 0x00, 0x00,
    0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00,
];
const REPLY_HEAD: [u8; 16] = [
    0x00, 0x00, 0x10, 0x00, 0xfb, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];
const CHUNK_HEAD: [u8; 8] = [0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x10, 0x00];
const AT: [u8; 8] = [0x00, 0x20, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00];
const HELLO: [u8; 168] = [
    0x53, 0x53, 0x49, 0xf5, 0x01, 0x01, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x88, 0x0a, 0x00, 0x00,
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
    0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 0x6c, 0x61, 0x62, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a,
    0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a,
    0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c,
    0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c,
    0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c,
];
const REFUSE: [u8; 41] = [
    0x53, 0x53, 0x49, 0xf5, 0x01, 0x03, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05,
];
const PROOF_OF_DIALLER: [u8; 32] = [
    0x01, 0xff, 0x4a, 0xd9, 0x2c, 0x02, 0xd7, 0x93, 0x84, 0x10, 0xeb, 0xb2, 0xf6, 0xa5, 0x28, 0xec,
    0x44, 0x40, 0x5b, 0x4c, 0xe3, 0x3a, 0xea, 0x8f, 0x84, 0x1f, 0x2d, 0x9c, 0x84, 0x54, 0xde, 0x00,
];
const PROOF_OF_LISTENER: [u8; 32] = [
    0xa1, 0xb3, 0xf5, 0x73, 0x68, 0x3a, 0xce, 0x84, 0xda, 0xa6, 0x6d, 0xa7, 0xa6, 0x92, 0x08, 0xc6,
    0xf1, 0x0f, 0x71, 0x7a, 0x0f, 0x8a, 0xcd, 0xe3, 0x77, 0xd5, 0x74, 0xed, 0x8d, 0xf8, 0xbf, 0x24,
];
const KEY_TO_LISTENER: [u8; 32] = [
    0x5b, 0x2f, 0x8f, 0x46, 0x82, 0x1b, 0x3d, 0x11, 0x67, 0xd3, 0xba, 0xb1, 0x29, 0x9e, 0xac, 0xf8,
    0x7a, 0x6a, 0x87, 0xa8, 0x42, 0x32, 0x3a, 0xcb, 0x27, 0xcf, 0x66, 0x4c, 0xaa, 0xad, 0x24, 0x55,
];
const KEY_TO_DIALLER: [u8; 32] = [
    0x0c, 0x0f, 0x6b, 0x0e, 0x1a, 0x4b, 0x10, 0xec, 0xa4, 0x8c, 0xe4, 0x09, 0x3c, 0x09, 0x4a, 0x32,
    0x71, 0x7a, 0x20, 0x4b, 0xd8, 0xb6, 0xae, 0x77, 0x5b, 0x98, 0xf5, 0x44, 0x56, 0x5c, 0xf5, 0x71,
];
const BEAT_HEAD: [u8; 40] = [
    0x53, 0x53, 0x42, 0xf5, 0x01, 0x00, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x34, 0x12, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];
const BEAT_TAG: [u8; 16] = [
    0x50, 0x50, 0x92, 0x4f, 0xf7, 0x16, 0x4b, 0x70, 0xe0, 0xe3, 0x83, 0x5d, 0x0b, 0xde, 0x00, 0x15,
];

/// Messages as they travel, to be spoilt by tests.
#[cfg(test)]
pub(crate) fn messages() -> [&'static [u8]; 7] {
    [
        &HELLO,
        &REFUSE,
        HELLO.split_at(HEADER_BYTES).1,
        &REQUEST_HEAD,
        &REPLY_HEAD,
        &CHUNK_HEAD,
        &AT,
    ]
}

/// The first layout that does not hold, `None` when all do.
pub(super) fn first_failure() -> Option<&'static str> {
    let vectors = [
        (header_holds(), "header of a frame"),
        (request_holds(), "request"),
        (reply_holds(), "reply"),
        (chunk_holds(), "chunk"),
        (at_holds(), "note of a transfer"),
        (hello_holds(), "hello"),
        (refuse_holds(), "refuse"),
        (beat_holds(), "heartbeat"),
    ];
    first_of(&vectors)
}

/// The first vector of the handshake and the heartbeat that does not hold with
/// `hmac` as HMAC-SHA256, `None` when all do.
pub fn first_hash_failure(hmac: &impl Hmac) -> Option<&'static str> {
    let vectors = [
        (handshake_holds(hmac), "proofs and keys of a handshake"),
        (beat_tag_holds(hmac), "tag of a heartbeat"),
    ];
    first_of(&vectors)
}

fn first_of(vectors: &[(Option<()>, &'static str)]) -> Option<&'static str> {
    let failed = vectors.iter().find(|(holds, _)| holds.is_none());
    failed.map(|(_, name)| *name)
}

/// `Some` when both are equal.
fn same<T: PartialEq>(left: T, right: T) -> Option<()> {
    (left == right).then_some(())
}

fn header_holds() -> Option<()> {
    let header = Header {
        flags: Flags::ONE_WAY,
        priority: Priority::new(2)?,
        length: 27,
        epoch: Epoch(7),
        seq: 9,
        ack: 8,
        call: CallId::from_wire(0x3_0005),
        ..Header::of(Kind::Request)
    };
    same(header.encode(), REQUEST_HEADER)?;
    same(Header::parse(&REQUEST_HEADER), Ok(header))
}

const NO_REST: Rest<'static> = Rest {
    bytes: &[],
    pages: &[],
};

fn request_holds() -> Option<()> {
    let head = RequestHead {
        service: ServiceId::of("ssi.test"),
        version: 1,
        operation: 2,
        bulk: 4096,
        reply_bulk_max: 1 << 20,
        inside: 0,
    };
    same(head.encode(), REQUEST_HEAD)?;
    same(RequestHead::parse(&REQUEST_HEAD), Ok((head, NO_REST)))
}

fn reply_holds() -> Option<()> {
    let head = ReplyHead {
        status: Status::Answered,
        credits: 16,
        result: -5,
        bulk: 1,
        inside: 0,
    };
    same(head.encode(), REPLY_HEAD)?;
    same(ReplyHead::parse(&REPLY_HEAD), Ok((head, NO_REST)))
}

fn chunk_holds() -> Option<()> {
    let head = ChunkHead {
        offset: 65536,
        total: 1 << 20,
    };
    same(head.encode(), CHUNK_HEAD)?;
    same(ChunkHead::parse(&CHUNK_HEAD, 9), Ok((head, 1)))
}

fn at_holds() -> Option<()> {
    let note = At {
        offset: 8192,
        arrival: Arrival::NoMemory,
    };
    same(note.encode(), AT)?;
    same(At::parse(&AT), Ok(note))
}

fn peer(node: NodeNumber, incarnation: u64, boot: u64) -> Option<Peer> {
    let instance = Instance::new(NodeId::new(node)?, Incarnation(incarnation));
    Some(Peer { instance, boot })
}

/// Node 2, which dials, and node 1, which listens.
fn locals() -> Option<(Local, Local)> {
    let dialler = Local {
        peer: peer(2, 0x0102_0304_0506_0708, 0x1112_1314_1516_1718)?,
        cluster: ClusterName::parse(b"lab").ok()?,
        build: [0x0c; 32],
        host: Host {
            fp_bytes: 2696,
            features: 0x2122_2324_2526_2728,
        },
        mode: Mode::Mac,
        key: key(),
    };
    let listener = Local {
        peer: peer(1, 5, 6)?,
        mode: Mode::Aead,
        ..dialler.clone()
    };
    Some((dialler, listener))
}

/// 0, 1, 2 and so on.
fn key() -> Key {
    Key(core::array::from_fn(|place| {
        u8::try_from(place).unwrap_or_default()
    }))
}

fn hello_holds() -> Option<()> {
    let (dialler, _) = locals()?;
    let hello = Hello {
        channel: Channel::Control,
        mode: dialler.mode,
        peer: dialler.peer,
        host: dialler.host,
        cluster: dialler.cluster,
        nonce: [0x0a; 32],
        build: dialler.build,
    };
    same(Message::hello(&hello).as_bytes(), &HELLO)?;
    let (_, payload) = HELLO.split_at_checked(HEADER_BYTES)?;
    same(Hello::parse(payload), Ok(hello))
}

fn refuse_holds() -> Option<()> {
    same(Message::refuse(Reason::DuplicateNode).as_bytes(), &REFUSE)
}

/// Everybody may come in.
struct Open;

impl Admission for Open {
    fn admit(&self, _: Peer, _: Channel) -> Result<(), Reason> {
        Ok(())
    }
}

fn handshake_holds(hmac: &impl Hmac) -> Option<()> {
    let (dialler, listener) = locals()?;
    let (control, to) = (Channel::Control, listener.peer.instance.node);
    let (mut dial, hello) = Handshake::dial(&dialler, control, to, [0x0a; 32]);
    let mut listen = Handshake::listen(dialler.peer.instance.node, [0x0b; 32]);
    let hello = sent(listen.step(&listener, hello.as_bytes(), hmac, &Open))?;
    let proof = sent(dial.step(&dialler, hello.as_bytes(), hmac, &Open))?;
    same(proof, Message::proof(&PROOF_OF_DIALLER))?;
    let step = listen.step(&listener, proof.as_bytes(), hmac, &Open);
    let Step::Established(Some(proof), at_listener) = step else {
        return None;
    };
    same(proof, Message::proof(&PROOF_OF_LISTENER))?;
    same(
        at_listener,
        Established {
            peer: dialler.peer,
            channel: control,
            mode: Mode::Aead,
            tx_key: Key(KEY_TO_DIALLER),
            rx_key: Key(KEY_TO_LISTENER),
        },
    )
}

fn sent(step: Step) -> Option<Message> {
    match step {
        Step::Send(message) => Some(message),
        Step::Established(..) | Step::Refused(..) => None,
    }
}

fn beat() -> Option<BeatHead> {
    Some(BeatHead {
        from: peer(1, 10, 0)?.instance,
        to: peer(2, 20, 0)?.instance,
        counter: 0x1234,
    })
}

fn beat_holds() -> Option<()> {
    same(beat()?.encode(), BEAT_HEAD)
}

fn beat_tag_holds(hmac: &impl Hmac) -> Option<()> {
    let (beat, key) = (beat()?, beat_key(&key(), hmac));
    same(beat.seal(b"beat", &key, hmac), BEAT_TAG)?;
    let mut datagram = [0; BEAT_HEAD.len() + 4 + BEAT_TAG.len()];
    let parts = BEAT_HEAD.iter().chain(b"beat").chain(&BEAT_TAG);
    for (place, byte) in datagram.iter_mut().zip(parts) {
        *place = *byte;
    }
    let opened = BeatHead::open(&datagram, beat.to, &key, hmac);
    same(opened, Ok((beat, &b"beat"[..])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ics::tests::hmac_sha256::HmacSha256;

    #[test]
    fn all_hold() {
        assert_eq!(first_failure(), None);
        assert_eq!(first_hash_failure(&HmacSha256), None);
    }
}
