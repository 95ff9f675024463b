// SPDX-License-Identifier: GPL-2.0

//! Frames through a switch without faults.

mod common;

use std::{
    ops::Range,
    os::{
        fd::OwnedFd,
        unix::net::UnixStream, //
    },
    thread,
};

use common::*;
use ssi_switch::{
    drain,
    port_pair,
    Error,
    Switch,
    FRAME_BYTES_MAX,
    PORT_MAX, //
};

/// Enough frames of `LARGE` bytes to fill any socket and queue.
const FLOOD_FRAMES: u32 = 2000;
const LARGE: usize = 15_800;

/// Sends frames with these numbers.
fn flood(from: &Node, to: u8, numbers: Range<u32>) {
    let mut payload = vec![0; LARGE - PAYLOAD];
    for number in numbers {
        payload[..4].copy_from_slice(&number.to_be_bytes());
        from.send(to, &payload);
    }
}

#[test]
fn three_ports_learn_and_forward() {
    let switch = Switch::start(1).unwrap();
    let nodes = [1, 2, 3].map(|number| Node::join(&switch, number));
    let [one, two, three] = &nodes;

    // Unknown: everyone but the sender has it.
    one.send(2, b"who is two");
    assert_eq!(two.payload(), b"who is two");
    assert_eq!(three.payload(), b"who is two");

    // One is known now, and two as soon as it answers.
    two.send(1, b"me");
    assert_eq!(one.payload(), b"me");
    one.send(2, b"hello two");
    assert_eq!(two.payload(), b"hello two");

    three.shout(b"all");
    assert_eq!(one.payload(), b"all");
    assert_eq!(two.payload(), b"all");
    nodes.iter().for_each(Node::expect_silence);
}

#[test]
fn frames_arrive_whole_and_in_order() {
    let (_switch, nodes) = network(1, 2);
    let lengths = [0, 1, 46, 1486, 15_786, FRAME_BYTES_MAX - PAYLOAD];
    let payload = |len: usize| -> Vec<u8> { (0..len).map(|i| (i % 251) as u8).collect() };
    thread::scope(|scope| {
        scope.spawn(|| {
            for len in lengths.iter().cycle().take(240) {
                nodes[0].send(2, &payload(*len));
            }
        });
        for len in lengths.iter().cycle().take(240) {
            assert!(nodes[1].payload() == payload(*len), "{len} bytes");
        }
    });
}

#[test]
fn sixty_three_ports_hear_each_other() {
    let (switch, nodes) = network(1, PORT_MAX);
    for node in &nodes {
        node.shout(&[node.number]);
    }
    for node in &nodes {
        let mut heard: Vec<u8> = (1..PORT_MAX).map(|_| node.payload()[0]).collect();
        heard.sort_unstable();
        let others = (1..=PORT_MAX).filter(|&number| number != node.number);
        assert!(heard.into_iter().eq(others));
    }
    assert_eq!(switch.report().unwrap().ports.len(), usize::from(PORT_MAX));
}

#[test]
fn a_node_that_never_reads_holds_up_nobody() {
    let (switch, nodes) = network(1, 3);
    let [one, two, deaf] = &nodes[..] else {
        unreachable!()
    };
    for _ in 0..4 {
        flood(one, 3, 0..FLOOD_FRAMES);
        one.send(2, b"still there?");
        assert_eq!(two.payload(), b"still there?");
        two.send(1, b"yes");
        assert_eq!(one.payload(), b"yes");
    }
    let port3 = port(&switch, 3);
    assert!(port3.dropped > 0 && port3.queued_frames > 0);
    let all = port3.out_frames + port3.dropped + port3.queued_frames as u64;
    assert_eq!(all, u64::from(4 * FLOOD_FRAMES));
    assert_eq!(port(&switch, 1).dropped + port(&switch, 2).dropped, 0);

    // It comes to its senses and finds what was kept, in order.
    for number in 0..port3.out_frames + port3.queued_frames as u64 {
        assert_eq!(u64::from(deaf.number()), number);
    }
    one.send(3, b"welcome back");
    assert_eq!(deaf.payload(), b"welcome back");
    assert_eq!(port(&switch, 3).queued_frames, 0);
}

#[test]
fn order_is_kept_while_a_queue_drains() {
    let (switch, nodes) = network(1, 2);
    thread::scope(|scope| {
        let sender = scope.spawn(|| flood(&nodes[0], 2, 0..3 * FLOOD_FRAMES));
        await_port(&switch, 2, |port| port.queued_frames > 0);
        let mut last = None;
        while !sender.is_finished() || port(&switch, 2).queued_frames > 0 {
            let Some(frame) = nodes[1].receive_within(GLANCE) else {
                continue;
            };
            // Frames may be missing, as a queue may be full.
            let number = Some(number_of(&frame));
            assert!(number > last, "{number:?} after {last:?}");
            last = number;
        }
    });
}

#[test]
fn a_restarted_node_finds_no_stale_frames() {
    let (switch, nodes) = network(1, 3);
    flood(&nodes[0], 2, 0..FLOOD_FRAMES);
    await_port(&switch, 1, |port| {
        port.in_frames == u64::from(FLOOD_FRAMES) + 1
    });
    nodes[0].send(2, b"the last before");
    await_port(&switch, 1, |port| {
        port.in_frames == u64::from(FLOOD_FRAMES) + 2
    });

    switch.flush(2).unwrap();
    assert!(drain(&nodes[1].fd).unwrap() > 0);
    let port2 = port(&switch, 2);
    assert_eq!((port2.queued_frames, port2.stations), (0, 0));

    nodes[0].send(2, b"the first after");
    assert_eq!(nodes[1].payload(), b"the first after");
    // Where it is has been forgotten too.
    assert_eq!(nodes[2].payload(), b"the first after");
}

#[test]
fn a_station_that_moves_is_found_at_its_new_port() {
    let (switch, nodes) = network(1, 3);
    nodes[2].send_raw(&frame(mac(1), mac(2), b"I moved"));
    assert_eq!(nodes[0].payload(), b"I moved");
    nodes[0].send(2, b"where are you");
    assert_eq!(nodes[2].payload(), b"where are you");
    nodes[1].expect_silence();
    assert_eq!(port(&switch, 2).stations, 0);
    assert_eq!(port(&switch, 3).stations, 2);
}

#[test]
fn what_is_no_frame_goes_nowhere() {
    let (switch, nodes) = network(1, 2);
    let good = frame(ALL, mac(1), &[0; 40]);
    (0..PAYLOAD).for_each(|len| nodes[0].send_raw(&good[..len]));
    nodes[0].send_raw(&frame(ALL, mac(1), &[0; FRAME_BYTES_MAX]));
    nodes[0].send_raw(&frame(ALL, mac(1), &[0; 100_000]));
    nodes[0].send_raw(&frame(ALL, ALL, b"from everyone"));
    nodes[0].send_raw(&frame(ALL, [0; 6], b"from nobody"));
    nodes[0].shout(b"good");
    assert_eq!(nodes[1].payload(), b"good");
    nodes[1].expect_silence();
    let port1 = port(&switch, 1);
    assert_eq!(port1.malformed, PAYLOAD as u64 + 4);
    assert_eq!(port1.in_frames, 2);
}

#[test]
fn random_bytes_are_survived() {
    let (switch, nodes) = network(1, 3);
    let mut state = 12_345u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    thread::scope(|scope| {
        for node in &nodes[1..] {
            scope.spawn(|| while node.receive() != frame(ALL, mac(1), b"end") {});
        }
        for _ in 0..20_000 {
            let len = random() % 200;
            let bytes: Vec<u8> = (0..len).map(|_| random() as u8).collect();
            nodes[0].send_raw(&bytes);
        }
        nodes[0].shout(b"end");
    });
    assert!(port(&switch, 1).stations <= 256);
}

#[test]
fn a_port_can_go_and_come_in_the_middle_of_traffic() {
    let (switch, nodes) = network(1, 2);
    for _ in 0..10 {
        thread::scope(|scope| {
            let traffic = scope.spawn(|| {
                for number in 0..2000u32 {
                    let payload = number.to_be_bytes();
                    nodes[0].send(if number % 2 == 0 { 2 } else { 3 }, &payload);
                }
            });
            while !traffic.is_finished() {
                let _guest = Node::join(&switch, 3);
                switch.remove(3).unwrap();
            }
        });
        // In between it hears frames to node 3 while that is not known.
        for number in (0..2000u32).step_by(2) {
            while nodes[1].payload() != number.to_be_bytes() {}
        }
    }
    assert_eq!(switch.report().unwrap().ports.len(), 2);
}

#[test]
fn a_closed_node_is_told_and_costs_the_others_nothing() {
    let (switch, mut nodes) = network(1, 3);
    drop(nodes.pop());
    await_port(&switch, 3, |port| !port.open);
    nodes[0].send(3, b"anybody?");
    nodes[0].send(2, b"hello");
    assert_eq!(nodes[1].payload(), b"anybody?");
    assert_eq!(nodes[1].payload(), b"hello");

    switch.remove(3).unwrap();
    let again = Node::join(&switch, 3);
    again.send(1, b"back");
    assert_eq!(nodes[0].payload(), b"back");
}

#[test]
fn mistakes_are_told_and_sockets_given_back() {
    let (switch, _nodes) = network(1, 1);
    let (socket, _node) = port_pair().unwrap();

    let refused = switch.add(1, socket).unwrap_err();
    assert!(matches!(refused.reason, Error::PortTaken(1)));
    for number in [0, 64] {
        let (socket, _node) = port_pair().unwrap();
        let refused = switch.add(number, socket).unwrap_err();
        assert!(matches!(refused.reason, Error::Port(_)));
    }
    let (stream, _other) = UnixStream::pair().unwrap();
    let refused_stream = switch.add(2, OwnedFd::from(stream)).unwrap_err();
    assert!(matches!(refused_stream.reason, Error::SocketType));

    switch.add(2, refused.fd.unwrap()).unwrap();
    assert!(matches!(switch.flush(3), Err(Error::PortFree(3))));
    assert!(matches!(switch.remove(3), Err(Error::PortFree(3))));
}

#[test]
fn any_thread_may_call() {
    let (switch, _nodes) = network(7, 2);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(switch.report().unwrap().seed, 7);
                    switch.flush(1).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_report_survives_json() {
    let (switch, nodes) = network(3, 2);
    nodes[0].send(2, b"hello");
    nodes[1].receive();
    let report = switch.report().unwrap();
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        serde_json::from_str::<ssi_switch::Report>(&json).unwrap(),
        report
    );
    assert_eq!(report.ports[0].in_bytes, 14 + 19);
    assert_eq!(report.ports[1].out_bytes, 19);
}
