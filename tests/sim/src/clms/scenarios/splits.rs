// SPDX-License-Identifier: GPL-2.0

//! Rows of cut and broken links.

use ssi_core::time::Span;

use super::*;

/// Whoever is outvoted is fenced, not before the timeout, and soon after.
fn split(size: NodeNumber, one: &[NodeNumber], winners: &[NodeNumber], within: u64) {
    let mut scene = Scene::new(size);
    let two: Vec<_> = (1..=size).filter(|number| !one.contains(number)).collect();
    scene.cut(one, &two);
    scene.pass(TIMEOUT - 400 * MS);
    scene.assert_fenced([]);
    scene.go_on(winners.iter().copied(), within);
    scene.assert_fenced((1..=size).filter(|number| !winners.contains(number)));
}

/// 11: two nodes are cut: the coordinator goes on, the other is fenced.
#[test]
fn row_11_two_nodes_cut() {
    split(2, &[1], &[1], 400 * MS + CHANGE);
}

/// 12: one of three is cut off: the other two go on, whoever led.
#[test]
fn row_12_one_of_three_cut_off() {
    split(3, &[3], &[1, 2], 400 * MS + CHANGE);
    split(3, &[1], &[2, 3], 800 * MS + CHANGE);
}

/// 13: five are cut two to three, the leader among the two: the three go on.
#[test]
fn row_13_five_cut_without_the_leader() {
    split(5, &[1, 2], &[3, 4, 5], 800 * MS + CHANGE);
}

/// 14: five are cut three to two, the leader among the three: the three go on.
#[test]
fn row_14_five_cut_with_the_leader() {
    split(5, &[1, 2, 3], &[1, 2, 3], 400 * MS + CHANGE);
}

/// 15: three of sixteen are cut off: those three are fenced and not the thirteen,
/// whoever led.
#[test]
fn row_15_three_of_sixteen_cut_off() {
    let most: Vec<_> = (1..=13).collect();
    split(16, &[14, 15, 16], &most, 400 * MS + CHANGE);
    let most: Vec<_> = (4..=16).collect();
    split(16, &[1, 2, 3], &most, 800 * MS + CHANGE);
}

/// 16: an even split: the side with the coordinator goes on.
#[test]
fn row_16_even_split() {
    split(4, &[1, 2], &[1, 2], 400 * MS + CHANGE);
    split(4, &[1, 4], &[1, 4], 400 * MS + CHANGE);
    let side: Vec<_> = (1..=8).collect();
    split(16, &side, &side, 400 * MS + CHANGE);
}

/// 17: the coordinator dies, and the rest is split evenly at that moment: the side
/// with the lowest node goes on.
#[test]
fn row_17_even_split_without_coordinator() {
    let mut scene = Scene::new(5);
    scene.crash([1]);
    scene.cut(&[2, 5], &[3, 4]);
    scene.go_on([2, 5], TIMEOUT + 2 * CHANGE);
    scene.assert_fenced([3, 4]);
}

/// 18: five are cut two to two to one: nobody may go on, nobody is killed; once
/// healed all five do.
#[test]
fn row_18_no_side_is_large_enough() {
    let mut scene = Scene::new(5);
    scene.cut(&[1, 2], &[3, 4, 5]);
    scene.cut(&[3, 4], &[5]);
    let epoch = scene.world.epoch();
    // Whom a node waits for, and for how long.
    let waits = |scene: &Scene, number| {
        let life = &scene.world.nodes[&node(number)];
        let now = life.clock.read(scene.world.now).instant;
        let standstill = life.machine.standstill(now)?;
        assert!(standstill.unheard.is_subset(&standstill.missing));
        let unheard: Vec<_> = standstill.unheard.iter().collect();
        Some((unheard, now.since(standstill.since)))
    };
    assert!((1..=5).all(|number| waits(&scene, number).is_none()));
    scene.pass(20 * S);
    scene.assert_fenced([]);
    assert_eq!(scene.world.epoch(), epoch);
    for (number, unheard) in [
        (1, [3, 4, 5].as_slice()),
        (3, &[1, 2, 5]),
        (5, &[1, 2, 3, 4]),
    ] {
        let (who, long) = waits(&scene, number).unwrap();
        assert_eq!(who, nodes(unheard.iter().copied()));
        assert!(long > Span::ms(15_000), "{long}");
    }
    // Who follows a leader waits for nobody.
    assert!(waits(&scene, 2).is_none());
    scene.world.inflict(Fault::Heal);
    scene.go_on(1..=5, 3 * S);
    assert!((1..=5).all(|number| waits(&scene, number).is_none()));
    scene.assert_fenced([]);
}

/// 19: a minority waits until enough of the others are proven dead; then it goes
/// on.
#[test]
fn row_19_minority_goes_on_after_deaths() {
    let mut scene = Scene::new(5);
    scene.cut(&[1, 2], &[3, 4, 5]);
    scene.pass(TIMEOUT / 2);
    scene.crash([3, 4]);
    scene.go_on([1, 2], TIMEOUT);
    scene.assert_fenced([5]);
}

/// 20: a cut shorter than the timeout: nobody leaves.
#[test]
fn row_20_short_cut() {
    for size in [2, 3, 5] {
        let mut scene = Scene::new(size);
        scene.cut(&[1], &[2]);
        scene.pass(2_500 * MS);
        scene.world.inflict(Fault::Heal);
        scene.assert_quiet(10 * S);
    }
}

/// 21: only the connection between two members breaks and stays down, heartbeats
/// get through: after the timeout the higher number of the two is fenced, never
/// the leader.
#[test]
fn row_21_link_of_two_members_broken() {
    let mut scene = Scene::new(3);
    scene.world.inflict(Fault::Break(node(2), node(3)));
    scene.go_on([1, 2], NOTICE + TIMEOUT + WORDS + CHANGE);
    scene.assert_fenced([3]);
    let mut scene = Scene::new(3);
    scene.world.inflict(Fault::Break(node(1), node(2)));
    scene.go_on([1, 3], NOTICE + TIMEOUT + CHANGE);
    scene.assert_fenced([2]);
}

/// 22: the same between two nodes that are all there are: the coordinator goes on.
#[test]
fn row_22_only_link_broken() {
    let mut scene = Scene::new(2);
    scene.world.inflict(Fault::Break(node(1), node(2)));
    scene.go_on([1], NOTICE + TIMEOUT + CHANGE);
    scene.assert_fenced([2]);
}

/// 23: a node that can reach several others no more is fenced instead of them.
#[test]
fn row_23_most_broken_links() {
    let mut scene = Scene::new(5);
    for peer in [3, 4, 5] {
        scene.world.inflict(Fault::Break(node(2), node(peer)));
    }
    scene.go_on([1, 3, 4, 5], NOTICE + TIMEOUT + WORDS + CHANGE);
    scene.assert_fenced([2]);
}

/// 24: one way only is cut: like both ways.
#[test]
fn row_24_one_way() {
    for (from, to, loser) in [(1, 3, 3), (3, 1, 3), (2, 3, 3), (3, 2, 3)] {
        let mut scene = Scene::new(3);
        scene.cut_one_way(&[from], &[to]);
        scene.go_on((1..=3).filter(|&n| n != loser), TIMEOUT + 2 * S);
        scene.assert_fenced([loser]);
    }
    let mut scene = Scene::new(2);
    scene.cut_one_way(&[2], &[1]);
    scene.go_on([1], TIMEOUT + 2 * S);
    scene.assert_fenced([2]);
}

/// 25: the leader hears nobody, but all hear it: it is fenced, the others go on.
#[test]
fn row_25_deaf_leader() {
    let mut scene = Scene::new(5);
    scene.cut_one_way(&[2, 3, 4, 5], &[1]);
    scene.go_on([2, 3, 4, 5], TIMEOUT + WORDS + CHANGE);
    scene.assert_fenced([1]);
}

/// 26: nobody hears the leader, but it hears all: the same.
#[test]
fn row_26_mute_leader() {
    let mut scene = Scene::new(5);
    scene.cut_one_way(&[1], &[2, 3, 4, 5]);
    scene.go_on([2, 3, 4, 5], TIMEOUT + CHANGE);
    scene.assert_fenced([1]);
}

/// 27: the losers of a split come back as new lives when it is healed.
#[test]
fn row_27_losers_come_back() {
    let mut scene = Scene::new(16);
    let most: Vec<_> = (1..=13).collect();
    scene.cut(&[14, 15, 16], &most);
    scene.go_on(1..=13, TIMEOUT + S);
    scene.world.inflict(Fault::Heal);
    for number in [14, 15, 16] {
        scene.world.inflict(Fault::Start(node(number)));
    }
    scene.go_on(1..=16, S);
    assert_eq!(scene.cause_of_leaving(15), Some(Cause::Fenced));
}

/// 28: a fifth of the heartbeats is lost, the rest comes late: nobody leaves.
#[test]
fn row_28_bad_weather() {
    let mut scene = Scene::new(8);
    scene.world.inflict(Fault::Loss(200));
    scene.world.inflict(Fault::Delay(50 * MS));
    scene.assert_quiet(120 * S);
}
