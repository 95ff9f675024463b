// SPDX-License-Identifier: GPL-2.0

//! The shutdown of a node.

use std::{
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

use crate::cli::Shutdown;

/// How long the node may take to begin. All members have to agree.
const BEGIN_MAX: Duration = Duration::from_secs(10);

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Asks the node, and returns when it has begun.
pub(crate) fn run(cluster: &Cluster, asked: &Shutdown) -> anyhow::Result<()> {
    let before = cluster.info(asked.node)?;
    if before.state != NodeState::Up {
        bail!("node {} is {}, not UP", asked.node, before.state);
    }
    let then = if asked.reboot {
        PowerAction::Reboot
    } else {
        PowerAction::Halt
    };
    cluster.shut_down(asked.node, then).map_err(explain)?;
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
