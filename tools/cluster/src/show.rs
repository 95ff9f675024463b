// SPDX-License-Identifier: GPL-2.0

//! What is printed of nodes.
//!
//! Nothing here depends on which node is asked: all members print the same.

use std::fmt::{
    self,
    Display,
    Write as _, //
};

use libcluster::{
    Cluster,
    ClusterNode,
    Error,
    NodeInfo,
    Snapshot,
    TransId,
    Which, //
};

const MIB: u64 = 1 << 20;

/// `N: STATE` for each node.
pub(crate) fn list(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for info in &snapshot.nodes {
        let _ = writeln!(text, "{}: {}", info.node, info.state);
    }
    text
}

/// `N: STATE` and more for each node.
pub(crate) fn long_list(cluster: &Cluster, snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for info in &snapshot.nodes {
        if info.incarnation.0 == 0 {
            let _ = writeln!(text, "{}: {}", info.node, info.state);
            continue;
        }
        let cpus = if info.cpus == 1 { "cpu" } else { "cpus" };
        let _ = write!(
            text,
            "{}: {:9} {} {cpus}, {} MiB, {}, incarnation {}",
            info.node,
            info.state,
            info.cpus,
            info.memory_bytes / MIB,
            libcluster::address(info.node),
            info.incarnation,
        );
        if info.last_transition > TransId(0) {
            let time = humantime::format_rfc3339_seconds(info.last_time);
            let _ = write!(text, ", since {time}");
        }
        if cluster.is_drained(info.node) {
            text.push_str(", drained");
        }
        let is_master = snapshot.master == Some(info.node);
        text.push_str(if is_master { ", coordinator\n" } else { "\n" });
    }
    text
}

/// `KEY: VALUE` lines of one node.
pub(crate) fn details(cluster: &Cluster, node: ClusterNode) -> Result<String, Error> {
    let snapshot = cluster.snapshot()?;
    let info = snapshot.info(node);
    let mut text = format!("Node {node}:\n");
    line(&mut text, "State", info.state);
    if info.incarnation.0 == 0 {
        return Ok(text);
    }
    if info.last_transition > TransId(0) {
        transition(&mut text, cluster, &info)?;
    }
    line(&mut text, "Number of CPUs", info.cpus);
    line(&mut text, "Memory in bytes", info.memory_bytes);
    line(&mut text, "Address", libcluster::address(node));
    line(&mut text, "Incarnation", info.incarnation);
    if cluster.can_drain(node) {
        let is_drained = cluster.is_drained(node);
        line(&mut text, "Drained", if is_drained { "yes" } else { "no" });
    }
    let is_master = snapshot.master == Some(node);
    line(
        &mut text,
        "Coordinator",
        if is_master { "yes" } else { "no" },
    );
    Ok(text)
}

/// The node's last transition; of one that was forgotten meanwhile what the
/// snapshot has.
fn transition(text: &mut String, cluster: &Cluster, info: &NodeInfo) -> Result<(), Error> {
    match cluster.detailed_transition(Which::This(info.last_transition)) {
        Ok(last) => {
            line(text, "Previous state", last.from);
            line(text, "Reason for last transition", last.cause);
        }
        Err(Error::Forgotten { .. } | Error::NoSuchTransition(_)) => {}
        Err(why) => return Err(why),
    }
    line(text, "Last transition ID", info.last_transition);
    let time = humantime::format_rfc3339_micros(info.last_time);
    line(text, "Last transition time", time);
    Ok(())
}

fn line(text: &mut String, key: &str, value: impl Display) {
    // Writing to a text does not fail.
    let _: fmt::Result = writeln!(text, "  {key}: {value}");
}
