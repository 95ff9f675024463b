// SPDX-License-Identifier: GPL-2.0

//! The cluster, for programs.
//!
//! A node's kernel shows the membership in `/proc/cluster`; this crate reads it
//! into types. [`Cluster`] answers what is now, [`Events`] follows what changes
//! and loses nothing, [`rexecvp`] begins a program on another node, [`rfork`] a
//! child, and [`migrate`] goes there. The C library of OpenSSI's call names
//! (`libcluster-c`) and the commands (`cluster` and its kin) are made of it.
//!
//! ```no_run
//! use libcluster::{Cluster, Event, Events};
//!
//! # fn main() -> Result<(), libcluster::Error> {
//! let cluster = Cluster::here()?;
//! let now = cluster.membership()?;
//! println!("up: {:?}", now.up);
//! for event in Events::after(&cluster, now.transid)? {
//!     match event? {
//!         Event::Transition(change) => println!("{}: {}", change.node, change.to),
//!         Event::Lost(count) => println!("{count} changes are forgotten"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here needs privileges but [`Cluster::shut_down`] and [`Cluster::set_drained`]. The
//! kernel of this node knows the answers. Only what concerns a process, the moves or the load
//! of another waits for that: [`Cluster::node_pid`], [`Cluster::moves`],
//! [`Cluster::run_queue`], [`Cluster::loads`], [`Cluster::fastest`], and [`rexecve`] with its
//! kin, which becomes a program there, [`rfork`], [`migrate`] and [`Cluster::migrate_pid`].

mod cluster;
mod decoder;
mod drained;
mod error;
mod events;
mod history;
mod load;
mod local_view;
mod migrate;
mod moves;
mod not_begun;
mod persona;
mod pin;
mod process;
mod rexec;
mod rfork;
mod snapshot;
mod text;
mod transition;

pub use ssi_core::{
    ids::{
        Epoch,
        Incarnation,
        NodeId as ClusterNode,
        NODE_MAX, //
    },
    view::NodeState, //
};

pub use crate::{
    cluster::{
        address,
        Cluster,
        Membership,
        PowerAction,
        Which,
        PROC_CLUSTER, //
    },
    error::Error,
    events::{
        Event,
        Events, //
    },
    load::Load,
    local_view::local_view,
    migrate::{
        migrate,
        NotMoved, //
    },
    moves::Move,
    not_begun::NotBegun,
    pin::pin,
    process::{
        Pid,
        AGENT_NAME, //
    },
    rexec::{
        rexecv,
        rexecve,
        rexecvp, //
    },
    rfork::{
        rfork,
        Forked,
        NotForked, //
    },
    snapshot::{
        NodeInfo,
        Snapshot, //
    },
    transition::{
        TransId,
        Transition, //
    },
};
