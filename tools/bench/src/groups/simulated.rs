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
use crate::figure::{
    Figure,
    Unit, //
};
use crate::held::Ending;
use crate::row::Row;

/// Has the simulator of the membership tell what it counts.
const WORDS: [&str; 2] = ["clms", "--report"];

/// One line of its report.
#[derive(Clone, Debug, PartialEq)]
struct Change {
    nodes: u32,
    cause: String,
    rounds: f64,
    messages: f64,
}

/// Rounds, then messages, of view changes.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    bench.progress.begin("simulated view changes", 1);
    let changes = report(bench)?;
    bench.progress.end();
    ensure!(!changes.is_empty(), "the simulator reports nothing");
    let rounds = changes.iter().map(|one| one.row("rounds", Unit::Rounds));
    let messages = changes
        .iter()
        .map(|one| one.row("messages", Unit::Messages));
    rounds.chain(messages).collect()
}

fn report(bench: &Bench) -> Result<Vec<Change>> {
    let mut command = Command::new(&bench.programs.simulator);
    command.args(WORDS).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = bench.held.spawn(&mut command, Ending::Kill)?;
    let mut text = String::new();
    child.take_output()?.read_to_string(&mut text)?;
    ensure!(child.wait()?.success(), "the simulator failed");
    let lines = text.lines().filter(|line| line.contains("nodes="));
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

    fn row(&self, value: &str, unit: Unit) -> Result<Row> {
        let (nodes, cause) = (self.nodes, &self.cause);
        let name = format!("simulated-{value}-{cause}-{nodes}");
        let what = format!("{value} of a view change, {cause}, {nodes} nodes");
        let number = match unit {
            Unit::Rounds => self.rounds,
            _ => self.messages,
        };
        Ok(Row::new(&name, what, Figure::of(&[number], unit)?))
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
        let row = change.row("rounds", Unit::Rounds).unwrap();
        assert_eq!(row.measured.to_string(), "4.00 rounds");
    }
}
