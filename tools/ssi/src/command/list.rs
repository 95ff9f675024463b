// SPDX-License-Identifier: GPL-2.0

//! `ssi list`.

use anyhow::Result;
use serde::Serialize;
use ssi_core::ids::ClusterName;

use super::{
    status::{
        print_json,
        print_text,
        span, //
    },
    table::Table,
};
use crate::{
    call::Call,
    cli::Format,
    layout::RunDir,
    protocol::{
        ClusterStatus,
        NodeState, //
    },
};

/// A cluster in a word or two.
#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    nodes: usize,
    ready: usize,
    up_s: f64,
    supervisor: i32,
    stopping: bool,
}

/// Prints all clusters of this user. Of clusters whose supervisor was killed
/// nothing is left afterwards.
///
/// # Errors
///
/// The run directory cannot be read.
pub(crate) fn run(format: &Format) -> Result<()> {
    let run_dir = RunDir::of_environment();
    run_dir.verify()?;
    let mut summaries = Vec::new();
    for name in run_dir.clusters()? {
        match look(&run_dir, name) {
            Ok(Some(summary)) => summaries.push(summary),
            Ok(None) => {}
            Err(e) => say!("ssi: cluster {name}: {e:#}"),
        }
    }
    match format.json {
        true => print_json(&summaries),
        false => print_text(&text(&summaries)),
    }
}

fn look(run_dir: &RunDir, name: ClusterName) -> Result<Option<Summary>> {
    match Call::connect(&run_dir.cluster(name))? {
        Some(mut call) => Ok(Some(summary(&call.status()?))),
        None => Ok(None),
    }
}

fn summary(status: &ClusterStatus) -> Summary {
    let ready = status
        .nodes
        .iter()
        .filter(|node| node.state == NodeState::Ready);
    Summary {
        name: status.plan.cluster.clone(),
        nodes: status.nodes.len(),
        ready: ready.count(),
        up_s: status.up_s,
        supervisor: status.supervisor,
        stopping: status.stopping,
    }
}

fn text(summaries: &[Summary]) -> String {
    if summaries.is_empty() {
        return "no cluster is running\n".to_owned();
    }
    let mut table = Table::new(&["CLUSTER", "NODES", "READY", "UP", "SUPERVISOR"]);
    for summary in summaries {
        table.row(vec![
            summary.name.clone(),
            summary.nodes.to_string(),
            summary.ready.to_string(),
            span(summary.up_s),
            summary.supervisor.to_string(),
        ]);
    }
    table.to_string()
}
