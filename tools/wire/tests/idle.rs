// SPDX-License-Identifier: GPL-2.0

//! A wire with nothing to do.
//!
//! In a program of its own, for it looks at the only wire of the process.

mod fake_node;

use fake_node::FakeNode;
use ssi_wire::{
    ConnectFor,
    Wire, //
};
use std::io::{
    Read,
    Write, //
};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

#[test]
fn an_idle_wire_sleeps() {
    let wire = Wire::start().unwrap();
    let (ours, nodes) = ssi_wire::pair().unwrap();
    wire.attach(1, ours);
    let _node = FakeNode::boot(&nodes);
    let (mut client, bridged) = UnixStream::pair().unwrap();
    let timeout = Duration::from_secs(10);
    wire.connect(1, 7, bridged, ConnectFor { timeout });
    ssi_wire::read_verdict(&mut client).unwrap();
    client.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();
    // Time for the last acknowledgements.
    thread::sleep(Duration::from_millis(200));

    let before = wakes();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(wakes() - before, 0, "the wire woke up with nothing to do");
}

/// How often the wire's thread has gone to sleep.
fn wakes() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let mut statuses =
        tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).unwrap());
    let status = statuses
        .find(|status| status.contains("Name:\tssi-wire"))
        .unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("voluntary"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
