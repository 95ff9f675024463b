// SPDX-License-Identifier: GPL-2.0

//! A host for one test.

use std::{
    fs,
    os::{
        fd::OwnedFd,
        unix::fs::PermissionsExt, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Child,
        Command,
        Output,
        Stdio, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use rustix::process::{
    kill_process,
    test_kill_process_group,
    Pid,
    Signal, //
};

/// A directory with a run directory, a kernel and an initramfs in it.
pub(crate) struct Host {
    dir: tempfile::TempDir,
}

impl Host {
    /// A host whose kernel is a shell script.
    pub(crate) fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let host = Self { dir };
        fs::write(host.kernel(), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(host.kernel(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(host.dir().join("initramfs"), "").unwrap();
        host
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn kernel(&self) -> PathBuf {
        self.dir().join("kernel")
    }

    /// The directory of the default cluster.
    pub(crate) fn cluster_dir(&self) -> PathBuf {
        self.dir().join("run/default")
    }

    /// Starts `ssi` in the background.
    pub(crate) fn start(&self, words: &[&str]) -> Child {
        self.command(words).spawn().unwrap()
    }

    /// Starts `ssi` with `stdin` as its standard input.
    pub(crate) fn start_at(&self, words: &[&str], stdin: OwnedFd) -> Child {
        self.command(words).stdin(stdin).spawn().unwrap()
    }

    /// Runs `ssi` to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs `ssi`, which succeeds; returns what it printed.
    pub(crate) fn succeeds(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `ssi`, which fails; returns what it complained.
    pub(crate) fn fails(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The kernels of the default cluster, once `count` of them run.
    pub(crate) fn kernels(&self, count: u8) -> Vec<Pid> {
        let kernel = |node| {
            let path = self.cluster_dir().join(format!("node{node}/process"));
            let line = fs::read_to_string(path).ok()?;
            let pid = Pid::from_raw(line.split(' ').next()?.parse().ok()?)?;
            // From here on it leads its group.
            test_kill_process_group(pid).ok().map(|()| pid)
        };
        let mut pids = Vec::new();
        wait_until("the nodes run", || {
            pids = (1..=count).filter_map(kernel).collect();
            pids.len() == usize::from(count)
        });
        pids
    }

    pub(crate) fn kill_supervisor(&self) {
        kill(self.supervisor());
    }

    /// Processor time the supervisor has used, in ticks.
    pub(crate) fn supervisor_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.supervisor())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// Process id of the supervisor.
    pub(crate) fn supervisor(&self) -> i32 {
        let status = self.succeeds(&["status", "--json"]);
        let line = status
            .lines()
            .find(|line| line.contains("\"supervisor\""))
            .unwrap();
        let digits: String = line.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    }

    pub(crate) fn kill_janitor(&self) {
        let dir = self.cluster_dir();
        let words = format!("ssi\0janitor\0{}\0", dir.display());
        let mut found = None;
        wait_until("the janitor runs", || {
            let pids = fs::read_dir("/proc").unwrap();
            let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
            found = pids.into_iter().find(|pid: &i32| {
                let line = fs::read_to_string(format!("/proc/{pid}/cmdline"));
                line.is_ok_and(|line| line == words)
            });
            found.is_some()
        });
        kill(found.unwrap());
    }

    /// Claims that no cluster is left.
    pub(crate) fn is_clean(&self) {
        let run = self.dir().join("run");
        wait_until("nothing is left", || {
            fs::read_dir(&run).unwrap().next().is_none()
        });
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ssi"));
        command
            .args(words)
            .env("SSI_RUN", self.dir().join("run"))
            .env_remove("SSI_CLUSTER")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if words.contains(&"start") {
            command.arg("--kernel").arg(self.kernel());
            command.arg("--initramfs").arg(self.dir().join("initramfs"));
        }
        command
    }
}

/// Claims that neither a kernel nor any program of its group is left.
pub(crate) fn is_gone(kernel: &Pid) {
    wait_until("its processes are gone", || {
        test_kill_process_group(*kernel).is_err()
    });
}

/// Waits for a claim to come true.
pub(crate) fn wait_until(claim: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{claim}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}
