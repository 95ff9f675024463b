// SPDX-License-Identifier: GPL-2.0

//! A node without a kernel.
//!
//! The node's side runs in a process of its own, so that it can be killed, and
//! each client is a process as well, so that signals and descriptors are real.
//! Both are the example `exec_at`, which `cargo test` builds along unless it is
//! told to run one test program only.

// Each test program uses its part of this.
#![allow(dead_code)]

use rustix::process::{
    kill_process,
    Pid,
    Signal, //
};
use std::io::{
    BufRead,
    BufReader,
    Write, //
};
use std::path::{
    Path,
    PathBuf, //
};
use std::process::{
    Child,
    ChildStdout,
    Command,
    ExitStatus,
    Output,
    Stdio, //
};
use std::thread;
use std::time::{
    Duration,
    Instant, //
};
use tempfile::TempDir;

pub(crate) struct Lab {
    directory: TempDir,
    node: Child,
}

impl Lab {
    pub(crate) fn new() -> Lab {
        let directory = TempDir::new().unwrap();
        let socket = directory.path().join("socket");
        let node = Command::new(exec_at())
            .arg(&socket)
            .arg("--serve")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        wait_until(|| socket.exists());
        Lab { directory, node }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn node_pid(&self) -> i32 {
        i32::try_from(self.node.id()).unwrap()
    }

    /// A client for `words`, which are options, `--` and a command.
    pub(crate) fn client(&self, words: &[&str]) -> Command {
        let mut command = Command::new(exec_at());
        command.arg(self.path().join("socket")).args(words);
        command
    }

    pub(crate) fn sh(&self, script: &str) -> Command {
        self.client(&["--", "sh", "-c", script])
    }

    /// The output of a client without input.
    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.client(words).stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

/// Feeds `input` to a client and collects what it says.
pub(crate) fn feed(client: &mut Command, input: Vec<u8>) -> Output {
    let mut child = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        // A command that reads no more is no error.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(crate) fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Starts a client and waits for the first line of its output.
pub(crate) fn started(client: &mut Command) -> (Child, BufReader<ChildStdout>) {
    let mut child = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, stdout)
}

/// Waits for `child`, but not for ever.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > Duration::from_secs(20) {
            let _ = child.kill();
            panic!("the client never ended");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(20), "never happened");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Bytes of every value, in an order that shows any that are lost.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 % 257 % 256) as u8).collect()
}

fn exec_at() -> PathBuf {
    let ours = std::env::current_exe().unwrap();
    let target = ours.parent().and_then(Path::parent).unwrap();
    target.join("examples").join("exec_at")
}

/// The letter that `/proc` has for the state of a process.
pub(crate) fn state(pid: u32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').next().unwrap().to_owned()
}
