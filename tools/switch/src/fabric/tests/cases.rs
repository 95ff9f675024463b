// SPDX-License-Identifier: GPL-2.0

//! Single cases, step by step.

use super::*;

#[test]
fn a_sound_network_delivers_at_once() {
    let mut model = Model::new(1);
    model.send(1, 2);
    model.shout(3);
    let arrived: Vec<_> = model.arrivals.iter().map(|a| (a.from, a.to)).collect();
    assert_eq!(arrived, [(1, 2), (3, 1), (3, 2), (3, 4)]);
}

#[test]
fn malformed_frames_teach_nothing() {
    let mut fabric = Fabric::new(1);
    fabric.attach(port(1));
    let runt = &frame(mac(2), mac(1), 0)[..13];
    let verdict = fabric.receive(millis(0), port(1), runt);
    assert_eq!(verdict, Err(Malformed::Runt));
    assert_eq!(fabric.stations(port(1)), 0);
}

#[test]
fn a_cut_is_symmetric_and_spares_the_others() {
    let mut model = Model::new(1);
    model.change(cut(ONE, TWO));
    model.send(1, 2);
    model.send(2, 1);
    model.send(1, 3);
    model.shout(1);
    let arrived: Vec<_> = model.arrivals.iter().map(|a| (a.from, a.to)).collect();
    assert_eq!(arrived, [(1, 3), (1, 3), (1, 4)]);
    assert_eq!(model.lost, 3);
}

#[test]
fn a_cut_takes_what_is_in_flight() {
    let mut model = Model::new(1);
    model.change(delay(50, 0));
    model.send(1, 2);
    model.send(1, 3);
    model.change(cut(ONE, TWO));
    model.change(FaultChange::Join {
        a: ONE,
        b: TWO,
        way: BOTH,
    });
    model.wait(millis(50));
    assert!(model.numbers(1, 2).is_empty());
    assert_eq!(model.numbers(1, 3), [1]);
    assert_eq!(model.lost, 1);
}

#[test]
fn healing_delivers_what_is_in_flight_before_what_comes() {
    let mut model = Model::new(1);
    model.change(delay(60_000, 0));
    (0..3).for_each(|_| model.send(1, 2));
    model.change(FaultChange::HealAll);
    model.send(1, 2);
    assert_eq!(model.numbers(1, 2), [0, 1, 2, 3]);
    assert_eq!(model.now, Duration::ZERO);
}

#[test]
fn a_flushed_port_gets_nothing_from_before() {
    let mut model = Model::new(1);
    model.change(delay(10, 0));
    for (from, to) in [(1, 2), (2, 3), (1, 3)] {
        model.send(from, to);
    }
    assert_eq!(model.fabric.flush(port(2)).len(), 2);
    assert_eq!(model.fabric.stations(port(2)), 0);
    model.wait(millis(10));
    assert_eq!(model.arrivals.len(), 1);
    assert_eq!(model.numbers(1, 3), [1]);
}

#[test]
fn a_detached_port_gets_nothing_at_all() {
    let mut model = Model::new(1);
    model.fabric.detach(port(2));
    model.shout(1);
    model.send(1, 2);
    assert!(model.arrivals.iter().all(|arrival| arrival.to != 2));
}

#[test]
fn reorder_lets_the_next_frame_pass() {
    let mut model = Model::new(1);
    model.change(reorder(percent(100)));
    (0..4).for_each(|_| model.send(1, 2));
    assert_eq!(model.numbers(1, 2), [1, 0, 3, 2]);
}

#[test]
fn a_reordered_frame_without_a_next_one_goes_anyway() {
    let mut model = Model::new(1);
    model.change(reorder(percent(100)));
    model.send(1, 2);
    model.wait(millis(u64::from(REORDER_MS_MAX) - 1));
    assert!(model.numbers(1, 2).is_empty());
    model.wait(millis(1));
    assert_eq!(model.numbers(1, 2), [0]);
    // It is not held any more, so that the next one is.
    model.send(1, 2);
    assert_eq!(model.numbers(1, 2), [0]);
}

#[test]
fn reorder_works_within_a_delay() {
    let mut model = Model::new(1);
    model.change(delay(100, 0));
    model.change(reorder(percent(100)));
    model.send(1, 2);
    model.wait(millis(1));
    model.send(1, 2);
    model.wait(millis(99));
    assert!(model.numbers(1, 2).is_empty());
    model.wait(millis(1));
    assert_eq!(model.numbers(1, 2), [1, 0]);
}

#[test]
fn too_much_in_flight_is_dropped_at_that_port_only() {
    let mut model = Model::new(1);
    model.change(delay(10, 0));
    (0..=flight::FLIGHT_FRAMES_MAX).for_each(|_| model.send(1, 2));
    assert_eq!(model.dropped, 1);
    model.send(1, 3);
    model.wait(millis(10));
    assert_eq!(model.numbers(1, 2).len(), flight::FLIGHT_FRAMES_MAX);
    assert_eq!(model.numbers(1, 3).len(), 1);
}
