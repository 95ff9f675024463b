// SPDX-License-Identifier: GPL-2.0

//! Frames through a switch with faults.

mod common;

use std::time::{
    Duration,
    Instant, //
};

use common::*;
use ssi_switch::{
    Error,
    FaultChange,
    Ports,
    Ppm,
    Switch,
    Way,
    DELAY_MS_MAX, //
};

fn percent(percent: f64) -> Ppm {
    Ppm::from_percent(percent).unwrap()
}

fn delay(switch: &Switch, a: u8, b: u8, delay_ms: u32) {
    let change = FaultChange::Delay {
        a: one(a),
        b: one(b),
        way: BOTH,
        delay_ms,
        jitter_ms: 0,
    };
    switch.fault(change).unwrap();
}

#[test]
fn a_cut_is_symmetric_and_heals() {
    let (switch, nodes) = network(1, 3);
    let (a, b) = (one(1), one(2));
    switch.fault(FaultChange::Cut { a, b, way: BOTH }).unwrap();
    nodes[0].send(2, b"lost");
    nodes[1].send(1, b"lost too");
    nodes[0].send(3, b"fine");
    assert_eq!(nodes[2].payload(), b"fine");
    nodes[1].expect_silence();
    nodes[0].expect_silence();
    assert_eq!((port(&switch, 1).lost, port(&switch, 2).lost), (1, 1));

    switch.fault(FaultChange::Heal { a, b, way: BOTH }).unwrap();
    nodes[0].send(2, b"again");
    nodes[1].send(1, b"and back");
    assert_eq!(nodes[1].payload(), b"again");
    assert_eq!(nodes[0].payload(), b"and back");
}

#[test]
fn a_cut_one_way_leaves_the_other() {
    let (switch, nodes) = network(1, 2);
    let (a, b, way) = (one(1), one(2), Way::OneWay);
    switch.fault(FaultChange::Cut { a, b, way }).unwrap();
    nodes[0].send(2, b"lost");
    nodes[1].send(1, b"fine");
    assert_eq!(nodes[0].payload(), b"fine");
    nodes[1].expect_silence();
}

#[test]
fn a_port_added_later_meets_the_faults_of_all() {
    let (switch, nodes) = network(1, 2);
    let (a, b) = (one(1), Ports::All);
    switch.fault(FaultChange::Cut { a, b, way: BOTH }).unwrap();
    let three = Node::join(&switch, 3);
    nodes[0].shout(b"nobody hears me");
    nodes[1].shout(b"but me");
    assert_eq!(three.payload(), b"but me");
    nodes[0].expect_silence();
}

#[test]
fn a_cut_takes_what_waits_for_a_deaf_node() {
    let (switch, nodes) = network(1, 3);
    flood_until(&switch, &nodes[0], 3, |port| port.queued_frames > 0);
    let (a, b) = (one(1), one(3));
    switch.fault(FaultChange::Cut { a, b, way: BOTH }).unwrap();
    let port3 = port(&switch, 3);
    assert_eq!(port3.queued_frames, 0);
    assert!(port3.lost > 0);
}

#[test]
fn a_delay_is_kept_and_so_is_the_order() {
    let (switch, nodes) = network(1, 2);
    let least = Duration::from_millis(40);
    delay(&switch, 1, 2, 40);
    let mut sent = Vec::new();
    for number in 0..200u32 {
        sent.push(Instant::now());
        nodes[0].send(2, &number.to_be_bytes());
    }
    for (number, sent) in (0..).zip(sent) {
        assert_eq!(nodes[1].number(), number);
        assert!(sent.elapsed() >= least, "{:?}", sent.elapsed());
    }
    assert_eq!(port(&switch, 2).delayed, 200);
}

#[test]
fn healing_delivers_what_was_delayed_first() {
    let (switch, nodes) = network(1, 2);
    delay(&switch, 1, 2, DELAY_MS_MAX);
    nodes[0].send(2, &0u32.to_be_bytes());
    await_port(&switch, 2, |port| port.delayed == 1);
    switch.fault(FaultChange::HealAll).unwrap();
    nodes[0].send(2, &1u32.to_be_bytes());
    assert_eq!(nodes[1].number(), 0);
    assert_eq!(nodes[1].number(), 1);
    assert_eq!(switch.report().unwrap().faults, []);
}

/// Which of 2000 frames from node 1 to node 2 arrive, while node 3 talks.
fn survivors(seed: u64, change: FaultChange, noise: u32) -> Vec<u32> {
    let (switch, nodes) = network(seed, 3);
    switch.fault(change).unwrap();
    for number in 0..2000u32 {
        nodes[0].send(2, &number.to_be_bytes());
        (0..noise).for_each(|_| nodes[2].send(1, b"noise"));
    }
    let seen = |port: &ssi_switch::PortReport| port.in_frames >= 2001;
    await_port(&switch, 1, seen);
    let port2 = port(&switch, 2);
    let arriving = port2.out_frames + port2.queued_frames as u64;
    let numbers = (0..arriving).map(|_| nodes[1].number()).collect();
    nodes[1].expect_silence();
    numbers
}

#[test]
fn loss_is_repeated_by_its_seed() {
    let change = FaultChange::Loss {
        a: Ports::All,
        b: Ports::All,
        way: BOTH,
        ppm: percent(20.0),
    };
    let first = survivors(42, change, 0);
    assert!((1400..1800).contains(&first.len()), "{}", first.len());
    assert!(first.is_sorted());
    assert_eq!(survivors(42, change, 0), first);
    assert_eq!(survivors(42, change, 1), first);
    assert_ne!(survivors(43, change, 0), first);
}

#[test]
fn reorder_loses_nothing_and_swaps_neighbours() {
    let (switch, nodes) = network(5, 2);
    let change = FaultChange::Reorder {
        a: one(1),
        b: one(2),
        way: Way::OneWay,
        ppm: percent(30.0),
    };
    switch.fault(change).unwrap();
    (0..2000u32).for_each(|number| nodes[0].send(2, &number.to_be_bytes()));
    let numbers: Vec<u32> = (0..2000).map(|_| nodes[1].number()).collect();
    assert!(!numbers.is_sorted());
    for (place, number) in (0u32..).zip(&numbers) {
        assert!(place.abs_diff(*number) <= 1, "{number} at {place}");
    }
    let mut sorted = numbers;
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..2000));
}

#[test]
fn a_reordered_frame_without_a_next_one_arrives() {
    let (switch, nodes) = network(5, 2);
    let change = FaultChange::Reorder {
        a: Ports::All,
        b: Ports::All,
        way: BOTH,
        ppm: percent(100.0),
    };
    switch.fault(change).unwrap();
    nodes[0].send(2, b"alone");
    assert_eq!(nodes[1].payload(), b"alone");
}

#[test]
fn mistakes_are_told_and_change_nothing() {
    let (switch, _nodes) = network(1, 2);
    let cut = |a, b| switch.fault(FaultChange::Cut { a, b, way: BOTH });
    assert!(matches!(cut(one(1), one(1)), Err(Error::SamePort(1))));
    assert!(matches!(cut(one(0), one(1)), Err(Error::Port(0))));
    assert!(matches!(cut(one(1), one(64)), Err(Error::Port(64))));
    let late = FaultChange::Delay {
        a: one(1),
        b: one(2),
        way: BOTH,
        delay_ms: DELAY_MS_MAX + 1,
        jitter_ms: 0,
    };
    assert!(matches!(switch.fault(late), Err(Error::DelayMs(_))));
    assert_eq!(switch.report().unwrap().faults, []);
}

#[test]
fn the_report_lists_the_faults() {
    let (switch, _nodes) = network(1, 2);
    delay(&switch, 1, 2, 20);
    let (a, b) = (one(2), Ports::All);
    switch.fault(FaultChange::Cut { a, b, way: BOTH }).unwrap();
    let faults = switch.report().unwrap().faults.into_iter();
    let lines: Vec<String> = faults.map(|fault| fault.to_string()).collect();
    assert!(lines.contains(&"1 <-> 2: cut, delay 20 ms".to_owned()));
    assert!(lines.contains(&"2 <-> 3: cut".to_owned()));
}
