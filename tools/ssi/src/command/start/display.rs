// SPDX-License-Identifier: GPL-2.0

//! How a start looks.
//!
//! Everything goes to standard error: standard output belongs to answers.

use std::{
    collections::BTreeSet,
    time::Duration, //
};

use indicatif::{
    MultiProgress,
    ProgressBar,
    ProgressDrawTarget,
    ProgressStyle, //
};
use rustix::termios::isatty;

use crate::call::name_option;

/// How often a line that waits is drawn again.
const REDRAW: Duration = Duration::from_millis(100);

/// How a start looks.
pub(super) enum Display {
    /// A line per node that changes in place.
    Lines {
        /// All of them.
        all: MultiProgress,
        /// Node 1 first.
        nodes: Vec<ProgressBar>,
        /// How far the cluster is, below them.
        cluster: ProgressBar,
        /// Nodes that are ready.
        ready: BTreeSet<u8>,
    },
    /// A line for each thing that happens.
    Plain {
        /// How many nodes there will be.
        nodes: u8,
    },
}

impl Display {
    /// What suits standard error, for `nodes` nodes.
    pub(super) fn new(nodes: u8) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if is_dumb || !isatty(rustix::stdio::stderr()) {
            return Self::Plain { nodes };
        }
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let nodes = (1..=nodes).map(|node| line(&all, node)).collect();
        let cluster = all.add(ProgressBar::new_spinner());
        cluster.set_style(style("{msg}"));
        Self::Lines {
            all,
            nodes,
            cluster,
            ready: BTreeSet::new(),
        }
    }

    /// Says something beside the nodes' lines.
    pub(super) fn note(&self, text: &str) {
        match self {
            Self::Lines { all, .. } => {
                // A terminal that is gone needs no words.
                let _ = all.println(format!("ssi: {text}"));
            }
            Self::Plain { .. } => say!("ssi: {text}"),
        }
    }

    /// The node's process was started.
    pub(super) fn booting(&mut self, node: u8) {
        if let Self::Lines { ready, .. } = self {
            ready.remove(&node);
        }
        if let Some(line) = self.line(node) {
            line.set_message("booting");
            line.reset_elapsed();
            line.enable_steady_tick(REDRAW);
        }
    }

    /// The node is ready.
    pub(super) fn ready(&mut self, node: u8, seconds: f64, problem: Option<&str>) {
        let trouble = problem.map_or_else(String::new, |text| format!(", but: {text}"));
        let text = format!("ready after {seconds:.2} s{trouble}");
        match self {
            Self::Lines { ready, .. } => {
                ready.insert(node);
                if let Some(line) = self.line(node) {
                    line.set_style(style("{prefix} {msg}"));
                    line.finish_with_message(text);
                }
            }
            Self::Plain { .. } => say!("node {node}: {text}"),
        }
    }

    /// The members have a view in which so many nodes are up.
    pub(super) fn members(&self, up: usize) {
        let all = self.count();
        match self {
            Self::Lines { cluster, ready, .. } => cluster.set_message(format!(
                "ready {} of {all}, in the cluster {up} of {all}",
                ready.len()
            )),
            Self::Plain { .. } => say!("in the cluster: {up} of {all}"),
        }
    }

    /// The cluster is up, in this view if its kernels know of one.
    pub(super) fn up(&self, name: &str, seconds: f64, epoch: Option<u32>) {
        if let Self::Lines { cluster, .. } = self {
            cluster.finish_and_clear();
        }
        let count = self.count();
        let option = name_option(name);
        let noun = if count == 1 { "node" } else { "nodes" };
        let view = epoch.map_or_else(String::new, |epoch| format!(" and in view {epoch}"));
        say!(
            "cluster {name}: {count} {noun} ready{view} in {seconds:.2} s; try: \
             ssi{option} exec 1 -t sh, ssi{option} status, ssi{option} stop"
        );
    }

    fn count(&self) -> usize {
        match self {
            Self::Lines { nodes, .. } => nodes.len(),
            Self::Plain { nodes } => usize::from(*nodes),
        }
    }

    /// The cluster does not come up; the end of the log that tells why.
    pub(super) fn failed(&self, log: &[String]) {
        if let Self::Lines { nodes, cluster, .. } = self {
            nodes.iter().for_each(ProgressBar::abandon);
            cluster.abandon();
        }
        for line in log {
            say!("  | {line}");
        }
    }

    fn line(&mut self, node: u8) -> Option<&ProgressBar> {
        match self {
            Self::Lines { nodes, .. } => nodes.get(usize::from(node).checked_sub(1)?),
            Self::Plain { .. } => None,
        }
    }
}

fn line(all: &MultiProgress, node: u8) -> ProgressBar {
    let line = all.add(ProgressBar::new_spinner());
    line.set_style(style("{prefix} {msg} {elapsed_precise:.dim}"));
    line.set_prefix(format!("node {node:>2}:"));
    line.set_message("waits for its turn");
    line
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
