// SPDX-License-Identifier: GPL-2.0

//! Processes that are moved.

use anyhow::bail;
use libcluster::{
    Cluster,
    ClusterNode,
    Pid, //
};

/// Whom a word names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A process.
    Process(Pid),
    /// A process group: its number with a minus.
    Group(Pid),
}

impl Target {
    /// Reads one.
    pub(crate) fn parse(word: &str) -> Result<Self, String> {
        let target = match word.strip_prefix('-') {
            // As with kill(2), -1 is no group.
            Some(number) => Pid::parse(number)
                .filter(|_| number != "1")
                .map(Self::Group),
            None => Pid::parse(word).map(Self::Process),
        };
        target.ok_or_else(|| "not the number of a process, nor - and that of a group".to_owned())
    }
}

/// Has all of them go to `node`, one after the other; those that stay are one failure.
pub(crate) fn run(cluster: &Cluster, node: ClusterNode, targets: &[Target]) -> anyhow::Result<()> {
    let mut failures = Vec::new();
    for &target in targets {
        match target {
            Target::Process(pid) => failures.extend(stays(cluster, pid, node)),
            Target::Group(group) => {
                let members = cluster.group(group)?;
                if members.is_empty() {
                    failures.push(format!("there is no process group {group}"));
                }
                failures.extend(members.iter().filter_map(|&pid| stays(cluster, pid, node)));
            }
        }
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("; "));
    }
    Ok(())
}

/// Why, if it does.
fn stays(cluster: &Cluster, pid: Pid, node: ClusterNode) -> Option<String> {
    let went = cluster.migrate_pid(pid, node);
    went.err().map(|why| why.to_string())
}
