// SPDX-License-Identifier: GPL-2.0

//! Cost and end of the thread.
//!
//! One test, because it looks at all threads of its process.

mod common;

use std::{
    fs,
    os::fd::OwnedFd,
    path::PathBuf,
    thread,
    time::Duration, //
};

use common::*;
use rustix::net::{
    self,
    RecvFlags, //
};
use ssi_switch::{
    port_pair,
    Switch, //
};

/// How long the thread is watched doing nothing: 100 ticks of the clock that
/// counts its time.
const WATCH: Duration = Duration::from_secs(1);

/// What an idle thread may use of it.
const IDLE_TICKS_MAX: u64 = 5;

/// The directories of this process's switch threads.
fn switch_threads() -> Vec<PathBuf> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let paths = tasks.map(|task| task.unwrap().path());
    let is_switch = |path: &PathBuf| {
        let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
        name.trim() == "ssi-switch"
    };
    paths.filter(is_switch).collect()
}

/// The ticks for which the only switch thread has run.
fn used_ticks() -> u64 {
    let threads = switch_threads();
    assert_eq!(threads.len(), 1);
    let stat = fs::read_to_string(threads[0].join("stat")).unwrap();
    // Behind the name, which may contain anything: user time is field 14 of
    // the line, system time field 15.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let times = fields.split_whitespace().skip(11).take(2);
    times.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

fn assert_idle(when: &str) {
    let before = used_ticks();
    thread::sleep(WATCH);
    let used = used_ticks() - before;
    assert!(used <= IDLE_TICKS_MAX, "{when}: {used} ticks");
}

/// A node with a copy of the switch's end, which keeps its socket alive.
fn join_with_copy(switch: &Switch, number: u8) -> (Node, OwnedFd) {
    let (ours, fd) = port_pair().unwrap();
    let copy = ours.try_clone().unwrap();
    switch.add(number, ours).unwrap();
    (Node { number, fd }, copy)
}

#[test]
fn it_sleeps_when_idle_and_ends_with_its_owner() {
    let (switch, nodes) = network(1, 3);
    let [one, _two, three] = &nodes[..] else {
        unreachable!()
    };
    assert_idle("no traffic");

    flood_until(&switch, one, 3, |port| port.dropped > 0);
    assert_idle("a full port");

    while three.receive_within(GLANCE).is_some() {}
    assert_idle("a port that was full");

    let (four, _copy) = join_with_copy(&switch, 4);
    drop(four);
    await_port(&switch, 4, |port| !port.open);
    assert_idle("a closed node");

    drop(switch);
    assert!(switch_threads().is_empty());
    // Its end is closed: the node finds the end of the stream.
    let (len, _) = net::recv(&one.fd, &mut [0; 1][..], RecvFlags::empty()).unwrap();
    assert_eq!(len, 0);
}
