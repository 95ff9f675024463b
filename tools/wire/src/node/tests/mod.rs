// SPDX-License-Identifier: GPL-2.0

//! A node without manners.
//!
//! ```text
//!   client -- unix stream -- Node -- SEQPACKET pair -- Rude
//! ```
//!
//! One thread and a clock of its own: what happens does not depend on the host.

use super::*;
use crate::neighbor::{
    NODE_ADDRESS,
    OUR_ADDRESS,
    OUR_HARDWARE, //
};
use crate::socket;
use rustix::net::{
    recv,
    send,
    RecvFlags,
    SendFlags, //
};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::tcp;
use smoltcp::time::Duration;
use smoltcp::wire::{
    EthernetAddress,
    EthernetFrame,
    EthernetProtocol,
    EthernetRepr,
    Icmpv4Packet,
    Icmpv4Repr,
    IpProtocol,
    Ipv4Packet,
    Ipv4Repr,
    TcpControl,
    TcpPacket,
    TcpRepr,
    TcpSeqNumber, //
};
use std::io::{
    Read,
    Write, //
};

const PORT: u16 = 83;

/// Between two turns: more than the stack keeps an acknowledgement back.
const TURN: Duration = Duration::from_millis(20);

/// Where the rude node's bytes begin.
const FIRST: TcpSeqNumber = TcpSeqNumber(1000);

struct Rude {
    node: Node,
    socket: OwnedFd,
    client: UnixStream,
    /// The port of ours that it talks to, and what it acknowledges.
    ours: u16,
    acknowledged: TcpSeqNumber,
    now: Instant,
    /// The shift of the windows it is told, and the end of the last one, counted
    /// from `FIRST`.
    shift: u8,
    told: usize,
}

/// How it greets.
#[derive(Clone, Copy)]
struct Greeting {
    window_scale: Option<u8>,
    mss: u16,
}

impl Rude {
    /// Connected to a client.
    fn new(greeting: Greeting) -> Rude {
        let (ours, theirs) = socket::pair().unwrap();
        let (client, bridged) = UnixStream::pair().unwrap();
        client.set_nonblocking(true).unwrap();
        bridged.set_nonblocking(true).unwrap();
        let mut rude = Rude {
            node: Node::new(1, ours, Instant::ZERO),
            socket: theirs,
            client,
            ours: 0,
            acknowledged: TcpSeqNumber(0),
            now: Instant::ZERO,
            shift: 0,
            told: 0,
        };
        let until = rude.now + Duration::from_secs(10);
        rude.node.connect(1, PORT, bridged, until, rude.now);
        rude.greet(greeting);
        assert_eq!(rude.read(), b"ok\n");
        rude
    }

    fn greet(&mut self, greeting: Greeting) {
        self.turn();
        self.hear();
        let answer = TcpRepr {
            control: TcpControl::Syn,
            seq_number: FIRST - 1,
            window_scale: greeting.window_scale,
            max_seg_size: Some(greeting.mss),
            ..self.segment(&[])
        };
        self.shift = greeting.window_scale.map_or(0, |_| self.shift);
        self.say(IpProtocol::Tcp, &encode(&answer));
        self.turn();
        self.hear();
    }

    fn segment<'a>(&self, payload: &'a [u8]) -> TcpRepr<'a> {
        TcpRepr {
            src_port: PORT,
            dst_port: self.ours,
            control: TcpControl::None,
            seq_number: FIRST,
            ack_number: Some(self.acknowledged),
            window_len: u16::MAX,
            window_scale: None,
            max_seg_size: None,
            sack_permitted: false,
            sack_ranges: [None; 3],
            timestamp: None,
            payload,
        }
    }

    fn turn(&mut self) {
        self.now += TURN;
        self.node.notice_device(self.now);
        let flags = EventFlags::IN | EventFlags::OUT;
        self.node.notice_stream(1, flags, self.now);
        self.node.turn(self.now);
    }

    /// All frames that have come.
    fn hear(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut frame = vec![0; 16_000];
        while let Ok((length, _)) = recv(&self.socket, &mut frame[..], RecvFlags::DONTWAIT) {
            self.look(&frame[..length]);
            frames.push(frame[..length].to_vec());
        }
        frames
    }

    fn look(&mut self, frame: &[u8]) {
        let frame = EthernetFrame::new_unchecked(frame);
        let packet = Ipv4Packet::new_unchecked(frame.payload());
        if packet.next_header() != IpProtocol::Tcp {
            return;
        }
        let packet = TcpPacket::new_unchecked(packet.payload());
        let addresses = (OUR_ADDRESS.into(), NODE_ADDRESS.into());
        let ignored = ChecksumCapabilities::ignored();
        let heard = TcpRepr::parse(&packet, &addresses.0, &addresses.1, &ignored).unwrap();
        if heard.control == TcpControl::Syn {
            (self.ours, self.acknowledged) = (heard.src_port, heard.seq_number + 1);
            self.shift = heard.window_scale.unwrap();
        } else if let Some(next) = heard.ack_number {
            self.told = (next - FIRST) + (usize::from(heard.window_len) << self.shift);
        }
    }

    /// Sends an IP packet, if the socket takes it.
    fn say(&self, next_header: IpProtocol, payload: &[u8]) -> bool {
        let packet = Ipv4Repr {
            src_addr: NODE_ADDRESS,
            dst_addr: OUR_ADDRESS,
            next_header,
            payload_len: payload.len(),
            hop_limit: 64,
        };
        let header = EthernetRepr {
            src_addr: EthernetAddress([2, 0x53, 0x53, 0x49, 1, 1]),
            dst_addr: OUR_HARDWARE,
            ethertype: EthernetProtocol::Ipv4,
        };
        let mut bytes = vec![0; header.buffer_len() + packet.buffer_len() + payload.len()];
        let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
        header.emit(&mut frame);
        let mut ip = Ipv4Packet::new_unchecked(frame.payload_mut());
        packet.emit(&mut ip, &ChecksumCapabilities::default());
        ip.payload_mut().copy_from_slice(payload);
        send(&self.socket, &bytes, SendFlags::DONTWAIT).is_ok()
    }

    /// What its connection has room for.
    fn room(&mut self) -> usize {
        let tcp = self.node.bridges[&1].tcp;
        let tcp = self.node.stack.sockets.get_mut::<tcp::Socket<'_>>(tcp);
        tcp.recv_capacity() - tcp.recv_queue()
    }

    /// What the client finds to read.
    fn read(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Ends with WouldBlock, or at the end.
        let _ = self.client.read_to_end(&mut bytes);
        bytes
    }

    /// Sends `bytes` from `first` on, in long segments, whatever it is told.
    fn stuff(&mut self, first: usize, bytes: &[u8]) {
        let mut at = first;
        for piece in bytes.chunks(15_000) {
            let segment = TcpRepr {
                seq_number: FIRST + at,
                ..self.segment(piece)
            };
            assert!(self.say(IpProtocol::Tcp, &encode(&segment)));
            at += piece.len();
        }
    }
}

fn encode(segment: &TcpRepr<'_>) -> Vec<u8> {
    let mut bytes = vec![0; segment.buffer_len()];
    segment.emit(
        &mut TcpPacket::new_unchecked(&mut bytes[..]),
        &NODE_ADDRESS.into(),
        &OUR_ADDRESS.into(),
        &ChecksumCapabilities::default(),
    );
    bytes
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

const POLITE: Greeting = Greeting {
    window_scale: Some(0),
    mss: 15_760,
};

#[test]
fn bytes_beyond_the_window_are_left_out_and_may_come_again() {
    for window_scale in [None, Some(0), Some(7)] {
        let mut rude = Rude::new(Greeting {
            window_scale,
            ..POLITE
        });
        let sent = pattern(600_000);
        let mut received = Vec::new();
        while received.len() < sent.len() {
            let first = received.len();
            rude.stuff(first, &sent[first..sent.len().min(first + 150_000)]);
            rude.turn();
            rude.hear();
            received.extend(rude.read());
            assert!(received.len() > first && received.len() <= rude.told);
        }
        assert!(received == sent);
    }
}

#[test]
fn bytes_beyond_a_window_that_is_about_to_move_do_no_harm() {
    // No acknowledgement is due before so many bytes.
    let mss = u16::MAX;
    let mut rude = Rude::new(Greeting { mss, ..POLITE });
    let (sent, mut at) = (pattern(2_000_000), 0);
    // The client does not read, so the window becomes small.
    while rude.told - at > 60_000 {
        let next = rude.told - 60_000;
        rude.stuff(at, &sent[at..next]);
        at = next;
        rude.turn();
        rude.hear();
    }
    // Now it does, but too little to be worth a word to the node.
    let (told, room) = (rude.told, rude.room());
    let mut received = Vec::new();
    while rude.room() == room {
        let mut some = [0; 1024];
        rude.client.read_exact(&mut some).unwrap();
        received.extend(some);
        rude.turn();
    }
    rude.hear();
    assert_eq!(rude.told, told);
    rude.stuff(at, &sent[at..at + 65_000]);
    rude.turn();
    received.extend(rude.read());
    assert!(sent.starts_with(&received));
}

#[test]
fn a_node_that_asks_and_does_not_listen_is_not_heard() {
    let mut rude = Rude::new(POLITE);
    let data = vec![7; 15_000];
    let query = Icmpv4Repr::EchoRequest {
        ident: 1,
        seq_no: 1,
        data: &data,
    };
    let mut packet = vec![0; query.buffer_len()];
    query.emit(
        &mut Icmpv4Packet::new_unchecked(&mut packet[..]),
        &ChecksumCapabilities::default(),
    );
    for _ in 0..2000 {
        rude.say(IpProtocol::Icmp, &packet);
        rude.turn();
    }
    let waiting = rude.node.device.waiting_frames();
    assert!((1..=100).contains(&waiting), "{waiting} frames wait");
    assert_eq!(
        rude.node.wake_at,
        rude.node.bridges[&1].wake_at(),
        "no busy loop"
    );

    // It listens in the end, and all is well.
    while !rude.hear().is_empty() {
        rude.turn();
    }
    rude.stuff(0, b"words");
    rude.turn();
    assert_eq!(rude.read(), b"words");
}

#[test]
fn a_node_that_takes_small_segments_does_not_keep_the_thread() {
    let mut rude = Rude::new(Greeting { mss: 16, ..POLITE });
    let sent = rude.client.write(&[1; 100_000]).unwrap();
    assert!(sent > 50_000);
    rude.node.notice_stream(1, EventFlags::IN, rude.now);
    rude.hear();
    assert!(rude.node.round(rude.now));
    let heard = rude.hear().len();
    assert!(
        (1..=PASSES_PER_ROUND + 1).contains(&heard),
        "{heard} frames"
    );
}
