// SPDX-License-Identifier: GPL-2.0

//! The commands of a cluster.
//!
//! One program with several names, as busybox is: `cluster` and the links
//! `clustername`, `clusternode_num`, ... The name it is called by is the command.

use std::{
    io,
    process::ExitCode, //
};

fn main() -> ExitCode {
    ExitCode::from(ssi_cluster::run(
        libcluster::PROC_CLUSTER,
        std::env::args_os(),
        &mut io::stdout().lock(),
        &mut io::stderr().lock(),
    ))
}
