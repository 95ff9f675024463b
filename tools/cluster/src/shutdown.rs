// SPDX-License-Identifier: GPL-2.0

//! The shutdown of a node.

use std::{
    io::Write,
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use anyhow::bail;
use libcluster::{
    Cluster,
    Error,
    NodeState,
    PowerAction, //
};

use crate::{
    cli::Shutdown,
    drain, //
};

/// How long the node may take to begin. All members have to agree.
const BEGIN_MAX: Duration = Duration::from_secs(10);

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Drains the node, asks it, and returns when it has begun. Who stays ends with it, and is
/// named on `out`.
pub(crate) fn run(cluster: &Cluster, asked: &Shutdown, out: &mut dyn Write) -> anyhow::Result<()> {
    let before = cluster.info(asked.node)?;
    if before.state != NodeState::Up {
        bail!("node {} is {}, not UP", asked.node, before.state);
    }
    let then = if asked.reboot {
        PowerAction::Reboot
    } else {
        PowerAction::Halt
    };
    let was_drained = cluster.is_drained(asked.node);
    if !asked.stays_full && drain::is_possible(cluster, asked.node)? {
        let stay = drain::empty(cluster, asked.node).map_err(explain)?;
        crate::write(out, &stay.lines("ends"))?;
    }
    if let Err(why) = cluster.shut_down(asked.node, then) {
        if !was_drained {
            // The first failure is the one to tell.
            let _ = drain::undo(cluster, asked.node);
        }
        return Err(explain(why));
    }
    let end = Instant::now() + BEGIN_MAX;
    loop {
        let now = cluster.info(asked.node)?;
        // A fast one may be down, or up again.
        if now.state != NodeState::Up || now.incarnation != before.incarnation {
            return Ok(());
        }
        if Instant::now() >= end {
            bail!(
                "node {} was asked to shut down and is still up after {} s",
                asked.node,
                BEGIN_MAX.as_secs()
            );
        }
        thread::sleep(LOOK);
    }
}

fn explain(why: Error) -> anyhow::Error {
    match why {
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("only root may shut down a node")
        }
        why => why.into(),
    }
}
