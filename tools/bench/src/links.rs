// SPDX-License-Identifier: GPL-2.0

//! Links between two nodes.
//!
//! The kernel of a node measures its own links: a command goes into
//! `/proc/cluster/ics_test`, what came of it is read back as lines of
//! `name: value`. See `rust/ics/test.rs`.

use std::collections::BTreeMap;
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};

use crate::peer::Peer;

/// The kernel's file.
const FILE: &str = "/proc/cluster/ics_test";

/// What the kernel tells of its links.
const LINKS: &str = "/proc/cluster/ics";

/// How frames are protected; a change makes the link anew.
const SECURITY: &str = "/proc/sys/ssi/ics/security";

/// Longest wait for a link.
const LINK_MAX: Duration = Duration::from_secs(5);

/// How often the link is looked at meanwhile.
const POLL: Duration = Duration::from_millis(20);

/// What a command found out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found(BTreeMap<String, String>);

/// Has the kernel of `guest` run `line`.
///
/// # Errors
///
/// The kernel refuses it, or a call failed or was answered wrongly.
pub(crate) fn run(guest: &mut Peer, line: &str) -> Result<Found> {
    guest.put(FILE, line)?;
    let found = Found::read(&guest.get(FILE)?);
    for fault in ["failed", "wrong"] {
        let count = found.0.get(fault).map_or("0", String::as_str);
        ensure!(count == "0", "`{line}`: {count} calls {fault}");
    }
    Ok(found)
}

/// Has all nodes, which are `nodes`, protect their frames in `mode`.
///
/// # Errors
///
/// A kernel refuses it, or there are no such links soon.
pub(crate) fn secure(nodes: &mut [Peer], mode: &str) -> Result<()> {
    for node in nodes.iter_mut() {
        node.put(SECURITY, mode)?;
    }
    let (began, peers) = (Instant::now(), nodes.len() - 1);
    for node in nodes {
        while linked(&node.get(LINKS)?, mode) < peers {
            ensure!(began.elapsed() < LINK_MAX, "no links in mode {mode}");
            thread::sleep(POLL);
        }
    }
    Ok(())
}

/// How many of a node's links are up and in `mode`.
fn linked(links: &str, mode: &str) -> usize {
    let peers = links.lines().filter(|line| line.starts_with("peer: "));
    let security = format!("security={mode}");
    peers
        .filter(|peer| {
            let words: Vec<&str> = peer.split(' ').collect();
            words.contains(&"state=up") && words.contains(&security.as_str())
        })
        .count()
}

impl Found {
    fn read(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once(": "));
        Self(pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect())
    }

    /// The number called `name`.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn number(&self, name: &str) -> Result<f64> {
        let value = self.0.get(name).and_then(|value| value.parse().ok());
        value.with_context(|| format!("the kernel did not tell `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_counts_in_its_mode_alone() {
        let up = "node: id=1.1\npeer: id=2.2 state=up member=yes security=none\n";
        assert_eq!((linked(up, "none"), linked(up, "mac")), (1, 0));
        assert_eq!(linked(&up.replace("state=up", "state=down"), "none"), 0);
    }

    #[test]
    fn values_are_found_by_name() {
        let found = Found::read("p50_us: 81\np99_us: 130\nmode: mac\n");
        assert_eq!(found.number("p50_us").unwrap(), 81.0);
        assert_eq!(found.number("p99_us").unwrap(), 130.0);
        assert!(found.number("mode").is_err());
        assert!(found.number("p90_us").is_err());
    }
}
