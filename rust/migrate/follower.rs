// SPDX-License-Identifier: GPL-2.0

//! Deaths of nodes.

use ssi_clms::Subsystem;
use ssi_core::{
    ids::Instance,
    view::View, //
};
use ssi_kapi::{
    guest,
    surrogate, //
};

use crate::{
    arrivals,
    children,
    drained,
    keepers,
    report,
    stash,
    threads, //
};

/// Follows the membership.
pub(crate) struct Follower;

impl Subsystem for Follower {
    fn name(&self) -> &'static str {
        "migrate"
    }

    fn stands_on(&self) -> &'static [&'static str] {
        &["vproc", "files"]
    }

    fn node_up(&self, _: &View, instance: Instance) {
        report::add_files(instance.node);
        drained::node_up(instance);
    }

    fn node_down(&self, _: &View, instance: Instance) {
        drained::node_down(instance.node);
        keepers::node_down(instance.node);
        arrivals::node_down(instance);
        stash::node_down(instance.node);
        guest::home_lost(instance.node.get());
        children::home_lost();
        surrogate::lost(instance.node.get());
        threads::node_down(instance.node);
    }
}
