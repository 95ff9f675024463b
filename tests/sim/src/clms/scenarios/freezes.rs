// SPDX-License-Identifier: GPL-2.0

//! Rows of sleeping nodes.

use super::*;

/// 29: of two, the follower is frozen past the timeout: it is fenced, the leader
/// goes on.
#[test]
fn row_29_two_nodes_follower_frozen() {
    let mut scene = Scene::new(2);
    scene.world.inflict(Fault::Freeze(node(2)));
    scene.pass(TIMEOUT - 400 * MS);
    scene.assert_fenced([]);
    scene.go_on([1], 400 * MS + CHANGE);
    scene.assert_fenced([2]);
}

/// 30: of two, the leader is frozen past the timeout: it is fenced half a timeout
/// later, for it could have been the other who is cut off.
#[test]
fn row_30_two_nodes_leader_frozen() {
    let mut scene = Scene::new(2);
    scene.world.inflict(Fault::Freeze(node(1)));
    scene.pass(TIMEOUT + HALF - 400 * MS);
    scene.assert_fenced([]);
    scene.go_on([2], 400 * MS + CHANGE);
    scene.assert_fenced([1]);
}

/// 31: one of several is frozen past the timeout, the leader or another: it is
/// fenced, the rest goes on.
#[test]
fn row_31_one_of_several_frozen() {
    for size in [3, 5, 16] {
        for victim in [1, 2, size] {
            let mut scene = Scene::new(size);
            scene.world.inflict(Fault::Freeze(node(victim)));
            scene.pass(TIMEOUT - 400 * MS);
            scene.assert_fenced([]);
            scene.go_on((1..=size).filter(|&n| n != victim), 500 * MS + CHANGE);
            scene.assert_fenced([victim]);
        }
    }
}

/// 32: a node is frozen for less than the timeout, the leader or another, whether
/// its clock stood or not: nobody leaves.
#[test]
fn row_32_short_freeze() {
    for size in [2, 3, 5] {
        for victim in [1, 2] {
            for stands in [false, true] {
                let mut scene = Scene::with_seed(size, u64::from(victim));
                scene.world.tempo.clocks_stand = stands;
                // A clock that stood sends its next beat only when it was due.
                let how_long = if stands { 2_750 } else { 2_950 };
                scene.world.inflict(Fault::Nap(node(victim), how_long * MS));
                scene.assert_quiet(10 * S);
            }
        }
    }
}

/// 33: all nodes stop at the same time and go on, because the host slept: nobody
/// leaves, however long it was.
#[test]
fn row_33_host_sleeps() {
    for seconds in [1, 10, 1_000] {
        let mut scene = Scene::new(5);
        for number in 1..=5 {
            scene.world.inflict(Fault::Nap(node(number), seconds * S));
        }
        scene.pass(seconds * S);
        scene.assert_quiet(10 * S);
    }
}

/// 34: a minority is frozen: it is fenced; the majority goes on.
#[test]
fn row_34_minority_frozen() {
    let mut scene = Scene::new(5);
    for number in [1, 2] {
        scene.world.inflict(Fault::Freeze(node(number)));
    }
    scene.go_on([3, 4, 5], TIMEOUT + 500 * MS + CHANGE);
    scene.assert_fenced([1, 2]);
}

/// 35: a majority is frozen: the rest waits and nobody is killed; when they wake
/// all go on.
#[test]
fn row_35_majority_frozen() {
    let mut scene = Scene::new(5);
    for number in [1, 2, 3] {
        scene.world.inflict(Fault::Freeze(node(number)));
    }
    scene.pass(20 * S);
    scene.assert_fenced([]);
    for number in [1, 2, 3] {
        scene.world.inflict(Fault::Resume(node(number)));
    }
    scene.go_on(1..=5, 3 * S);
    scene.assert_fenced([]);
}

/// 36: a leader that was frozen wakes after the others have begun to elect another
/// and before it is killed: it follows, and is killed if that was asked for.
#[test]
fn row_36_leader_wakes_in_time() {
    for us in (0..400 * MS).step_by(13_000) {
        let mut scene = Scene::with_seed(3, us);
        scene.world.inflict(Fault::Freeze(node(1)));
        scene.pass(TIMEOUT - 200 * MS + us);
        scene.world.inflict(Fault::Resume(node(1)));
        scene.pass(2 * S);
        let rest = scene.world.living();
        assert!(rest.contains(&node(2)) && rest.contains(&node(3)), "{us}");
        scene.world.settle(&rest, S).unwrap();
    }
}

/// 37: a host so loaded that nodes take up to 300 ms for an event now and then:
/// nobody leaves.
#[test]
fn row_37_loaded_host() {
    let mut scene = Scene::new(8);
    for number in 1..=8 {
        scene.world.inflict(Fault::Slow(node(number), 300 * MS));
    }
    scene.assert_quiet(60 * S);
}

/// 38: clocks jump ahead: nobody leaves.
#[test]
fn row_38_clocks_jump() {
    let mut scene = Scene::new(3);
    for (number, seconds) in [(1, 2), (2, 100), (3, 3), (1, 1)] {
        scene.world.inflict(Fault::Jump(node(number), seconds * S));
        scene.assert_quiet(2 * S);
    }
}
