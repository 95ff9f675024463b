// SPDX-License-Identifier: GPL-2.0

//! Events of the cluster.

use std::time::{
    SystemTime,
    UNIX_EPOCH, //
};

use anyhow::{
    bail,
    Result, //
};
use libcluster::{
    Cluster,
    Event,
    Events, //
};

use super::say;
use crate::question::Answer;

/// What the clock of the day reads now.
pub(super) fn now() -> Result<Answer> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let ns = u64::try_from(since_1970.as_nanos())?;
    Ok(Answer::Clock { ns })
}

/// Waits for an event to come in which `node` gets into `state`.
pub(super) fn wait_for(node: u8, state: &str) -> Result<Answer> {
    let cluster = Cluster::here()?;
    let events = Events::after(&cluster, cluster.snapshot()?.transid)?;
    say(&Answer::Listening)?;
    for event in events {
        match event? {
            Event::Transition(t) if t.node.get() == node && t.to.name() == state => return now(),
            Event::Transition(_) => {}
            Event::Lost(count) => bail!("{count} events are lost"),
        }
    }
    bail!("the events ended")
}
