// SPDX-License-Identifier: GPL-2.0

//! One process space.
//!
//! Every process of the cluster has a number no other one has, can be sent signals
//! and is seen in `/proc` from every node. See `Documentation/vproc.rst`.
//!
//! ```text
//!   a task here                                  another node
//!   system call -> dispatch -> signals, calls \              / served_calls -> kernel
//!                                              ask -> service
//!   /proc/<pid>  ------------> remote_proc    /              \ served_files -> /proc
//!   pidfd -> pidfd_calls -> pidfds ------> pid_watches
//!                      \-> map: where is it?
//!   fcntl -> owners -> ask ...; the kernel -> owner_signals ---> owner_signals
//!   /proc/cluster/stat -> totals ---------> ask ...
//! ```

#![deny(unsafe_code)]

use kernel::prelude::*;
use ssi_core::vproc::pid;
use ssi_kapi::{
    behalf,
    pids,
    proc_remote, //
};

mod ask;
mod boots;
mod calls;
mod cpu_clocks;
mod dispatch;
mod groups;
mod init;
mod map;
mod orphans;
mod owner_signals;
mod owners;
mod pid_watches;
mod pidfd_calls;
mod pidfds;
mod remote_proc;
mod scans;
mod served_calls;
mod served_files;
mod served_goto;
mod service;
mod signals;
mod span;
mod totals;
pub mod traveller;

pub use crate::dispatch::install_itself;
pub use crate::pidfds::open as open_pidfd;

module! {
    type: Vproc,
    name: "ssi_vproc",
    authors: ["SSI developers"],
    description: "SSI one process space",
    license: "GPL",
}

struct Vproc;

impl kernel::Module for Vproc {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if let Some(me) = ssi_ics::this_node() {
            map::begin(me.node);
            scans::create()?;
            pid_watches::create()?;
            pidfds::create()?;
            served_goto::create()?;
            // Without it callers of other user namespaces are refused.
            if behalf::begin().is_err() {
                pr_warn!("no user namespace: foreign callers see no files of this node\n");
            }
            pids::begin(pid::range(me.node))?;
            ssi_ics::register(&service::SERVICE)?;
            ssi_ics::register(&pid_watches::SERVICE)?;
            groups::begin()?;
            owner_signals::begin()?;
            ssi_clms::register_subsystem(&map::Follower)?;
            ssi_clms::register_service(&init::Init)?;
            dispatch::hook()?;
            proc_remote::install(&remote_proc::Remote)?;
        }
        Ok(Self)
    }
}
