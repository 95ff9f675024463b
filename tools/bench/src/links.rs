// SPDX-License-Identifier: GPL-2.0

//! Links between two nodes.
//!
//! The kernel of a node measures its own links: a command goes into
//! `/proc/cluster/ics_test`, what came of it is read back as lines of
//! `name: value`. See `rust/ics/test.rs`.

use std::collections::BTreeMap;

use anyhow::{
    ensure,
    Context,
    Result, //
};

use crate::peer::Peer;

/// The kernel's file.
const FILE: &str = "/proc/cluster/ics_test";

/// How frames are protected from the next connection on.
const SECURITY: &str = "/proc/sys/ssi/ics/security";

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

/// Has both nodes protect their frames in `mode`: the link is made again.
///
/// # Errors
///
/// A kernel refuses it, or the new link is none of `mode`.
pub(crate) fn secure(caller: &mut Peer, server: &mut Peer, mode: &str) -> Result<()> {
    caller.put(SECURITY, mode)?;
    server.put(SECURITY, mode)?;
    let found = run(caller, "reconnect node=2")?;
    let now = found.0.get("mode").map_or("", String::as_str);
    ensure!(now == mode, "the link is in mode `{now}`, not `{mode}`");
    Ok(())
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
    fn values_are_found_by_name() {
        let found = Found::read("p50_us: 81\np99_us: 130\nmode: mac\n");
        assert_eq!(found.number("p50_us").unwrap(), 81.0);
        assert_eq!(found.number("p99_us").unwrap(), 130.0);
        assert!(found.number("mode").is_err());
        assert!(found.number("p90_us").is_err());
    }
}
