// SPDX-License-Identifier: GPL-2.0

//! The groups of measurements.
//!
//! A group measures what belongs together and returns its rows. What is
//! compared is measured in turns, so that a machine that gets slower or faster
//! on the way does so for both.

mod boot;
mod calls;
mod exec;
mod failure;
mod idle;
mod memory;
mod migrate;
mod moves;
mod network;
mod processes;
mod simulated;
mod syscalls;

use anyhow::Result;
use clap::ValueEnum;

use crate::bench::Bench;
use crate::row::Row;

/// One group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// From nothing to a command on a node
    Boot,
    /// From nothing to whole clusters
    Nodes,
    /// What an idle cluster takes
    Memory,
    /// Round trips and bulk between two nodes
    Network,
    /// Calls between kernels
    Calls,
    /// Processes of other nodes
    Processes,
    /// Programs on other nodes
    Migrate,
    /// Processes that move
    Moves,
    /// From the failure of a node to the next view
    Failure,
    /// What idle clusters of growing size take
    Idle,
    /// View changes of simulated clusters
    Simulated,
    /// System calls, fork and exec with and without SSI
    Syscalls,
    /// Commands on a node, from the host
    Exec,
}

impl Group {
    /// Its name, as `--only` takes it.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Measures, for as long as the bench's effort says.
    ///
    /// # Errors
    ///
    /// Something of it could not be measured.
    pub(crate) fn measure(self, bench: &Bench) -> Result<Vec<Row>> {
        match self {
            Self::Boot => boot::one_node(bench),
            Self::Nodes => boot::clusters(bench),
            Self::Memory => memory::measure(bench),
            Self::Network => network::measure(bench),
            Self::Calls => calls::measure(bench),
            Self::Processes => processes::measure(bench),
            Self::Migrate => migrate::measure(bench),
            Self::Moves => moves::measure(bench),
            Self::Failure => failure::measure(bench),
            Self::Idle => idle::measure(bench),
            Self::Simulated => simulated::measure(bench),
            Self::Syscalls => syscalls::measure(bench),
            Self::Exec => exec::measure(bench),
        }
    }
}
