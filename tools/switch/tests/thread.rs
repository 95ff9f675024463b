// SPDX-License-Identifier: GPL-2.0

//! The thread of the switch: its cost and its end.
//!
//! One test, because it looks at all threads of its process.

mod common;

use std::{
    fs,
    path::PathBuf,
    thread,
    time::Duration, //
};

use common::*;
use rustix::net::{
    self,
    RecvFlags, //
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

#[test]
fn it_sleeps_when_idle_and_ends_with_its_owner() {
    let (switch, mut nodes) = network(1, 4);
    assert_idle("no traffic");

    let payload = [0; 15_786];
    while port(&switch, 3).dropped == 0 {
        (0..100).for_each(|_| nodes[0].send(3, &payload));
    }
    assert_idle("a full port");

    drop(nodes.pop());
    await_port(&switch, 4, |port| !port.open);
    assert_idle("a closed node");

    drop(switch);
    assert!(switch_threads().is_empty());
    // Its end is closed: the node finds the end of the stream.
    let (len, _) = net::recv(&nodes[0].fd, &mut [0; 1][..], RecvFlags::empty()).unwrap();
    assert_eq!(len, 0);
}
