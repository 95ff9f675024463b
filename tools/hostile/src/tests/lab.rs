// SPDX-License-Identifier: GPL-2.0

//! A victim for unit tests.
//!
//! The listener's half of the real handshake behind a real TCP port of this host.
//! One that can be deceived shows that an attack would tell.

use std::io::{
    Read,
    Write, //
};
use std::net::{
    Ipv4Addr,
    SocketAddr,
    SocketAddrV4,
    TcpListener,
    TcpStream, //
};
use std::thread;
use std::time::Duration;

use ssi_core::ics::frame::{
    Header,
    HANDSHAKE_PAYLOAD_BYTES_MAX,
    HEADER_BYTES, //
};
use ssi_core::ics::handshake::{
    Admission,
    Handshake,
    Hmac,
    Local,
    Step, //
};
use ssi_core::ics::hello::{
    Channel,
    Hello,
    Host,
    Message,
    Peer,
    Reason, //
};
use ssi_core::ics::seal::{
    Key,
    Mode, //
};
use ssi_core::ids::{
    ClusterName,
    Incarnation,
    Instance,
    NodeId,
    NodeNumber, //
};

use crate::answer::Answer;
use crate::attacks;
use crate::links::Link;
use crate::random::Random;
use crate::report::Report;
use crate::scene::{
    first_hello,
    Scene, //
};
use crate::wiretap::Recording;

/// Life of the attacker.
const LIFE: Incarnation = Incarnation(9);
/// How long a victim waits for the next bytes.
const PATIENCE: Duration = Duration::from_millis(300);

/// What a victim checks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Everything.
    Nobody,
    /// Nothing: it proves itself to whoever comes.
    Everybody,
    /// Everything, once those before are gone: it turns the first away.
    NobodyLater,
}

/// How many it turns away: more than one attack has Hellos.
const CROWD: u64 = 24;

/// Good enough for a test: it depends on all of its input.
struct Sum;

impl Hmac for Sum {
    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        let mut code = *key;
        for (place, byte) in parts.iter().flat_map(|part| part.iter()).enumerate() {
            let cell = &mut code[place % 32];
            *cell = cell.rotate_left(3) ^ byte;
        }
        code
    }
}

/// The attacker lives, in one life only.
struct Gate;

impl Admission for Gate {
    fn admit(&self, peer: Peer, _: Channel) -> Result<(), Reason> {
        let honest = peer_of(3, LIFE);
        if peer.instance.incarnation < LIFE {
            Err(Reason::OldIncarnation)
        } else if peer.instance.incarnation == LIFE && peer.boot != honest.boot {
            Err(Reason::DuplicateNode)
        } else {
            Ok(())
        }
    }
}

fn peer_of(node: u8, incarnation: Incarnation) -> Peer {
    let node = NodeId::new(NodeNumber::from(node)).unwrap();
    Peer {
        instance: Instance::new(node, incarnation),
        boot: 77,
    }
}

fn local(node: u8, incarnation: Incarnation, key: u8) -> Local {
    Local {
        peer: peer_of(node, incarnation),
        cluster: ClusterName::parse(b"lab").unwrap(),
        build: [5; 32],
        host: Host {
            fp_bytes: 2696,
            features: 3,
        },
        mode: Mode::Mac,
        key: Key([key; 32]),
    }
}

fn listen(trust: Trust) -> SocketAddrV4 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let stream = stream.unwrap();
            thread::spawn(move || serve(stream, trust, number as u64));
        }
    });
    match address {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(_) => unreachable!(),
    }
}

fn serve(mut stream: TcpStream, trust: Trust, number: u64) {
    let me = local(1, Incarnation(1), 0);
    let mut handshake = Handshake::listen(NodeId::new(3).unwrap(), Random::new(number).array());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    match trust {
        Trust::Nobody => {}
        Trust::Everybody => {
            let _ = stream.write_all(Message::proof(&[0; 32]).as_bytes());
        }
        Trust::NobodyLater => {
            if number < CROWD {
                let _ = frame(&mut stream);
                let _ = stream.write_all(Message::refuse(Reason::TooMany).as_bytes());
                return;
            }
        }
    }
    while let Some(frame) = frame(&mut stream) {
        let (message, is_over) = match handshake.step(&me, &frame, &Sum, &Gate) {
            Step::Send(message) => (Some(message), false),
            Step::Established(message, _) | Step::Refused(message, _) => (message, true),
        };
        if let Some(message) = message {
            let _ = stream.write_all(message.as_bytes());
        }
        if is_over {
            return;
        }
    }
}

/// Header and payload; only the header when it says too much.
fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut frame = vec![0; HEADER_BYTES];
    stream.read_exact(&mut frame).ok()?;
    let header = Header::parse(frame.first_chunk()?);
    let length = header.map_or(0, |header| header.length);
    if length <= HANDSHAKE_PAYLOAD_BYTES_MAX {
        frame.resize(HEADER_BYTES + length as usize, 0);
        stream.read_exact(&mut frame[HEADER_BYTES..]).ok()?;
    }
    Some(frame)
}

fn scene(trust: Trust) -> Scene {
    let victim = listen(trust);
    let attacker = local(3, LIFE, 0);
    let (_, said) = Handshake::dial(
        &attacker,
        Channel::Control,
        NodeId::new(1).unwrap(),
        [1; 32],
    );
    let hello: Hello = first_hello(said.as_bytes()).unwrap();
    let mut ours = said.as_bytes().to_vec();
    ours.extend(Message::proof(&[9; 32]).as_bytes());
    Scene {
        victim,
        random: Random::new(1),
        hello,
        victims_hello: Hello {
            peer: peer_of(1, Incarnation(1)),
            ..hello
        },
        recording: Recording {
            link: Link {
                local: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1),
                remote: victim,
            },
            ours,
            theirs: Vec::new(),
            beats: Vec::new(),
        },
        sender: None,
    }
}

/// Runs the attacks that need no raw packets.
fn attack(trust: Trust, names: &[&str]) -> Vec<(&'static str, Report)> {
    let mut scene = scene(trust);
    let chosen = attacks::ALL
        .iter()
        .filter(|attack| names.contains(&attack.name()));
    chosen
        .map(|attack| (attack.name(), attack.run(&mut scene).unwrap()))
        .collect()
}

const OF_TCP: [&str; 14] = [
    "garbage",
    "truncated",
    "oversize",
    "kinds",
    "bit-flips",
    "early-frames",
    "wrong-proof",
    "reflection",
    "foreign-cluster",
    "other-kernel",
    "old-life",
    "later-life",
    "duplicate-node",
    "replay-session",
];

#[test]
fn the_real_handshake_withstands() {
    let reports = attack(Trust::Nobody, &OF_TCP);
    assert_eq!(reports.len(), OF_TCP.len());
    for (name, report) in reports {
        assert!(report.is_harmless(), "{name}: {report}");
        assert!(report.connections > 0, "{name}: {report}");
    }
}

#[test]
fn who_has_too_many_is_asked_again() {
    for (name, report) in attack(Trust::NobodyLater, &["other-kernel"]) {
        assert!(report.is_harmless(), "{name}: {report}");
        let turned_away = report.tally.of(Answer::Refused(Reason::TooMany));
        assert_eq!(turned_away, CROWD, "{name}: {report}");
    }
}

#[test]
fn who_trusts_everybody_is_found_out() {
    for (name, report) in attack(Trust::Everybody, &OF_TCP) {
        assert!(!report.is_harmless(), "{name}: {report}");
    }
}

#[test]
fn who_is_not_there_is_found_out() {
    let mut scene = scene(Trust::Nobody);
    scene.victim = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1);
    let mut report = Report::new();
    scene.claim_open(&mut report);
    assert!(!report.is_harmless());
    let hello = scene.fresh_hello();
    assert!(scene.greet(&mut report, &hello).is_none());
    assert_eq!(report.tally.of(Answer::Unreachable), 1);
}
