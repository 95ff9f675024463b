// SPDX-License-Identifier: GPL-2.0

//! `ssi status`.
//!
//! Joins what the supervisor knows, what the agents say, and what the host says
//! about the nodes' processes. The last takes time with many nodes, so it is
//! done here and not in the supervisor.

use std::io::{
    self,
    Write, //
};

use anyhow::{
    Context,
    Result, //
};
use rustix::process::Pid;
use serde::Serialize;
use ssi_core::ids::ClusterName;

use super::table::Table;
use crate::{
    call::Call,
    cli::Format,
    plan::Plan,
    procfs::{
        self,
        Stat, //
    },
    protocol::{
        ClusterStatus,
        NodeState,
        NodeStatus,
        ViewStatus, //
    },
};

/// What the host says about a node's processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct HostUse {
    /// Processes of the host.
    processes: usize,
    /// Processor time, in seconds.
    cpu_s: f64,
    /// Resident memory, in KiB; what several share counts for each.
    rss_kib: u64,
    /// Resident memory, in KiB; what several share is shared out.
    pss_kib: u64,
}

/// [`ClusterStatus`] with what the host says.
#[derive(Debug, Serialize)]
struct Full<'a> {
    plan: &'a Plan,
    supervisor: i32,
    up_s: f64,
    stopping: bool,
    views: &'a [ViewStatus],
    standstill: Option<&'a str>,
    nodes: Vec<FullNode<'a>>,
}

/// [`NodeStatus`] with what the host says.
#[derive(Debug, Serialize)]
struct FullNode<'a> {
    #[serde(flatten)]
    node: &'a NodeStatus,
    host: Option<HostUse>,
}

/// Prints what each node is doing.
///
/// # Errors
///
/// The cluster is not running.
pub(crate) fn run(cluster: ClusterName, format: &Format) -> Result<()> {
    let status = Call::to(cluster)?.status()?;
    let uses: Vec<Option<HostUse>> = status.nodes.iter().map(host_use).collect();
    if format.json {
        return print_json(&full(&status, &uses));
    }
    print_text(&text(&status, &uses))
}

/// Prints `value` as JSON.
///
/// # Errors
///
/// Nobody takes it.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value).context("cannot write JSON")?;
    text.push('\n');
    print_text(&text)
}

/// Prints `text`. That a reader has seen enough is no error.
///
/// # Errors
///
/// Standard output cannot be written.
pub(crate) fn print_text(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot print"),
    }
}

fn full<'a>(status: &'a ClusterStatus, uses: &[Option<HostUse>]) -> Full<'a> {
    let nodes = status.nodes.iter().zip(uses);
    Full {
        plan: &status.plan,
        supervisor: status.supervisor,
        up_s: status.up_s,
        stopping: status.stopping,
        views: &status.views,
        standstill: status.standstill.as_deref(),
        nodes: nodes
            .map(|(node, host)| FullNode { node, host: *host })
            .collect(),
    }
}

fn host_use(node: &NodeStatus) -> Option<HostUse> {
    let kernel = Pid::from_raw(node.pid?)?;
    let mut sum = HostUse::default();
    let ticks_per_s = rustix::param::clock_ticks_per_second() as f64;
    for pid in [kernel].into_iter().chain(procfs::children(kernel)) {
        // Those that end meanwhile count for nothing.
        let Ok(stat) = Stat::of(pid) else {
            continue;
        };
        let (rss_kib, pss_kib) = procfs::memory_kib(pid).unwrap_or_default();
        sum.processes += 1;
        sum.cpu_s += stat.cpu_ticks as f64 / ticks_per_s;
        sum.rss_kib += rss_kib;
        sum.pss_kib += pss_kib;
    }
    Some(sum)
}

fn text(status: &ClusterStatus, uses: &[Option<HostUse>]) -> String {
    let mut table = Table::new(&[
        "NODE", "STATE", "FOR", "MEMBER", "LIFE", "BOOTS", "PID", "CPU", "PSS", "LOAD", "PROCS",
        "MEMORY", "DOES",
    ]);
    for (node, host) in status.nodes.iter().zip(uses) {
        table.row(row(node, host.as_ref()));
    }
    let problems: String = status.nodes.iter().filter_map(problem).collect();
    format!("{}\n{}{table}{problems}", headline(status), views(status))
}

/// What the members say the cluster is.
fn views(status: &ClusterStatus) -> String {
    // Without any, the kernels know of no membership.
    let lives = status.nodes.iter().any(|node| node.incarnation.is_some());
    if !lives {
        return String::new();
    }
    let standstill = status.standstill.iter().map(|why| format!("{why}\n"));
    views_text(&status.views) + &standstill.collect::<String>()
}

fn views_text(views: &[ViewStatus]) -> String {
    let mut text = match views.len() {
        0 => "no view: no node is a member of the cluster\n".to_owned(),
        1 => String::new(),
        _ => "the members have different views:\n".to_owned(),
    };
    for view in views {
        let members = view.members.as_ref().unwrap_or(&view.nodes);
        text.push_str(&format!("view {}: members {members}", view.epoch));
        if let Some(coordinator) = view.coordinator {
            text.push_str(&format!(", coordinator {coordinator}"));
        }
        if *members != view.nodes {
            text.push_str(&format!("; installed by {}", view.nodes));
        }
        text.push('\n');
    }
    text
}

/// What went wrong without stopping the node.
fn problem(node: &NodeStatus) -> Option<String> {
    let problem = node.hello.as_ref()?.problem.as_ref()?;
    Some(format!("node {}: {problem}\n", node.node))
}

fn headline(status: &ClusterStatus) -> String {
    let ready = status
        .nodes
        .iter()
        .filter(|node| node.state == NodeState::Ready);
    format!(
        "cluster {}: {} of {} nodes ready, up {}{}",
        status.plan.cluster,
        ready.count(),
        status.nodes.len(),
        span(status.up_s),
        if status.stopping { ", stopping" } else { "" },
    )
}

fn row(node: &NodeStatus, host: Option<&HostUse>) -> Vec<String> {
    let agent = node.agent.as_ref();
    let known = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        node.node.to_string(),
        state(node.state).to_owned(),
        span(node.since_s),
        known(member(node)),
        known(node.incarnation.map(|life| life.to_string())),
        node.boots.to_string(),
        known(node.pid.map(|pid| pid.to_string())),
        known(host.map(|host| format!("{:.2} s", host.cpu_s))),
        known(host.map(|host| format!("{} MiB", host.pss_kib.div_ceil(1024)))),
        known(agent.map(|agent| format!("{:.2}", agent.load1))),
        known(agent.map(|agent| agent.processes.to_string())),
        known(agent.map(|agent| {
            let used_kib = agent.mem_total_kib.saturating_sub(agent.mem_free_kib);
            format!("{} of {} MiB", used_kib >> 10, agent.mem_total_kib >> 10)
        })),
        doing(node),
    ]
}

/// What the newest view has of its life.
fn member(node: &NodeStatus) -> Option<String> {
    let other = node.other_life.as_ref().map(|life| format!("no ({life})"));
    node.member.clone().or(other)
}

fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Down => "down",
        NodeState::Waiting => "waiting",
        NodeState::Booting => "booting",
        NodeState::Ready => "ready",
        NodeState::Paused => "paused",
        NodeState::Ending => "ending",
        NodeState::Dead => "dead",
        NodeState::Fenced => "fenced",
    }
}

/// What it does, or why it does nothing.
fn doing(node: &NodeStatus) -> String {
    if let Some(death) = &node.death {
        return death.to_string();
    }
    if let Some(fenced) = &node.fenced {
        return fenced.text.clone();
    }
    match (&node.agent, node.state) {
        (Some(agent), _) => agent.top.clone().unwrap_or_else(|| "idle".to_owned()),
        (None, NodeState::Ready) => "does not answer".to_owned(),
        (None, NodeState::Down | NodeState::Waiting | NodeState::Booting) => "-".to_owned(),
        (None, NodeState::Paused | NodeState::Ending | NodeState::Dead) => "-".to_owned(),
        (None, NodeState::Fenced) => "-".to_owned(),
    }
}

/// A time one can read: two units at most.
pub(crate) fn span(seconds: f64) -> String {
    // Far below the end of the type, and never negative.
    let whole = seconds as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole / 60 % 60),
        _ => format!("{} d {} h", whole / 86_400, whole / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::death::Death;

    fn node(state: NodeState) -> NodeStatus {
        NodeStatus {
            node: 2,
            state,
            since_s: 61.0,
            boots: 1,
            incarnation: None,
            member: None,
            other_life: None,
            pid: None,
            death: None,
            fenced: None,
            hello: None,
            agent: None,
        }
    }

    #[test]
    fn times_have_two_units_at_most() {
        let cases = [
            (0.9, "0 s"),
            (61.0, "1 min 1 s"),
            (7260.0, "2 h 1 min"),
            (200_000.0, "2 d 7 h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn a_node_that_does_nothing_says_why() {
        assert_eq!(doing(&node(NodeState::Ready)), "does not answer");
        assert_eq!(doing(&node(NodeState::Paused)), "-");
        let dead = NodeStatus {
            death: Some(Death::Panic { text: "oh".into() }),
            ..node(NodeState::Dead)
        };
        assert_eq!(doing(&dead), "panic: oh");
    }

    #[test]
    fn views_are_told_when_they_differ() {
        let view = |epoch, members: &str, nodes: &str| ViewStatus {
            epoch,
            coordinator: Some(1),
            members: Some(members.into()),
            nodes: nodes.into(),
        };
        let one = views_text(&[view(4, "1-3", "1-3")]);
        assert_eq!(one, "view 4: members 1-3, coordinator 1\n");
        let two = views_text(&[view(5, "1-2", "1"), view(4, "1-3", "2-3")]);
        assert!(two.starts_with("the members have different views:\nview 5: members 1-2,"));
        assert!(two.ends_with("coordinator 1; installed by 2-3\n"), "{two}");
        assert!(views_text(&[]).contains("no view"));
    }

    #[test]
    fn our_own_process_uses_something() {
        let ours = NodeStatus {
            pid: Some(rustix::process::getpid().as_raw_nonzero().get()),
            ..node(NodeState::Ready)
        };
        let host = host_use(&ours).unwrap();
        assert!(host.processes >= 1 && host.rss_kib >= host.pss_kib && host.pss_kib > 0);
    }
}
