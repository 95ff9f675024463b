// SPDX-License-Identifier: GPL-2.0

//! A user's cluster.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{
    Command,
    Stdio, //
};
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};
use rustix::process::Pid;
use serde::Deserialize;

use crate::bench::Bench;
use crate::held::Ending;
use crate::peer::Peer;

/// Name of the cluster; a run directory of its own keeps it from all others.
const NAME: &str = "bench";

/// Where this program lies on a node.
const GUEST: &str = "/tmp/ssi-bench";

/// Bytes of a command's complaint that are passed on.
const COMPLAINT_BYTES_MAX: u64 = 4096;

/// A running cluster; it is stopped with this value.
pub(crate) struct Cluster<'a> {
    bench: &'a Bench,
    is_up: bool,
}

/// Processes of a running cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Processes {
    /// The supervisor.
    supervisor: i32,
    nodes: Vec<NodeProcess>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct NodeProcess {
    pid: Option<i32>,
}

impl<'a> Cluster<'a> {
    /// Starts `nodes` nodes; returns once all are ready.
    ///
    /// # Errors
    ///
    /// What the launcher says.
    pub(crate) fn start(bench: &'a Bench, nodes: u8) -> Result<Self> {
        // From here on the end of this value stops what was started.
        let mut cluster = Self {
            bench,
            is_up: false,
        };
        let mut start = cluster.ssi(&["start", &nodes.to_string()]);
        start.arg("--kernel").arg(&bench.programs.kernel);
        start.arg("--initramfs").arg(&bench.programs.initramfs);
        cluster.run(&mut start)?;
        cluster.is_up = true;
        Ok(cluster)
    }

    /// The same; how long it took as well.
    ///
    /// # Errors
    ///
    /// As for [`Self::start`].
    pub(crate) fn timed_start(bench: &'a Bench, nodes: u8) -> Result<(Self, Duration)> {
        let asked = Instant::now();
        let cluster = Self::start(bench, nodes)?;
        Ok((cluster, asked.elapsed()))
    }

    /// A command on a node.
    pub(crate) fn exec(&self, node: u8, words: &[&str]) -> Command {
        let mut command = self.ssi(&["exec", &node.to_string(), "--"]);
        command.args(words);
        command
    }

    /// Runs `command` to its end, without input unless it has one.
    ///
    /// # Errors
    ///
    /// It failed; what it said is told.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        command.stdout(Stdio::null());
        run(self.bench, command)
    }

    /// Puts this program on `node` and starts it as its guest.
    ///
    /// # Errors
    ///
    /// The node does not take it.
    pub(crate) fn guest(&self, node: u8) -> Result<Peer> {
        let program = File::open(&self.bench.program).context("cannot read this program")?;
        let put = format!("cat >{GUEST} && chmod 755 {GUEST}");
        self.run(self.exec(node, &["sh", "-c", &put]).stdin(program))?;
        let name = format!("the program on node {node}");
        let mut command = self.exec(node, &[GUEST, "guest"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::null());
        let child = self.bench.held.spawn(&mut command, Ending::Kill)?;
        let peer = Peer::new(&name, child)?;
        peer.ready()?;
        Ok(peer)
    }

    /// The processes it consists of.
    ///
    /// # Errors
    ///
    /// The launcher does not tell, or a node is not running.
    pub(crate) fn processes(&self) -> Result<Processes> {
        let mut command = self.ssi(&["status", "--json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = self.bench.held.spawn(&mut command, Ending::Kill)?;
        let mut json = String::new();
        child.take_output()?.read_to_string(&mut json)?;
        ensure!(child.wait()?.success(), "`ssi status` failed");
        serde_json::from_str(&json).context("`ssi status --json` is not as expected")
    }

    fn ssi(&self, words: &[&str]) -> Command {
        ssi(self.bench, words)
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        let mut stop = self.ssi(&["stop"]);
        match run(self.bench, stop.stdout(Stdio::null())) {
            Err(error) if self.is_up => self.bench.progress.say(&format!("bench: {error:#}")),
            // One that did not come up has most likely ended by itself.
            _ => {}
        }
    }
}

impl Processes {
    /// The supervisor's process group.
    ///
    /// # Errors
    ///
    /// The number is none of a process.
    pub(crate) fn supervisor(&self) -> Result<Pid> {
        Pid::from_raw(self.supervisor).context("the supervisor has no number")
    }

    /// The process groups of the nodes.
    ///
    /// # Errors
    ///
    /// A node is not running.
    pub(crate) fn nodes(&self) -> Result<Vec<Pid>> {
        let pid = |node: &NodeProcess| node.pid.and_then(Pid::from_raw);
        let pids = self.nodes.iter().map(pid);
        pids.collect::<Option<_>>().context("a node is not running")
    }
}

/// Has an interrupt stop the cluster, if there is one.
pub(crate) fn stop_at_last(bench: &Bench) {
    bench.held.at_last(ssi(bench, &["stop"]));
}

fn ssi(bench: &Bench, words: &[&str]) -> Command {
    let mut command = Command::new(&bench.programs.ssi);
    command
        .args(words)
        .env("SSI_RUN", bench.run_directory())
        .env("SSI_CLUSTER", NAME)
        .stdin(Stdio::null());
    command
}

fn run(bench: &Bench, command: &mut Command) -> Result<()> {
    let mut complaint = tempfile::tempfile()?;
    command.stderr(complaint.try_clone()?);
    let status = bench.held.spawn(command, Ending::Ask)?.wait()?;
    if status.success() {
        return Ok(());
    }
    std::io::Seek::rewind(&mut complaint)?;
    let mut said = String::new();
    complaint
        .take(COMPLAINT_BYTES_MAX)
        .read_to_string(&mut said)?;
    bail!("`{}` failed ({status}): {}", shown(command), said.trim())
}

/// The words of `command`, as one would type them.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name();
    let words = program.into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(json: &str) -> Processes {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn processes_are_read_from_the_launchers_status() {
        let processes = processes(
            r#"{"supervisor":7,"up_s":1.5,"nodes":[{"node":1,"pid":8},{"node":2,"pid":9}]}"#,
        );
        let raw = |pid: Pid| pid.as_raw_nonzero().get();
        assert_eq!(raw(processes.supervisor().unwrap()), 7);
        let nodes: Vec<i32> = processes.nodes().unwrap().into_iter().map(raw).collect();
        assert_eq!(nodes, [8, 9]);
    }

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("/usr/bin/ssi");
        command.args(["start", "1"]).env("SSI_CLUSTER", NAME);
        assert_eq!(shown(&command), "ssi start 1");
    }

    #[test]
    fn a_node_without_a_process_is_not_left_out() {
        let processes = processes(r#"{"supervisor":7,"nodes":[{"pid":8},{"pid":null}]}"#);
        assert!(processes.nodes().is_err());
    }
}
