// SPDX-License-Identifier: GPL-2.0

//! Nodes of processes.

use std::io::Write;

use anyhow::bail;
use libcluster::{
    Cluster,
    Pid, //
};

/// Prints a line for each process that is there; the others are one failure.
pub(crate) fn run(cluster: &Cluster, pids: &[Pid], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut answer = String::new();
    let mut failures = Vec::new();
    for &pid in pids {
        match cluster.node_pid(pid) {
            Ok(node) => answer.push_str(&format!("{node}\n")),
            Err(why) => failures.push(why.to_string()),
        }
    }
    crate::write(out, &answer)?;
    if !failures.is_empty() {
        bail!("{}", failures.join("; "));
    }
    Ok(())
}
