// SPDX-License-Identifier: GPL-2.0

//! Rows of joining and leaving.

use super::*;

/// 39: fifteen nodes join at once: few views, all UP.
#[test]
fn row_39_joining_at_once() {
    let (all, mut world) = unborn(16, 3);
    for &node in &all {
        world.inflict(Fault::Start(node));
    }
    world.settle(&all, S).unwrap();
    assert!(world.epoch() <= 4, "{}", world.epoch());
}

/// Nodes 1 to 3 are a cluster, node 4 has just been started and wants to join.
fn joining(seed: u64) -> Scene {
    let mut scene = Scene::with_seed(4, seed);
    scene.crash([4]);
    scene.go_on(1..=3, S);
    scene.world.inflict(Fault::Start(node(4)));
    scene
}

/// 40: a joiner dies at any point of its admission: it leaves again if it was in,
/// and nobody else does.
#[test]
fn row_40_joiner_dies() {
    for effects in 0..30 {
        let mut scene = joining(effects);
        scene.world.inflict(Fault::Trip(node(4), effects));
        scene.pass(S);
        let rest = scene.settle_living(S);
        assert!(rest.len() >= 3);
        scene.assert_fenced([]);
    }
}

/// 41: the leader dies at any point of an admission: the joiner gets in under the
/// next leader.
#[test]
fn row_41_leader_dies_while_admitting() {
    for effects in 0..60 {
        let mut scene = joining(effects);
        scene.pass(12 * MS);
        scene.world.inflict(Fault::Trip(node(1), effects));
        scene.pass(S);
        let rest = scene.settle_living(S);
        assert!(rest.contains(&node(4)), "{effects}");
        scene.assert_fenced([]);
    }
}

/// 42: leader and joiner die together at any point of an admission.
#[test]
fn row_42_both_die() {
    for effects in 0..40 {
        let mut scene = joining(effects);
        scene.pass(12 * MS);
        scene.world.inflict(Fault::Trip(node(1), effects));
        scene.world.inflict(Fault::Trip(node(4), effects / 2));
        scene.pass(S);
        let rest = scene.settle_living(S);
        assert!(rest.contains(&node(2)) && rest.contains(&node(3)));
        scene.assert_fenced([]);
    }
}

/// 43: a killed node is started at once: its new life waits until the old one has
/// been cleaned up after, then joins.
#[test]
fn row_43_back_at_once() {
    for victim in [1, 2, 3] {
        let mut scene = Scene::new(3);
        scene.crash([victim]);
        scene.world.inflict(Fault::Start(node(victim)));
        scene.go_on(1..=3, S);
        scene.assert_fenced([]);
    }
}

/// 44: the user-level cleanup after a node never ends: it is given up, and the
/// node comes back.
#[test]
fn row_44_cleanup_hangs() {
    let mut scene = Scene::new(3);
    scene.world.tempo.cleanup_hangs = 1000;
    scene.crash([3]);
    scene.world.inflict(Fault::Start(node(3)));
    scene.pass(S);
    assert!(scene.world.is_whole(&nodes(1..=3)).is_err());
    scene.go_on(1..=3, 2 * S);
}

/// 45: a user of any node asks for the shutdown of any node, the leader as well:
/// that node ends in order and leaves for that cause, the rest goes on.
#[test]
fn row_45_shutdown() {
    for user in [1, 2, 3] {
        for victim in [1, 2, 3] {
            let mut scene = Scene::new(3);
            scene
                .world
                .inflict(Fault::ShutDown(node(user), node(victim)));
            scene.go_on((1..=3).filter(|&n| n != victim), S);
            scene.assert_fenced([]);
            assert_eq!(scene.cause_of_leaving(victim), Some(Cause::Left));
        }
    }
}

/// 46: a node ends in order unasked: it leaves for that cause.
#[test]
fn row_46_leave() {
    for victim in [1, 2] {
        let mut scene = Scene::new(3);
        scene.world.inflict(Fault::Leave(node(victim)));
        scene.go_on((1..=3).filter(|&n| n != victim), S);
        scene.assert_fenced([]);
        assert_eq!(scene.cause_of_leaving(victim), Some(Cause::Left));
    }
}

/// 47: a node that cannot reach one member stays outside until it can; nobody is
/// killed for it.
#[test]
fn row_47_joiner_without_a_link() {
    let mut scene = Scene::new(4);
    scene.crash([4]);
    scene.go_on(1..=3, S);
    scene.world.inflict(Fault::Break(node(4), node(2)));
    scene.world.inflict(Fault::Start(node(4)));
    scene.pass(10 * S);
    scene.world.is_whole(&nodes(1..=3)).unwrap();
    scene.assert_fenced([]);
    scene.world.inflict(Fault::Heal);
    scene.go_on(1..=4, 3 * S);
    scene.assert_fenced([]);
}

/// 48: all members die while a node that may have been let in is frozen: nobody
/// founds a cluster before that node has woken and said where it stands.
#[test]
fn row_48_founder_waits_for_the_frozen() {
    let mut admitted = 0;
    for us in (0..600).step_by(20) {
        let (_, mut world) = unborn(3, us);
        world.inflict(Fault::Start(node(2)));
        world.settle(&[node(2)], S).unwrap();
        world.inflict(Fault::Start(node(3)));
        while world.nodes[&node(2)].machine.view().members().len() < 2 {
            world.pass(10).unwrap();
        }
        world.pass(us).unwrap();
        world.inflict(Fault::Freeze(node(3)));
        world.inflict(Fault::Crash(node(2)));
        world.inflict(Fault::Start(node(1)));
        world.pass(10 * S).unwrap();
        assert_eq!(world.nodes[&node(1)].machine.steps().0, 0, "{us}");
        world.inflict(Fault::Resume(node(3)));
        let epoch = world.epoch();
        world.settle(&[node(1), node(3)], 2 * S).unwrap();
        admitted += usize::from(epoch > 0 || world.leader() == Some(node(3)));
    }
    assert!(admitted > 0, "it was never let in before it slept");
}

/// 49: the leader dies while a user-level cleanup runs on its node: the next leader
/// runs it again.
#[test]
fn row_49_cleanup_after_takeover() {
    let mut scene = Scene::new(4);
    scene.world.tempo.cleanup = 500 * MS;
    scene.crash([4]);
    scene.pass(20 * MS);
    scene.world.tempo.cleanup = MS;
    scene.crash([1]);
    scene.go_on([2, 3], CHANGE);
}

/// 50: a node is shut down while the leader that was asked dies: it is asked again.
#[test]
fn row_50_shutdown_and_leader_dies() {
    for us in (0..3_000).step_by(100) {
        let mut scene = Scene::with_seed(4, us);
        scene.world.inflict(Fault::ShutDown(node(2), node(3)));
        scene.pass(us);
        scene.crash([1]);
        scene.go_on([2, 4], 2 * S);
        assert_eq!(scene.cause_of_leaving(3), Some(Cause::Left), "{us}");
    }
}

/// 51: a kernel boots again; a joiner, linked with its new life, is let into a view
/// that still has the old one, by a leader that finishes what another began; then
/// that leader dies as well. The old life's death was reported before the joiner was
/// born, who is told of it all the same, and goes on.
#[test]
fn row_51_death_before_birth() {
    let mut met = 0;
    for seed in 0..1_000 {
        let (all, mut world) = unborn(4, seed);
        world.inflict(Fault::Start(node(1)));
        world.settle(&all[..1], S).unwrap();
        world.inflict(Fault::Start(node(2)));
        world.inflict(Fault::Start(node(3)));
        world.settle(&all[..3], S).unwrap();
        world.tempo.host = 200 * MS;
        world.inflict(Fault::Reboot(node(3)));
        world.inflict(Fault::Start(node(4)));
        world.after(100 * MS + seed % 400 * MS, Fault::Crash(node(1)));
        for _ in 0..700 {
            world.pass(MS).unwrap();
            let view = world.nodes[&node(4)].machine.view();
            let old = view.member(node(3));
            if old.is_none_or(|old| world.lives(old)) || world.nodes.contains_key(&node(1)) {
                continue;
            }
            met += 1;
            world.tempo.host = 100;
            world.inflict(Fault::Crash(node(2)));
            world.settle(&[node(3), node(4)], S).unwrap();
            break;
        }
    }
    assert!(met > 0, "the case never came up");
}
