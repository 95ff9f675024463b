// SPDX-License-Identifier: GPL-2.0

//! How a start looks.
//!
//! Everything goes to standard error: standard output belongs to answers.

use std::time::Duration;

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
        Self::Lines { all, nodes }
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
            Self::Lines { .. } => {
                if let Some(line) = self.line(node) {
                    line.set_style(style("{prefix} {msg}"));
                    line.finish_with_message(text);
                }
            }
            Self::Plain { .. } => say!("node {node}: {text}"),
        }
    }

    /// The cluster is up.
    pub(super) fn up(&self, cluster: &str, seconds: f64) {
        let count = match self {
            Self::Lines { nodes, .. } => nodes.len(),
            Self::Plain { nodes } => usize::from(*nodes),
        };
        let option = name_option(cluster);
        let noun = if count == 1 { "node" } else { "nodes" };
        say!(
            "cluster {cluster}: {count} {noun} ready in {seconds:.2} s; try: \
             ssi{option} exec 1 -t sh, ssi{option} status, ssi{option} stop"
        );
    }

    /// The cluster does not come up; the end of the log that tells why.
    pub(super) fn failed(&self, log: &[String]) {
        if let Self::Lines { nodes, .. } = self {
            nodes.iter().for_each(ProgressBar::abandon);
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
