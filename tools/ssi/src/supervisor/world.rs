// SPDX-License-Identifier: GPL-2.0

//! What all nodes share.
//!
//! The network, the wire, the place to wait, the clock.

use std::{
    io,
    time::Instant, //
};

use anyhow::{
    Context,
    Result, //
};
use ssi_switch::Switch;
use ssi_wire::Wire;

use super::{
    kept_kernel::KeptKernel,
    log_file::LogFile,
    log_watch::LogWatch,
    machine::Moment,
    poller::{
        Interest,
        Poller,
        Token, //
    },
    warden::Warden,
};
use crate::{
    layout::ClusterPaths,
    plan::Plan, //
};

/// What all nodes of a cluster share.
pub(crate) struct World {
    /// What the cluster is made of.
    pub(crate) plan: Plan,
    /// The kernel of its nodes, whatever becomes of the file's name.
    pub(crate) kernel: KeptKernel,
    /// Where its files are.
    pub(crate) paths: ClusterPaths,
    /// The place to wait.
    pub(crate) poller: Poller,
    /// The cluster's network.
    pub(crate) switch: Switch,
    /// The launcher's own wire.
    pub(crate) wire: Wire,
    /// Logs that are being written.
    pub(crate) logs: LogWatch,
    /// Lives, deaths and fences.
    pub(crate) warden: Warden,
    /// Our own log, which is standard error as well.
    pub(crate) own_log: LogFile,
    begin: Instant,
}

impl World {
    /// A world without nodes.
    ///
    /// # Errors
    ///
    /// No thread, no descriptor.
    pub(crate) fn new(plan: Plan, paths: ClusterPaths, begin: Instant) -> Result<Self> {
        let world = Self {
            kernel: KeptKernel::hold(&plan.kernel)?,
            poller: Poller::new().context("cannot wait for events")?,
            switch: Switch::start(plan.seed).context("cannot start the switch")?,
            wire: Wire::start().context("cannot start the wire")?,
            logs: LogWatch::new().context("cannot watch logs")?,
            warden: Warden::new()?,
            own_log: LogFile::create(&paths.supervisor_log(), None)
                .context("cannot open the supervisor's log")?,
            plan,
            paths,
            begin,
        };
        world.listen().context("cannot wait for events")?;
        Ok(world)
    }

    /// Time since the supervisor started.
    pub(crate) fn now(&self) -> Moment {
        self.begin.elapsed()
    }

    fn listen(&self) -> io::Result<()> {
        self.poller.add(&self.logs, Token::Logs, Interest::Read)
    }
}
