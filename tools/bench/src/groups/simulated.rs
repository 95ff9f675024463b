// SPDX-License-Identifier: GPL-2.0

//! View changes of simulated clusters.
//!
//! The simulator runs the very machines of the kernel for more nodes than one
//! host has room for, and counts what a view change costs them: messages, and
//! rounds, which are messages that have to wait for one another.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{
    Command,
    Stdio, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};

use crate::bench::Bench;
use crate::figure::Unit;
use crate::held::Ending;
use crate::row::Row;
use crate::turns::Turns;

/// Has the simulator of the membership tell what it counts.
const WORDS: [&str; 2] = ["clms", "--report"];

/// What changes a view, in the simulator's word and in ours.
const CAUSES: [(&str, &str); 4] = [
    ("death", "a node dies"),
    ("takeover", "the coordinator dies"),
    ("join", "a node joins"),
    ("form", "all join one"),
];

/// Sizes of clusters that are shown, beside the smallest.
const SIZES: [u32; 3] = [16, 63, 511];
const FEW: u32 = 3;

/// One line of its report.
#[derive(Clone, Debug, PartialEq)]
struct Change {
    nodes: u32,
    cause: String,
    rounds: f64,
    messages: f64,
}

/// A value of a change, and how it is shown.
struct Value {
    name: &'static str,
    unit: Unit,
    of: fn(&Change) -> f64,
}

const VALUES: [Value; 2] = [
    Value {
        name: "rounds",
        unit: Unit::Rounds,
        of: |change| change.rounds,
    },
    Value {
        name: "messages",
        unit: Unit::Messages,
        of: |change| change.messages,
    },
];

/// Rounds, then messages, of view changes of every kind and size.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    bench.progress.begin("simulated view changes", 1);
    let changes = report(bench)?;
    bench.progress.end();
    let find = |cause: &str, nodes| {
        let mut changes = changes.iter();
        let found = changes.find(|one| one.cause == cause && one.nodes == nodes);
        found.with_context(|| format!("the simulator has no {cause} of {nodes} nodes"))
    };
    let mut rows = Vec::new();
    for value in &VALUES {
        for (cause, words) in CAUSES {
            for nodes in SIZES {
                rows.push(value.row(words, find(cause, nodes)?, find(cause, FEW)?)?);
            }
        }
    }
    Ok(rows)
}

fn report(bench: &Bench) -> Result<Vec<Change>> {
    let mut command = Command::new(&bench.programs.simulator);
    command.args(WORDS).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = bench.held.spawn(&mut command, Ending::Kill)?;
    let mut text = String::new();
    child.take_output()?.read_to_string(&mut text)?;
    ensure!(child.wait()?.success(), "the simulator failed");
    let lines = text.lines().filter(|line| line.contains(" cause="));
    lines.map(Change::read).collect()
}

impl Change {
    fn read(line: &str) -> Result<Self> {
        let words = line.split_whitespace();
        let pairs: BTreeMap<&str, &str> = words.filter_map(|word| word.split_once('=')).collect();
        let word = |name: &str| {
            let found = pairs.get(name).copied();
            found.with_context(|| format!("the simulator does not tell `{name}`"))
        };
        Ok(Self {
            nodes: word("nodes")?.parse()?,
            cause: word("cause")?.to_owned(),
            rounds: word("rounds")?.parse()?,
            messages: word("messages")?.parse()?,
        })
    }
}

impl Value {
    fn row(&self, words: &str, change: &Change, few: &Change) -> Result<Row> {
        let (value, nodes, cause) = (self.name, change.nodes, &change.cause);
        let name = format!("simulated-{value}-{cause}-{nodes}");
        let what = format!("simulated, {words}, {nodes} nodes: {value}");
        let mut turns = Turns::default();
        turns.add((self.of)(change), (self.of)(few));
        turns.row(&name, what, "3 nodes", self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_by_its_names() {
        let change = Change::read("nodes=512 cause=death rounds=4 bytes=9 messages=2044").unwrap();
        assert_eq!((change.nodes, change.cause.as_str()), (512, "death"));
        assert_eq!((change.rounds, change.messages), (4.0, 2044.0));
        assert!(Change::read("nodes=512 cause=death rounds=4").is_err());
        let row = VALUES[0].row("a node dies", &change, &change).unwrap();
        assert_eq!(row.measured.to_string(), "4.00 rounds");
    }
}
