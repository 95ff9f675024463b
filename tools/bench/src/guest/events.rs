// SPDX-License-Identifier: GPL-2.0

//! Events of the cluster.

use std::fs::{
    File,
    OpenOptions, //
};
use std::io::{
    Read,
    Write, //
};
use std::time::{
    SystemTime,
    UNIX_EPOCH, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};

use super::say;
use crate::question::Answer;

/// Where the kernel tells them.
const FILE: &str = "/proc/cluster/events";

/// What lets a read at the end wait for more.
const FOLLOW: &[u8] = b"follow";

/// Bytes of one read: some dozens of events.
const READ_BYTES: usize = 4096;

/// What the clock of the day reads now.
pub(super) fn now() -> Result<Answer> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let ns = u64::try_from(since_1970.as_nanos())?;
    Ok(Answer::Clock { ns })
}

/// Waits for an event to come in which `node` gets into `state`.
pub(super) fn wait_for(node: u8, state: &str) -> Result<Answer> {
    let mut events = at_the_end()?;
    say(&Answer::Listening)?;
    let mut lines = [0; READ_BYTES];
    loop {
        let bytes = events.read(&mut lines).context("cannot read the events")?;
        ensure!(bytes > 0, "the events ended");
        let came = String::from_utf8_lossy(&lines[..bytes]);
        if came.lines().any(|line| tells(line, node, state)) {
            return now();
        }
    }
}

/// The events, with those that were read already left out.
fn at_the_end() -> Result<File> {
    let opened = OpenOptions::new().read(true).write(true).open(FILE);
    let mut events = opened.with_context(|| format!("cannot open {FILE}"))?;
    let mut earlier = [0; READ_BYTES];
    while events.read(&mut earlier)? > 0 {}
    events
        .write_all(FOLLOW)
        .context("the events cannot be followed")?;
    Ok(events)
}

/// Whether an event says that `node` got into `state`: its number, the view's,
/// then the node, its state before, its state now, and more.
fn tells(line: &str, node: u8, state: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    words.get(2).and_then(|word| word.parse().ok()) == Some(node) && words.get(4) == Some(&state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_tells_of_one_node_and_one_state() {
        let line = "12 5 3 UP GOINGDOWN died 1764214800.123456";
        assert!(tells(line, 3, "GOINGDOWN"));
        for (node, state) in [(5, "GOINGDOWN"), (12, "GOINGDOWN"), (3, "UP"), (3, "died")] {
            assert!(!tells(line, node, state), "{node} {state}");
        }
        assert!(!tells("lost 3", 3, "UP"));
    }
}
