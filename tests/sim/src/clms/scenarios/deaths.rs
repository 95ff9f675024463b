// SPDX-License-Identifier: GPL-2.0

//! Rows of proven deaths.

use super::*;

/// 1: of two, the follower is killed: the leader goes on.
#[test]
fn row_01_two_nodes_follower_killed() {
    let mut scene = Scene::new(2);
    scene.crash([2]);
    scene.go_on([1], CHANGE);
    scene.assert_fenced([]);
    assert_eq!(scene.cause_of_leaving(2), Some(Cause::Died));
}

/// 2: of two, the leader is killed: the other goes on.
#[test]
fn row_02_two_nodes_leader_killed() {
    let mut scene = Scene::new(2);
    scene.crash([1]);
    scene.go_on([2], CHANGE);
    scene.assert_fenced([]);
    assert_eq!(scene.leader(), Some(node(2)));
}

/// 3: any one of three, five or sixteen is killed: the rest goes on; the lowest
/// leads when it was the leader.
#[test]
fn row_03_one_of_several_killed() {
    for size in [3, 5, 16] {
        for victim in [1, 2, size] {
            let mut scene = Scene::new(size);
            scene.crash([victim]);
            scene.go_on((1..=size).filter(|&n| n != victim), CHANGE);
            scene.assert_fenced([]);
            let leader = if victim == 1 { 2 } else { 1 };
            assert_eq!(scene.leader(), Some(node(leader)), "{size} {victim}");
        }
    }
}

/// 4: ten of sixteen are killed at once, with and without the leader: six go on.
#[test]
fn row_04_ten_of_sixteen_killed() {
    let mut scene = Scene::new(16);
    scene.crash(7..=16);
    scene.go_on(1..=6, CHANGE);
    scene.assert_fenced([]);
    let mut scene = Scene::new(16);
    scene.crash(1..=10);
    scene.go_on(11..=16, CHANGE);
    scene.assert_fenced([]);
}

/// 5: all but one are killed: that one goes on.
#[test]
fn row_05_all_but_one_killed() {
    for survivor in [1, 3, 5] {
        let mut scene = Scene::new(5);
        scene.crash((1..=5).filter(|&n| n != survivor));
        scene.go_on([survivor], CHANGE);
        scene.assert_fenced([]);
    }
}

/// 6: all are killed: who is started founds a cluster with higher epochs.
#[test]
fn row_06_all_killed() {
    let mut scene = Scene::new(3);
    let epoch = scene.world.epoch();
    scene.crash(1..=3);
    scene.pass(100 * MS);
    for number in 1..=3 {
        scene.world.inflict(Fault::Start(node(number)));
    }
    scene.go_on(1..=3, S);
    scene.assert_fenced([]);
    assert!(scene.world.epoch() > epoch);
}

/// 7: the supervisor reports another death while the view without the first is
/// being prepared: both leave, in one view or two, and nobody else.
#[test]
fn row_07_death_during_prepare() {
    for us in (0..3_000).step_by(97) {
        let mut scene = Scene::new(5);
        scene.crash([5]);
        scene.pass(us);
        scene.crash([4]);
        scene.go_on([1, 2, 3], CHANGE);
        scene.assert_fenced([]);
    }
}

/// 8: the leader dies at any point of a view change: the others finish what may
/// have been taken anywhere, or do it again; nobody else leaves.
#[test]
fn row_08_leader_dies_at_each_effect() {
    for size in [2, 3, 5] {
        for effects in 0..60 {
            let mut scene = Scene::with_seed(size + 1, 7 + effects);
            scene.world.inflict(Fault::Trip(node(1), effects));
            scene.crash([size + 1]);
            scene.pass(CHANGE);
            let survivors = scene.settle_living(CHANGE);
            let least = usize::from(size) - 1;
            assert!(survivors.len() >= least, "{size} {effects}: {survivors:?}");
            scene.assert_fenced([]);
        }
    }
}

/// 9: leader and successor die one after the other in the middle of it.
#[test]
fn row_09_successor_dies_as_well() {
    for first in (0..30).step_by(3) {
        for second in (0..30).step_by(2) {
            let mut scene = Scene::with_seed(5, first * 100 + second);
            scene.world.inflict(Fault::Trip(node(1), first));
            scene.world.inflict(Fault::Trip(node(2), second));
            scene.crash([5]);
            scene.pass(CHANGE);
            let survivors = scene.settle_living(CHANGE);
            assert!(survivors.contains(&node(3)) && survivors.contains(&node(4)));
            scene.assert_fenced([]);
        }
    }
}

/// 10: a kernel boots again in its process: the old life leaves as dead, the new
/// one joins.
#[test]
fn row_10_kernel_boots_again() {
    for victim in [1, 3] {
        let mut scene = Scene::new(3);
        scene.world.inflict(Fault::Reboot(node(victim)));
        scene.go_on(1..=3, S);
        scene.assert_fenced([]);
        assert_eq!(scene.cause_of_leaving(victim), Some(Cause::Died));
    }
}
