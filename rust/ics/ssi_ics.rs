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
use ssi_core::identity::{
    Identity,
    Member,
    Words, //
};
use ssi_kapi::{
    boot_param,
    late,
    print::Plain, //
};

mod interface;
#[cfg(CONFIG_SSI_KUNIT_TEST)]
mod kunit;

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
