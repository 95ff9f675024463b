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

use crate::bench::Bench;
use crate::held::Ending;
use crate::kernel::MEMORY_MIB;
use crate::peer::Peer;
use crate::processes::Processes;
use crate::traffic::Traffic;

/// Names of clusters that run at the same time; a run directory of their own keeps
/// them from all others.
const NAMES: [&str; 2] = ["bench", "bench-beside"];

/// Where this program lies on a node.
const GUEST: &str = "/tmp/ssi-bench";

/// Bytes of a command's complaint that are passed on.
const COMPLAINT_BYTES_MAX: u64 = 4096;

/// A running cluster; it is stopped with this value.
pub(crate) struct Cluster<'a> {
    bench: &'a Bench,
    name: &'static str,
    is_up: bool,
}

impl<'a> Cluster<'a> {
    /// Starts `nodes` nodes; returns once all are ready.
    ///
    /// # Errors
    ///
    /// What the launcher says.
    pub(crate) fn start(bench: &'a Bench, nodes: u8) -> Result<Self> {
        let [name, _] = NAMES;
        Self::named(bench, name, nodes, MEMORY_MIB)
    }

    /// The same, with nodes that have `memory_mib` each.
    ///
    /// # Errors
    ///
    /// As for [`Self::start`].
    pub(crate) fn start_large(bench: &'a Bench, nodes: u8, memory_mib: u32) -> Result<Self> {
        let [name, _] = NAMES;
        Self::named(bench, name, nodes, memory_mib)
    }

    /// Starts two equal clusters, whose nodes have `memory_mib` each.
    ///
    /// # Errors
    ///
    /// As for [`Self::start`].
    pub(crate) fn start_two(bench: &'a Bench, nodes: u8, memory_mib: u32) -> Result<[Self; 2]> {
        let [first, second] = NAMES;
        let first = Self::named(bench, first, nodes, memory_mib)?;
        Ok([first, Self::named(bench, second, nodes, memory_mib)?])
    }

    fn named(bench: &'a Bench, name: &'static str, nodes: u8, memory_mib: u32) -> Result<Self> {
        // From here on the end of this value stops what was started.
        let mut cluster = Self {
            bench,
            name,
            is_up: false,
        };
        let mut start = cluster.ssi(&["start", &nodes.to_string()]);
        start.arg("--mem").arg(format!("{memory_mib}M"));
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
        Processes::read(&self.output(&["status", "--json"])?)
    }

    /// What the switch has counted so far.
    ///
    /// # Errors
    ///
    /// The launcher does not tell.
    pub(crate) fn traffic(&self) -> Result<Traffic> {
        Traffic::read(&self.output(&["net", "show", "--json"])?)
    }

    /// What the file of a node's kernel holds.
    ///
    /// # Errors
    ///
    /// The node does not tell.
    pub(crate) fn read(&self, node: u8, file: &str) -> Result<String> {
        self.output(&["exec", &node.to_string(), "--", "cat", file])
    }

    /// Boots a node that is dead; returns once it is in the cluster.
    ///
    /// # Errors
    ///
    /// What the launcher says.
    pub(crate) fn add(&self, node: u8) -> Result<()> {
        self.run(&mut self.ssi(&["add", &node.to_string()]))
    }

    /// What the launcher prints.
    fn output(&self, words: &[&str]) -> Result<String> {
        let mut command = self.ssi(words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = self.bench.held.spawn(&mut command, Ending::Kill)?;
        let mut text = String::new();
        child.take_output()?.read_to_string(&mut text)?;
        let status = child.wait()?;
        ensure!(status.success(), "`{}` failed ({status})", shown(&command));
        Ok(text)
    }

    fn ssi(&self, words: &[&str]) -> Command {
        ssi(self.bench, self.name, words)
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

/// Has an interrupt stop the clusters there are.
pub(crate) fn stop_at_last(bench: &Bench) {
    for name in NAMES {
        bench.held.at_last(ssi(bench, name, &["stop"]));
    }
}

fn ssi(bench: &Bench, name: &str, words: &[&str]) -> Command {
    let mut command = Command::new(&bench.programs.ssi);
    command
        .args(words)
        .env("SSI_RUN", bench.run_directory())
        .env("SSI_CLUSTER", name)
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

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("/usr/bin/ssi");
        command.args(["start", "1"]).env("SSI_CLUSTER", "bench");
        assert_eq!(shown(&command), "ssi start 1");
    }
}
