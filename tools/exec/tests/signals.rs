// SPDX-License-Identifier: GPL-2.0

//! Signals, deaths and full disks.
//!
//! ```text
//!   this test -- pipes, signals -- exec_at -- unix socket -- exec_at --serve -- command
//! ```

mod lab;

use lab::{
    send,
    started,
    state,
    text,
    wait,
    wait_until,
    Lab, //
};
use rustix::process::{
    kill_process,
    test_kill_process,
    Pid,
    Signal, //
};
use std::fs;
use std::io::{
    Read,
    Write, //
};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

#[test]
fn signals_reach_the_command() {
    let lab = Lab::new();
    let signals = [
        (Signal::INT, "INT"),
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
    ];
    for (signal, name) in signals {
        let script = format!("trap 'echo got {name}; exit 9' {name}; echo ready; read x");
        let (mut child, mut stdout) = started(&mut lab.sh(&script));
        send(&child, signal);
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, format!("got {name}\n"));
        assert_eq!(wait(&mut child).code(), Some(9));
    }
}

#[test]
fn a_command_without_a_handler_dies_of_the_signal() {
    let lab = Lab::new();
    let (mut child, _stdout) = started(&mut lab.sh("echo ready; exec sleep 20"));
    send(&child, Signal::INT);
    assert_eq!(wait(&mut child).code(), Some(128 + 2));
}

#[test]
fn a_stopped_client_stops_the_command_and_takes_it_along() {
    let lab = Lab::new();
    let file = lab.path().join("pid");
    let script = format!("echo $$ > {}; echo ready; exec sleep 20", file.display());
    let (mut child, _stdout) = started(&mut lab.sh(&script));
    let pid = fs::read_to_string(&file).unwrap();
    let command = pid.trim().parse().unwrap();
    wait_until(|| state(command) == "S");
    send(&child, Signal::TSTP);
    wait_until(|| state(command) == "T" && state(child.id()) == "T");
    send(&child, Signal::CONT);
    wait_until(|| state(command) == "S");
    send(&child, Signal::TERM);
    assert_eq!(wait(&mut child).code(), Some(128 + 15));
}

#[test]
fn ignored_signals_stay_ignored() {
    let lab = Lab::new();
    let exec_at = lab.sh("echo ready; read x; echo $x");
    let mut nohup = std::process::Command::new("sh");
    nohup
        .arg("-c")
        .arg("trap '' HUP; exec \"$@\"")
        .arg("sh")
        .arg(exec_at.get_program())
        .args(exec_at.get_args());
    let (mut child, mut stdout) = started(&mut nohup);
    send(&child, Signal::HUP);
    thread::sleep(Duration::from_millis(100));
    child.stdin.take().unwrap().write_all(b"alive\n").unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "alive\n");
    assert!(wait(&mut child).success());
}

#[test]
fn a_user_who_asks_three_times_gets_away() {
    let lab = Lab::new();
    let (mut child, _stdout) = started(&mut lab.sh("trap '' INT; echo ready; sleep 5; read x"));
    for _ in 0..3 {
        send(&child, Signal::INT);
        thread::sleep(Duration::from_millis(550));
    }
    assert_eq!(wait(&mut child).signal(), Some(2));
}

/// The process group of a command that wrote its number to `file`.
fn group_of(file: &std::path::Path) -> Pid {
    let pid = fs::read_to_string(file).unwrap();
    Pid::from_raw(pid.trim().parse().unwrap()).unwrap()
}

#[test]
fn a_client_that_dies_takes_its_command_along() {
    let lab = Lab::new();
    let file = lab.path().join("pid");
    for (script, millis) in [("", 1000), ("trap '' HUP;", 4000)] {
        let script = format!(
            "{script} echo $$ > {}; echo ready; while :; do sleep 0.2; done",
            file.display()
        );
        let (mut child, _stdout) = started(&mut lab.sh(&script));
        let pid = group_of(&file);
        child.kill().unwrap();
        child.wait().unwrap();
        let began = Instant::now();
        wait_until(|| test_kill_process(pid).is_err());
        assert!(began.elapsed() < Duration::from_millis(millis));
    }
}

#[test]
fn a_node_that_dies_is_reported() {
    let lab = Lab::new();
    let (child, _stdout) = started(lab.sh("echo ready; read x").stderr(Stdio::piped()));
    kill_process(Pid::from_raw(lab.node_pid()).unwrap(), Signal::KILL).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(255));
    assert_eq!(
        text(&output.stderr),
        "exec_at: the connection to the node was lost before the command ended\n"
    );
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let lab = Lab::new();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = lab
        .client(&["--", "yes"])
        .stdin(Stdio::null())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(255));
    assert!(text(&output.stderr).contains("No space left on device"));
}
