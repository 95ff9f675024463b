// SPDX-License-Identifier: GPL-2.0

//! Questions to plain files.

mod plain_files;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path, //
};

use libcluster::{
    Cluster,
    ClusterNode,
    Error,
    NodeState,
    NotMoved,
    Pid,
    PowerAction,
    TransId,
    Which, //
};

/// A cluster of plain files; the folder goes with the first value.
fn cluster() -> (plain_files::Place, Cluster) {
    let place = plain_files::make();
    let cluster = Cluster::at(place.path().to_str().unwrap()).unwrap();
    (place, cluster)
}

fn node(number: u8) -> ClusterNode {
    ClusterNode::new(number).unwrap()
}

fn content(place: &Path, file: &str) -> String {
    fs::read_to_string(place.join(file)).unwrap()
}

#[test]
fn a_kernel_that_is_no_node_says_so() {
    let why = Cluster::at("/nonexistent").unwrap_err().to_string();
    assert!(why.contains("not a node of a cluster"), "{why}");
}

#[test]
fn who_is_up_comes_with_the_transition_it_holds_since() {
    let (_place, cluster) = cluster();
    let membership = cluster.membership().unwrap();
    assert_eq!(membership.transid, TransId(6));
    assert_eq!(membership.up, [node(1), node(2)]);
    assert!(cluster.avail(node(2)).unwrap());
    assert!(!cluster.avail(node(3)).unwrap());
    assert!(!cluster.avail(node(9)).unwrap());
}

#[test]
fn a_node_knows_itself_and_its_cluster() {
    let (_place, cluster) = cluster();
    assert_eq!(cluster.num().unwrap(), node(2));
    assert_eq!(cluster.name().unwrap().as_str(), "lab-2");
    assert_eq!(Cluster::maxnodes(), 63);
}

#[test]
fn details_of_a_node_are_those_it_joined_with() {
    let (_place, cluster) = cluster();
    let info = cluster.info(node(3)).unwrap();
    assert_eq!((info.state, info.cpus), (NodeState::GoingDown, 2));
    assert_eq!(info.last_transition, TransId(6));
    assert_eq!(cluster.info(node(9)).unwrap().state, NodeState::NeverUp);
}

#[test]
fn simple_transitions_are_drained_in_order() {
    let (_place, cluster) = cluster();
    let mut last = TransId(2);
    let mut seen = Vec::new();
    while let Some(next) = cluster.transition_after(last).unwrap() {
        last = next.id;
        seen.push((next.node.get(), next.to));
    }
    let expected = [
        (2, NodeState::Up),
        (3, NodeState::Up),
        (3, NodeState::GoingDown),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn any_transition_is_found_by_its_relation() {
    let (_place, cluster) = cluster();
    let cause = |which| cluster.detailed_transition(which).unwrap().cause;
    assert_eq!(cause(Which::First), "founded");
    assert_eq!(cause(Which::Last), "died");
    assert_eq!(cause(Which::This(TransId(3))), "joined");
    assert!(cluster
        .detailed_transition(Which::This(TransId(7)))
        .is_err());
}

#[test]
fn a_signal_is_ordered_by_its_number() {
    let (place, cluster) = cluster();
    fs::write(place.path().join("events"), "").unwrap();
    drop(cluster.register_signal(10).unwrap());
    assert_eq!(content(&place.path(), "events"), "signal 10");
}

#[test]
fn a_shutdown_is_asked_for_where_the_node_is() {
    let (place, cluster) = cluster();
    cluster.shut_down(node(1), PowerAction::Halt).unwrap();
    cluster.shut_down(node(2), PowerAction::Reboot).unwrap();
    assert_eq!(content(&place.path(), "node1/shutdown"), "halt\n");
    assert_eq!(content(&place.path(), "node2/shutdown"), "reboot\n");
    for never_up in [node(4), node(9)] {
        let asked = cluster.shut_down(never_up, PowerAction::Halt);
        assert!(matches!(asked, Err(Error::NotUp(_))));
    }
}

#[test]
fn a_process_is_where_its_kernel_says() {
    let (place, cluster) = cluster();
    let ask = |pid| cluster.node_pid(Pid::new(pid).unwrap());
    place.add_process(65_600, "1\n");
    place.add_process(1, "2\n");
    assert_eq!(ask(65_600).unwrap(), node(1));
    assert_eq!(ask(1).unwrap(), node(2));
    assert!(matches!(ask(65_601), Err(Error::NoProcess(_))));
    for (pid, line) in [(7, "0\n"), (8, ""), (9, "64\n"), (10, "1 2\n"), (11, "x\n")] {
        place.add_process(pid, line);
        let why = ask(pid.try_into().unwrap()).unwrap_err();
        assert!(matches!(why, Error::Malformed { .. }), "{why}");
    }
}

#[test]
fn a_process_is_told_where_to_go() {
    let (place, cluster) = cluster();
    let pid = |number| Pid::new(number).unwrap();
    for (number, group) in [(65_600, 65_600), (196_608, 65_600), (65_601, 65_601)] {
        place.add_process(number, "1\n");
        place.let_move(number, group, "");
    }
    assert_eq!(
        cluster.group(pid(65_600)).unwrap(),
        [65_600, 196_608].map(pid)
    );
    assert_eq!(cluster.group(pid(65_602)).unwrap(), []);
    cluster.migrate_pid(pid(65_601), node(3)).unwrap();
    assert_eq!(place.told(65_601), "3\n");
    let why = cluster.migrate_pid(pid(65_602), node(3)).unwrap_err();
    assert!(matches!(why, NotMoved::NoProcess(_)), "{why}");
    place.add_process(8, "1\n");
    let why = cluster.migrate_pid(pid(8), node(3)).unwrap_err();
    assert!(matches!(why, NotMoved::NoCall), "{why}");
}

#[test]
fn a_kernel_without_processes_of_the_cluster_says_so() {
    let (place, cluster) = cluster();
    place.add_process(5, "");
    fs::remove_file(place.path().join("../5/where")).unwrap();
    let why = cluster.node_pid(Pid::new(5).unwrap()).unwrap_err();
    assert!(matches!(why, Error::NotNode { .. }), "{why}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let (place, cluster) = cluster();
    let view = place.path().join("view");
    fs::remove_file(&view).unwrap();
    fs::create_dir(&view).unwrap();
    fs::set_permissions(&view, fs::Permissions::from_mode(0o755)).unwrap();
    let why = cluster.membership().unwrap_err().to_string();
    assert!(why.contains("/view: "), "{why}");
}

#[test]
fn a_node_says_how_many_tasks_run() {
    let (place, cluster) = cluster();
    place.keep_busy(2, 7);
    assert_eq!(cluster.run_queue(node(1)).unwrap(), 1);
    assert_eq!(cluster.run_queue(node(2)).unwrap(), 7);
    let why = cluster.run_queue(node(9)).unwrap_err();
    assert!(matches!(why, Error::NotNode { .. }), "{why}");
    fs::write(place.path().join("node1/loadavg"), "much\n").unwrap();
    let why = cluster.run_queue(node(1)).unwrap_err().to_string();
    assert!(why.contains("is not understood: 'much'"), "{why}");
}

/// Node 3 is not up, and has two processors.
#[test]
fn the_fastest_node_has_least_to_do_for_a_processor() {
    let (place, cluster) = cluster();
    let view = content(&place.path(), "view");
    let four_cpus = view.replace("1 UP 1 1", "1 UP 1 4");
    let three = view.replace("3 GOINGDOWN", "3 UP");
    for (view, tasks, fastest) in [
        (&view, [1, 1, 0], 2),
        (&view, [1, 2, 0], 1),
        (&view, [3, 2, 0], 2),
        (&four_cpus, [8, 2, 0], 2),
        (&four_cpus, [7, 2, 0], 1),
        (&three, [5, 5, 10], 2),
        (&three, [4, 5, 9], 1),
        (&three, [4, 5, 7], 3),
    ] {
        fs::write(place.path().join("view"), view).unwrap();
        for (number, tasks) in (1..).zip(tasks) {
            place.keep_busy(number, tasks);
        }
        assert_eq!(cluster.fastest().unwrap(), node(fastest), "{tasks:?}");
    }
}

#[test]
fn no_node_is_the_fastest_of_none() {
    let (place, cluster) = cluster();
    let view = content(&place.path(), "view").replace(" UP ", " DOWN ");
    fs::write(place.path().join("view"), view).unwrap();
    let why = cluster.fastest().unwrap_err();
    assert!(matches!(why, Error::NoView), "{why}");
}
