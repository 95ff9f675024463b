// SPDX-License-Identifier: GPL-2.0

//! Nodes without kernels.
//!
//! A [`Node`] is the node's end of a port: it sends and receives frames by
//! hand. Waits have generous ends, because a test machine may be slow; no test
//! passes or fails by being fast.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::{
    os::fd::OwnedFd,
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use rustix::{
    event::{
        self,
        PollFd,
        PollFlags, //
    },
    net::{
        self,
        RecvFlags,
        SendFlags, //
    },
    time::Timespec,
};
use ssi_switch::{
    port_pair,
    PortReport,
    Ports,
    Switch,
    Way, //
};

/// When a wait for something that must come is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long to look for something that must not come.
pub(crate) const GLANCE: Duration = Duration::from_millis(50);

/// More large frames than any socket and queue together hold.
const FLOOD_FRAMES_MAX: usize = 10_000;

/// Everyone's address.
pub(crate) const ALL: [u8; 6] = [0xff; 6];

pub(crate) const BOTH: Way = Way::Both;

/// Where the payload of a frame begins.
pub(crate) const PAYLOAD: usize = 14;

/// The address of a node.
pub(crate) fn mac(number: u8) -> [u8; 6] {
    [2, 0x53, 0x53, 0x49, 0, number]
}

pub(crate) fn one(number: u8) -> Ports {
    Ports::One(number)
}

pub(crate) fn frame(to: [u8; 6], from: [u8; 6], payload: &[u8]) -> Vec<u8> {
    [&to[..], &from, &[0x88, 0xb5], payload].concat()
}

/// The node's end of a port.
pub(crate) struct Node {
    pub(crate) number: u8,
    pub(crate) fd: OwnedFd,
}

impl Node {
    /// Adds port `number` to `switch`.
    pub(crate) fn join(switch: &Switch, number: u8) -> Self {
        let (ours, fd) = port_pair().unwrap();
        switch.add(number, ours).unwrap();
        Self { number, fd }
    }

    /// Sends bytes as they are; waits while the socket is full.
    pub(crate) fn send_raw(&self, bytes: &[u8]) {
        net::send(&self.fd, bytes, SendFlags::NOSIGNAL).unwrap();
    }

    /// Sends to the node `to`.
    pub(crate) fn send(&self, to: u8, payload: &[u8]) {
        self.send_raw(&frame(mac(to), mac(self.number), payload));
    }

    /// Sends to everyone.
    pub(crate) fn shout(&self, payload: &[u8]) {
        self.send_raw(&frame(ALL, mac(self.number), payload));
    }

    /// The next frame, if one comes within `time`.
    pub(crate) fn receive_within(&self, time: Duration) -> Option<Vec<u8>> {
        let mut polled = [PollFd::new(&self.fd, PollFlags::IN)];
        let timeout = Timespec::try_from(time).unwrap();
        if event::poll(&mut polled, Some(&timeout)).unwrap() == 0 {
            return None;
        }
        let mut buffer = vec![0; 1 << 17];
        let (len, _) = net::recv(&self.fd, &mut buffer[..], RecvFlags::empty()).unwrap();
        buffer.truncate(len);
        Some(buffer)
    }

    /// The next frame, which must come.
    pub(crate) fn receive(&self) -> Vec<u8> {
        let frame = self.receive_within(PATIENCE);
        frame.unwrap_or_else(|| panic!("node {} waited in vain", self.number))
    }

    /// The payload of the next frame, which must come.
    pub(crate) fn payload(&self) -> Vec<u8> {
        self.receive().split_off(PAYLOAD)
    }

    /// The payload of the next frame as a number.
    pub(crate) fn number(&self) -> u32 {
        number_of(&self.receive())
    }

    /// Nothing comes.
    pub(crate) fn expect_silence(&self) {
        let frame = self.receive_within(GLANCE);
        assert_eq!(frame, None, "at node {}", self.number);
    }
}

/// The number a frame carries.
pub(crate) fn number_of(frame: &[u8]) -> u32 {
    u32::from_be_bytes(frame[PAYLOAD..][..4].try_into().unwrap())
}

/// Nodes `1..=count`, all known to the switch.
pub(crate) fn network(seed: u64, count: u8) -> (Switch, Vec<Node>) {
    let switch = Switch::start(seed).unwrap();
    let nodes: Vec<Node> = (1..=count).map(|n| Node::join(&switch, n)).collect();
    // A frame to oneself teaches the switch and goes nowhere.
    nodes.iter().for_each(|node| node.send(node.number, &[]));
    for number in 1..=count {
        await_port(&switch, number, |port| port.stations == 1);
    }
    (switch, nodes)
}

/// Sends from one node to another, which does not read, until the other's port
/// is as `expected`.
pub(crate) fn flood_until(
    switch: &Switch,
    from: &Node,
    to: u8,
    expected: impl Fn(&PortReport) -> bool,
) {
    let payload = vec![0; 15_786];
    for _ in 0..FLOOD_FRAMES_MAX {
        from.send(to, &payload);
        if expected(&port(switch, to)) {
            return;
        }
    }
    panic!("{:?}", port(switch, to));
}

/// What the report says of a port in use.
pub(crate) fn port(switch: &Switch, number: u8) -> PortReport {
    let ports = switch.report().unwrap().ports.into_iter();
    let mut of_number = ports.filter(|port| port.port == number);
    of_number.next().expect("the port is in use")
}

/// Waits until the report of a port is as `expected`.
pub(crate) fn await_port(switch: &Switch, number: u8, expected: impl Fn(&PortReport) -> bool) {
    let start = Instant::now();
    while !expected(&port(switch, number)) {
        assert!(start.elapsed() < PATIENCE, "{:?}", port(switch, number));
        thread::sleep(Duration::from_millis(1));
    }
}
