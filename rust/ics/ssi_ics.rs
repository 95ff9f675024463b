// SPDX-License-Identifier: GPL-2.0

//! Internode communication.
//!
//! Who this node is and its place on the cluster network: the identity comes
//! from the command line, the interface is up with the node's address before
//! init runs. See `Documentation/ics.rst`.
//!
//! A kernel that was given no node number, or a wrong one, stays out: it says
//! why and works on as an ordinary kernel.

#![deny(unsafe_code)]

use kernel::{
    cpu,
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::{
    identity::{
        Identity,
        Member,
        Words, //
    },
    ids::{
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    view::View, //
};
use ssi_kapi::{
    boot_param,
    late,
    print::Plain, //
};

mod bulk_link;
mod bulk_rx;
mod call;
mod client;
mod connection;
mod counters;
mod dialler;
mod engine;
mod fault;
mod insist;
mod interface;
#[cfg(CONFIG_SSI_KUNIT_TEST)]
mod kunit;
mod levels;
mod life;
mod link;
mod log;
mod membership;
mod pages;
mod peer;
mod pending;
mod reactor;
mod report;
mod request;
mod ring;
mod rx;
mod server;
mod service;
mod settings;
mod tcp;
#[cfg(CONFIG_SSI_ICS_TEST)]
mod test;
mod transfer;
mod transport;

pub use crate::{
    call::{
        begin,
        call,
        call_many,
        send,
        Ask,
        Made,
        ServiceRef, //
    },
    client::Patient,
    fault::{
        error_of_peer,
        CallError, //
    },
    insist::{
        insist,
        tell, //
    },
    membership::{
        Membership,
        Start, //
    },
    pages::{
        Pages,
        PAGES_MAX, //
    },
    pending::Reply,
    report::add_files,
    request::{
        Caller,
        Request, //
    },
    service::{
        register,
        Handler,
        Place,
        Service,
        SERVICES_MAX, //
    }, //
};

module! {
    type: Ics,
    name: "ssi_ics",
    authors: ["SSI developers"],
    description: "SSI internode communication",
    license: "GPL",
}

static MEMBER: SetOnce<Member> = SetOnce::new();

/// The node this kernel is, `None` when it belongs to no cluster.
///
/// Any context; from the start of this module on, and never changes after.
pub fn this_node() -> Option<&'static Member> {
    MEMBER.as_ref()
}

/// Starts the links: from now on nodes of the roster are connected to.
///
/// Call it once, when the interface is up (behind `late::call` of this module).
/// Process context, may sleep.
///
/// # Errors
///
/// `ENODEV` on a kernel that is no node, `EBUSY` the second time, `ENOMEM`. A node
/// without an interface starts, warns, and has no links.
pub fn start(start: Start) -> Result {
    engine::start(start)
}

/// Says which nodes there may be: whom to connect to and whom to let in. Others are
/// refused; connections that exist stay. Any context that may not be interrupted.
pub fn set_roster(roster: NodeSet) {
    if let Some(engine) = engine::get() {
        engine.set_roster(roster);
    }
}

/// Sends a message of the membership to `to`: it arrives once and in order, in
/// whatever epoch, as long as both live. Process context, may sleep, does not wait
/// for the network.
///
/// # Errors
///
/// `ENOTCONN` as long as `to` was never linked in its current life, `ENOBUFS` when
/// more than 256 wait for it, `EMSGSIZE` over 4096 bytes, `ENOMEM`.
pub fn send_membership(to: NodeId, body: &[u8]) -> Result {
    engine::get().ok_or(ENOTCONN)?.send_membership(to, body)
}

/// Sends a heartbeat to `to`, if it was linked once: it arrives or not. Process
/// context, may sleep for memory.
pub fn send_beat(to: NodeId, body: &[u8]) {
    if let Some(engine) = engine::get() {
        engine.send_beat(to, body);
    }
}

/// Makes `view` the one requests act in. Requests that waited for it run, sessions
/// of lives that were members and are none any more end: calls to them with
/// [`CallError::NodeDown`]. The reactor does all that, soon after this returned. What
/// calls this may make no calls itself, at any time. Process context, may sleep.
pub fn install(view: &View) {
    if let Some(engine) = engine::get() {
        engine.install(view);
    }
}

/// Says that a life, and all before it, is proven to be over: its session ends at
/// once, and it is never let in again. Calls to it end soon after this returned. What
/// calls this may make no calls itself, at any time. Process context, may sleep.
pub fn end(instance: Instance) {
    if let Some(engine) = engine::get() {
        engine.end(instance);
    }
}

struct Ics;

impl kernel::Module for Ics {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        match Identity::read(words(), cpu::nr_cpu_ids()) {
            Ok(Identity::Alone) => pr_info!("no ssi.node= given: not a node of a cluster\n"),
            Ok(Identity::Member(member)) => join(member)?,
            Err(refusal) => {
                pr_err!("{}; this kernel joins no cluster\n", Plain(refusal));
                return Err(EINVAL);
            }
        }
        Ok(Self)
    }
}

fn words() -> Words<'static> {
    Words {
        node: boot_param::NODE.text(),
        cluster: boot_param::CLUSTER.text(),
    }
}

fn join(member: Member) -> Result {
    pr_info!(
        "node {} of cluster {}\n",
        Plain(member.node),
        Plain(member.cluster)
    );
    MEMBER.populate(member);
    late::call(interface::bring_up)
}
