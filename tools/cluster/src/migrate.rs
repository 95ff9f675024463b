// SPDX-License-Identifier: GPL-2.0

//! Processes that are moved.

use std::io::Write;

use anyhow::bail;
use libcluster::{
    Cluster,
    ClusterNode,
    Pid, //
};

use crate::watch;

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

/// Has all of them go to `node`, one after the other, and says on `out`, if there is one, how
/// that goes; those that stay are one failure.
pub(crate) fn run(
    cluster: &Cluster,
    node: ClusterNode,
    targets: &[Target],
    mut out: Option<&mut dyn Write>,
) -> anyhow::Result<()> {
    let mut stays = |pid| {
        let went = match out.as_deref_mut() {
            Some(out) => watch::migrate(cluster, pid, node, out),
            None => cluster.migrate_pid(pid, node),
        };
        went.err().map(|why| why.to_string())
    };
    let mut failures = Vec::new();
    for &target in targets {
        match target {
            Target::Process(pid) => failures.extend(stays(pid)),
            Target::Group(group) => {
                let members = cluster.group(group)?;
                if members.is_empty() {
                    failures.push(format!("there is no process group {group}"));
                }
                failures.extend(members.iter().filter_map(|&pid| stays(pid)));
            }
        }
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("; "));
    }
    Ok(())
}
