// SPDX-License-Identifier: GPL-2.0

//! Streams through the wire.
//!
//! ```text
//!   client -- unix stream -- Wire -- SEQPACKET pair -- FakeNode
//! ```

mod fake_node;

use fake_node::{
    source_byte,
    FakeNode,
    SOURCE_BYTES, //
};
use ssi_wire::{
    ConnectFor,
    Wire, //
};
use std::io::{
    Read,
    Write, //
};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

const ECHO: u16 = 7;
const COUNT: u16 = 9;
const DEAF: u16 = 10;
const SOURCE: u16 = 19;
const NOBODY: u16 = 99;

struct Lab {
    wire: Wire,
    nodes_end: OwnedFd,
    node: Option<FakeNode>,
}

impl Lab {
    fn new() -> Lab {
        let wire = Wire::start().unwrap();
        let (ours, nodes_end) = ssi_wire::pair().unwrap();
        wire.attach(1, ours);
        let node = Some(FakeNode::boot(&nodes_end));
        Lab {
            wire,
            nodes_end,
            node,
        }
    }

    fn ask(&self, port: u16, timeout: Duration) -> UnixStream {
        let (client, bridged) = UnixStream::pair().unwrap();
        self.wire.connect(1, port, bridged, ConnectFor { timeout });
        client
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        client
    }

    fn connect(&self, port: u16) -> UnixStream {
        let mut client = self.ask(port, Duration::from_secs(10));
        ssi_wire::read_verdict(&mut client).unwrap();
        client
    }
}

fn read_all(mut client: UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes).unwrap();
    bytes
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 % 253) as u8).collect()
}

#[test]
fn bytes_and_half_closes_pass_both_ways() {
    let lab = Lab::new();
    let mut client = lab.connect(ECHO);
    let sent = pattern(5_000_000);
    let reader = {
        let client = client.try_clone().unwrap();
        thread::spawn(|| read_all(client))
    };
    client.write_all(&sent).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert!(reader.join().unwrap() == sent);
}

#[test]
fn the_nodes_end_of_bytes_arrives_after_the_last_of_them() {
    let lab = Lab::new();
    let received = read_all(lab.connect(SOURCE));
    assert_eq!(received.len(), SOURCE_BYTES);
    assert!(received
        .iter()
        .enumerate()
        .all(|(i, &byte)| byte == source_byte(i)));
}

#[test]
fn a_refusal_names_the_node_and_the_port() {
    let lab = Lab::new();
    let began = Instant::now();
    let mut client = lab.ask(NOBODY, Duration::from_secs(1));
    let reason = ssi_wire::read_verdict(&mut client).unwrap_err().to_string();
    assert_eq!(
        reason,
        "node 1 takes no connections on port 99; see `ssi log 1`"
    );
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_node_that_is_not_attached_is_refused_at_once() {
    let lab = Lab::new();
    lab.wire.detach(1);
    let mut client = lab.ask(ECHO, Duration::from_secs(60));
    let reason = ssi_wire::read_verdict(&mut client).unwrap_err().to_string();
    assert_eq!(reason, "node 1 is not running; see `ssi status`");
}

#[test]
fn a_node_that_boots_later_is_reached() {
    let mut lab = Lab::new();
    lab.node = None;
    lab.wire.reset(1);
    let mut client = lab.ask(ECHO, Duration::from_secs(10));
    thread::sleep(Duration::from_millis(300));
    lab.node = Some(FakeNode::boot(&lab.nodes_end));
    let began = Instant::now();
    ssi_wire::read_verdict(&mut client).unwrap();
    assert!(began.elapsed() < Duration::from_millis(500));
}

#[test]
fn an_announcement_is_answered_at_once() {
    let mut lab = Lab::new();
    lab.node = None;
    lab.wire.reset(1);
    let mut client = lab.ask(ECHO, Duration::from_secs(10));
    // The node is deaf until it listens: the first attempt is lost.
    thread::sleep(Duration::from_millis(100));
    ssi_wire::drain(&lab.nodes_end).unwrap();
    let began = Instant::now();
    lab.node = Some(FakeNode::boot(&lab.nodes_end));
    fake_node::announce(&lab.nodes_end);
    ssi_wire::read_verdict(&mut client).unwrap();
    assert!(began.elapsed() < Duration::from_millis(300));
}

#[test]
fn reset_ends_streams_and_the_next_incarnation_is_reached() {
    let mut lab = Lab::new();
    let mut client = lab.connect(ECHO);
    client.write_all(b"last words").unwrap();
    let mut words = [0; 10];
    client.read_exact(&mut words).unwrap();
    lab.node = None;
    client.write_all(&pattern(100_000)).unwrap();
    let mut dialing = lab.ask(ECHO, Duration::from_secs(60));
    thread::sleep(Duration::from_millis(50));

    let began = Instant::now();
    lab.wire.reset(1);
    assert_eq!(client.read(&mut words).unwrap(), 0);
    let reason = ssi_wire::read_verdict(&mut dialing).unwrap_err();
    assert_eq!(reason.to_string(), "node 1 has died or was restarted");
    assert!(began.elapsed() < Duration::from_secs(1));

    assert!(ssi_wire::drain(&lab.nodes_end).unwrap() > 0);
    lab.node = Some(FakeNode::boot(&lab.nodes_end));
    let mut client = lab.connect(ECHO);
    client.write_all(b"hello").unwrap();
    client.read_exact(&mut words[..5]).unwrap();
    assert_eq!(&words[..5], b"hello");
}

#[test]
fn who_does_not_read_stalls_nobody_else() {
    let lab = Lab::new();
    // One client that never reads, one node program that never reads.
    let _sleeper = lab.connect(SOURCE);
    let mut stuffed = lab.connect(DEAF);
    stuffed.set_nonblocking(true).unwrap();
    let mut accepted = 0;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        accepted += stuffed.write(&[1; 65536]).unwrap_or(0);
    }
    assert!(accepted < 8 * 1024 * 1024, "{accepted} bytes were buffered");
    assert_eq!(read_all(lab.connect(SOURCE)).len(), SOURCE_BYTES);
}

#[test]
fn a_frozen_node_keeps_its_connections() {
    let lab = Lab::new();
    let node = lab.node.as_ref().unwrap();
    let mut client = lab.connect(ECHO);
    node.switches.frozen.store(true, Ordering::Relaxed);
    let sent = pattern(200_000);
    client.write_all(&sent).unwrap();
    thread::sleep(Duration::from_secs(3));
    node.switches.frozen.store(false, Ordering::Relaxed);
    let mut received = vec![0; sent.len()];
    client.read_exact(&mut received).unwrap();
    assert!(received == sent);
}

#[test]
fn what_a_client_sent_before_it_left_arrives() {
    let lab = Lab::new();
    let switches = lab.node.as_ref().unwrap().switches.clone();
    let mut client = lab.connect(COUNT);
    // More than the node takes at once: the rest is in our buffers when the
    // client leaves.
    switches.frozen.store(true, Ordering::Relaxed);
    let sent = pattern(400_000);
    client.write_all(&sent).unwrap();
    drop(client);
    switches.frozen.store(false, Ordering::Relaxed);
    wait_until(|| switches.counted.load(Ordering::Relaxed) == sent.len());
    // The connections are given up after that: their slots are free again.
    for _ in 0..300 {
        drop(lab.connect(COUNT));
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(10), "never happened");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_hundred_connections_run_at_once() {
    let lab = Lab::new();
    let clients: Vec<_> = (0..100).map(|_| lab.connect(ECHO)).collect();
    let threads: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(i, mut client)| {
            thread::spawn(move || {
                let sent: Vec<u8> = pattern(50_000 + i);
                let reader = client.try_clone().unwrap();
                let reader = thread::spawn(|| read_all(reader));
                client.write_all(&sent).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                assert!(reader.join().unwrap() == sent);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
