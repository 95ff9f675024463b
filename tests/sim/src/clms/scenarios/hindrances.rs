// SPDX-License-Identifier: GPL-2.0

//! Rows of members that hinder.

use super::*;

/// 52: a member sends heartbeats, but its connection breaks whenever something is to
/// be decided: it is fenced, by the leader or by the one that wants to lead.
#[test]
fn row_52_flapping_connection() {
    for (victim, [from, to], rest) in [(5, [1, 3], [1, 2, 4]), (1, [3, 2], [2, 4, 5])] {
        let mut scene = Scene::new(5);
        scene.world.inflict(Fault::Flap(node(from), node(to)));
        scene.assert_quiet(5 * S);
        scene.crash([victim]);
        scene.pass(TIMEOUT);
        scene.assert_fenced([]);
        scene.go_on(rest, WORDS + CHANGE);
        scene.assert_fenced([3]);
    }
}

/// 53: the cleanup after one node never ends, while others go down and come back all
/// the time: it is given up when it should be.
#[test]
fn row_53_cleanup_hangs_while_others_come_and_go() {
    let mut scene = Scene::new(4);
    scene.world.tempo.cleanup_hangs = 1_000;
    scene.crash([3]);
    scene.pass(50 * MS);
    scene.world.tempo.cleanup_hangs = 0;
    for _ in 0..5 {
        scene.crash([4]);
        scene.pass(300 * MS);
        scene.world.inflict(Fault::Start(node(4)));
        scene.pass(300 * MS);
    }
    let view = scene.world.nodes[&node(1)].machine.view();
    assert_eq!(view.entry(node(3)).state, NodeState::Down);
}
