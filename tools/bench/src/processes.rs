// SPDX-License-Identifier: GPL-2.0

//! Processes of a running cluster.

use anyhow::{
    Context,
    Result, //
};
use rustix::process::Pid;
use serde::Deserialize;

/// `ssi status --json`, as far as it is used.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Processes {
    supervisor: i32,
    nodes: Vec<NodeProcess>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct NodeProcess {
    node: u8,
    pid: Option<i32>,
    since_s: f64,
}

impl Processes {
    /// What `json` tells.
    ///
    /// # Errors
    ///
    /// It is not as expected.
    pub(crate) fn read(json: &str) -> Result<Self> {
        serde_json::from_str(json).context("`ssi status --json` is not as expected")
    }

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
        let pids = self.nodes.iter().map(NodeProcess::group);
        pids.collect::<Option<_>>().context("a node is not running")
    }

    /// Seconds since the last of the nodes became ready.
    pub(crate) fn ready_for_s(&self) -> f64 {
        let since = self.nodes.iter().map(|node| node.since_s);
        since.fold(f64::INFINITY, f64::min)
    }

    /// The process group of one node.
    ///
    /// # Errors
    ///
    /// It is not running.
    pub(crate) fn node(&self, number: u8) -> Result<Pid> {
        let node = self.nodes.iter().find(|node| node.node == number);
        node.and_then(NodeProcess::group)
            .with_context(|| format!("node {number} is not running"))
    }
}

impl NodeProcess {
    fn group(&self) -> Option<Pid> {
        self.pid.and_then(Pid::from_raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(pid: Pid) -> i32 {
        pid.as_raw_nonzero().get()
    }

    #[test]
    fn processes_are_read_from_the_launchers_status() {
        let json = r#"{"supervisor":7,"up_s":1.5,"nodes":[
            {"node":1,"pid":8,"since_s":1.0},{"node":2,"pid":9,"since_s":0.5}]}"#;
        let processes = Processes::read(json).unwrap();
        assert_eq!(raw(processes.supervisor().unwrap()), 7);
        let nodes: Vec<i32> = processes.nodes().unwrap().into_iter().map(raw).collect();
        assert_eq!(nodes, [8, 9]);
        assert_eq!(raw(processes.node(2).unwrap()), 9);
        assert!(processes.node(3).is_err());
        assert_eq!(processes.ready_for_s(), 0.5);
    }

    #[test]
    fn a_node_without_a_process_is_not_left_out() {
        let json = r#"{"supervisor":7,"nodes":[
            {"node":1,"pid":8,"since_s":1.0},{"node":2,"pid":null,"since_s":0.1}]}"#;
        let processes = Processes::read(json).unwrap();
        assert!(processes.nodes().is_err());
        assert!(processes.node(2).is_err());
    }
}
