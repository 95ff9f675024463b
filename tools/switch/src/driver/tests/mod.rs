// SPDX-License-Identifier: GPL-2.0

//! The driver step by step.
//!
//! Without its thread, what happens between which two steps is certain.

use std::{
    os::fd::OwnedFd,
    sync::mpsc, //
};

use super::{
    socket::{
        Received,
        Sent, //
    },
    *,
};
use crate::{
    fault::{
        FaultChange,
        Ports,
        Way, //
    },
    report::PortReport,
};

const LARGE: usize = 15_800;

fn driver() -> Driver {
    let (_commands, receiver) = mpsc::channel();
    Driver::new(1, receiver).unwrap()
}

fn port(number: u8) -> PortId {
    PortId::new(number).unwrap()
}

/// Adds a port and returns the node's end.
fn join(driver: &mut Driver, number: u8) -> OwnedFd {
    let (ours, node) = port_pair().unwrap();
    driver.add(port(number), ours).unwrap();
    node
}

/// A frame to everyone.
fn frame(from: u8, len: usize) -> Vec<u8> {
    let head = [&[0xff; 6][..], &[2, 0, 0, 0, 0, from], &[8, 0]];
    let mut frame = head.concat();
    frame.resize(len, 0);
    frame
}

fn report(driver: &Driver, number: u8) -> PortReport {
    driver.report_port(port(number)).unwrap()
}

/// Whether a frame has arrived at the node's end.
fn has_frame(node: &OwnedFd) -> bool {
    socket::receive(node, &mut [0; 1]).unwrap() != Received::Nothing
}

/// Sends from port 1 until something waits for each other port.
fn fill(driver: &mut Driver, one: &OwnedFd, others: &[u8]) {
    let waits = |driver: &Driver, number: &u8| report(driver, *number).queued_frames > 0;
    while !others.iter().all(|number| waits(driver, number)) {
        assert_eq!(socket::send(one, &frame(1, LARGE)), Sent::Done);
        driver.receive_all(port(1)).unwrap();
    }
}

#[test]
fn flush_takes_what_the_dead_node_sent() {
    let mut driver = driver();
    let (one, two) = (join(&mut driver, 1), join(&mut driver, 2));
    assert_eq!(socket::send(&one, &frame(1, 60)), Sent::Done);
    driver.flush(port(1)).unwrap().unwrap();
    driver.receive_all(port(1)).unwrap();
    assert!(!has_frame(&two));
    assert_eq!(report(&driver, 1).in_frames, 0);
}

#[test]
fn remove_takes_what_came_from_the_port() {
    let mut driver = driver();
    let nodes = [1, 2, 3].map(|number| join(&mut driver, number));
    fill(&mut driver, &nodes[0], &[2, 3]);
    driver.remove(port(1)).unwrap().unwrap();
    for number in [2, 3] {
        assert_eq!(report(&driver, number).queued_frames, 0);
        assert!(report(&driver, number).dropped > 0);
    }
}

#[test]
fn healing_delivers_before_anything_else_is_done() {
    let mut driver = driver();
    let (one, two) = (join(&mut driver, 1), join(&mut driver, 2));
    let delay = FaultChange::Delay {
        a: Ports::All,
        b: Ports::All,
        way: Way::Both,
        delay_ms: 60_000,
        jitter_ms: 0,
    };
    driver.fault(&delay).unwrap().unwrap();
    assert_eq!(socket::send(&one, &frame(1, 60)), Sent::Done);
    driver.receive_all(port(1)).unwrap();
    assert!(!has_frame(&two));
    driver.fault(&FaultChange::HealAll).unwrap().unwrap();
    assert!(has_frame(&two));
}

#[test]
fn one_port_gets_no_more_than_its_turn() {
    let mut driver = driver();
    let (one, _two) = (join(&mut driver, 1), join(&mut driver, 2));
    for _ in 0..=RECEIVE_FRAMES_MAX {
        assert_eq!(socket::send(&one, &frame(1, 60)), Sent::Done);
    }
    driver.receive_all(port(1)).unwrap();
    assert_eq!(report(&driver, 1).in_frames, RECEIVE_FRAMES_MAX as u64);
}

#[test]
fn every_copy_is_counted_once() {
    let mut driver = driver();
    let (one, two) = (join(&mut driver, 1), join(&mut driver, 2));
    fill(&mut driver, &one, &[2]);
    for _ in 0..1000 {
        socket::send(&one, &frame(1, LARGE));
        driver.receive_all(port(1)).unwrap();
    }
    let before = report(&driver, 2);
    assert!(before.dropped > 0);
    drain(&two).unwrap();
    while report(&driver, 2).queued_frames > 0 {
        driver.resume(port(2)).unwrap();
        drain(&two).unwrap();
    }
    let after = report(&driver, 2);
    assert_eq!(
        after.out_frames + after.dropped,
        report(&driver, 1).in_frames
    );
    assert_eq!(after.out_bytes, after.out_frames * LARGE as u64);
    assert_eq!(after.dropped, before.dropped);
}
