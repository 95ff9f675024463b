// SPDX-License-Identifier: GPL-2.0

//! Commands, from request to outcome.
//!
//! ```text
//!   this test -- pipes, signals -- exec_at -- unix socket -- exec_at --serve -- command
//! ```

mod lab;

use lab::{
    feed,
    pattern,
    send,
    text,
    wait,
    Lab, //
};
use rustix::process::Signal;
use std::fs;
use std::io::{
    Read,
    Write, //
};
use std::process::Stdio;
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

/// Bytes of the tests that move many.
const MANY_BYTES: usize = 20_000_000;

#[test]
fn exit_codes_come_through() {
    let lab = Lab::new();
    for code in [0, 1, 7, 255] {
        let output = lab.output(&["--", "sh", "-c", &format!("exit {code}")]);
        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn a_signal_that_ends_the_command_is_told() {
    let lab = Lab::new();
    let output = lab.output(&["--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(output.status.code(), Some(128 + 9));
}

#[test]
fn a_missing_command_is_127_and_one_that_cannot_run_126() {
    let lab = Lab::new();
    let output = lab.output(&["--", "no-such-command"]);
    assert_eq!(output.status.code(), Some(127));
    assert_eq!(
        text(&output.stderr),
        "exec_at: no-such-command: command not found\n"
    );
    let output = lab.output(&["--", "/etc/passwd"]);
    assert_eq!(output.status.code(), Some(126));
    assert_eq!(
        text(&output.stderr),
        "exec_at: /etc/passwd: Permission denied\n"
    );
}

#[test]
fn a_script_without_a_first_line_runs_in_the_shell() {
    let lab = Lab::new();
    let script = lab.path().join("script");
    fs::write(&script, "echo $1 $0").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).unwrap();
    let script = script.to_str().unwrap();
    let output = lab.output(&["--", script, "hello"]);
    assert_eq!(text(&output.stdout), format!("hello {script}\n"));
}

#[test]
fn environment_directory_and_name_are_the_requests() {
    let lab = Lab::new();
    let output = lab.output(&[
        "COLOUR=red",
        "-C",
        "/usr",
        "--",
        "sh",
        "-c",
        "echo $COLOUR $PWD $0",
    ]);
    assert_eq!(text(&output.stdout), "red /usr sh\n");
    let output = lab.output(&["-C", "/no/such", "--", "true"]);
    assert_eq!(
        text(&output.stderr),
        "exec_at: /no/such: No such file or directory\n"
    );
}

#[test]
fn a_command_starts_with_a_clean_slate() {
    let lab = Lab::new();
    let output = lab.output(&["--", "cat", "/proc/self/status"]);
    let status = text(&output.stdout);
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
    };
    assert_eq!(mask("SigBlk:"), 0);
    assert_eq!(mask("SigIgn:") & (1 << 12), 0, "SIGPIPE is ignored");
    // The runner of this test may have left us descriptors; the node leaves none.
    let output = lab.output(&["--", "ls", "-l", "/proc/self/fd"]);
    let descriptors = text(&output.stdout);
    assert!(descriptors.contains(" 1 -> pipe:"));
    for of_the_node in ["socket:", "pidfd", "anon_inode"] {
        assert!(!descriptors.contains(of_the_node), "{descriptors}");
    }
    let output = lab.output(&[
        "--",
        "sh",
        "-c",
        "read a b c d pgrp rest < /proc/self/stat; test $a = $pgrp",
    ]);
    assert!(output.status.success(), "not the leader of its group");
}

#[test]
fn every_byte_passes_both_ways() {
    let lab = Lab::new();
    let sent = pattern(MANY_BYTES);
    let output = feed(&mut lab.client(&["--", "cat"]), sent.clone());
    assert!(output.status.success());
    assert!(output.stdout == sent);
}

#[test]
fn the_two_outputs_stay_apart() {
    let lab = Lab::new();
    let script = "i=0; while [ $i -lt 500 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done";
    let output = lab.output(&["--", "sh", "-c", script]);
    let lines = |word: &str| -> String {
        (0..500)
            .map(|i| format!("{word} {i}\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    assert_eq!(text(&output.stdout), lines("out"));
    assert_eq!(text(&output.stderr), lines("err"));
}

#[test]
fn fifty_commands_run_at_once() {
    let lab = Lab::new();
    let clients: Vec<_> = (0..50)
        .map(|i| {
            let mut client = lab.client(&["--", "sh", "-c", &format!("cat; exit {i}")]);
            thread::spawn(move || {
                let sent = pattern(300_000 + i);
                let output = feed(&mut client, sent.clone());
                assert_eq!(output.status.code(), Some(i32::try_from(i).unwrap()));
                assert!(output.stdout == sent);
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
}

#[test]
fn input_that_nobody_reads_does_not_hold_output_up() {
    let lab = Lab::new();
    // More input than any buffer takes, more output than any buffer takes.
    let script = "head -c 5000000 /dev/zero";
    let output = feed(&mut lab.sh(script), pattern(5_000_000));
    assert_eq!(output.stdout.len(), 5_000_000);
    assert!(output.status.success());
}

#[test]
fn output_that_nobody_reads_does_not_hold_the_other_up() {
    let lab = Lab::new();
    let mut child = lab
        .sh("head -c 3000000 /dev/zero & head -c 1000 /dev/zero >&2; wait")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Standard output is not read until standard error has ended.
    let mut stderr = [0; 1000];
    let mut pipe = child.stderr.take().unwrap();
    pipe.read_exact(&mut stderr).unwrap();
    let mut stdout = Vec::new();
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_to_end(&mut stdout).unwrap();
    assert_eq!(stdout.len(), 3_000_000);
    assert!(wait(&mut child).success());
}

#[test]
fn the_end_of_input_passes() {
    let lab = Lab::new();
    let output = feed(&mut lab.sh("wc -c"), pattern(123_457));
    assert_eq!(text(&output.stdout).trim(), "123457");
    let output = lab.client(&["-n", "--", "cat"]).output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout.is_empty());
}

#[test]
fn a_command_that_reads_no_more_breaks_the_pipe_that_feeds_it() {
    let lab = Lab::new();
    let mut child = lab
        .sh("exec <&-; echo ready; sleep 20")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let began = Instant::now();
    while stdin.write_all(&[0; 65536]).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10), "never broke");
    }
    send(&child, Signal::TERM);
    assert_eq!(wait(&mut child).code(), Some(128 + 15));
}

#[test]
fn closed_output_ends_the_command_as_in_a_pipeline() {
    let lab = Lab::new();
    let mut child = lab
        .client(&["--", "yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    assert_eq!(wait(&mut child).code(), Some(128 + 13));
}

#[test]
fn output_the_command_closes_early_ends_early() {
    let lab = Lab::new();
    let mut child = lab
        .sh("echo last; exec >&-; sleep 20")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = String::new();
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_to_string(&mut stdout).unwrap();
    assert_eq!(stdout, "last\n");
    assert!(child.try_wait().unwrap().is_none(), "the command goes on");
    send(&child, Signal::TERM);
    wait(&mut child);
}

#[test]
fn all_output_comes_before_the_end() {
    let lab = Lab::new();
    for _ in 0..20 {
        let output = lab.output(&["--", "sh", "-c", "head -c 200000 /dev/zero; exit 3"]);
        assert_eq!(output.stdout.len(), 200_000);
        assert_eq!(output.status.code(), Some(3));
    }
}

#[test]
fn background_processes_do_not_hold_the_end_up() {
    let lab = Lab::new();
    let began = Instant::now();
    let output = lab.output(&["--", "sh", "-c", "sleep 20 & echo done; exit 4"]);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(text(&output.stdout), "done\n");
    let output = lab.output(&["--", "sh", "-c", "yes & exit 5"]);
    assert_eq!(output.status.code(), Some(5), "one that never stops");
    let output = lab.output(&["--", "sh", "-c", "(sleep 0.01; echo late) & exit 6"]);
    assert_eq!(text(&output.stdout), "late\n", "one that is about to");
}
