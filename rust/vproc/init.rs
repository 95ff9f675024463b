// SPDX-License-Identifier: GPL-2.0

//! Init of the cluster.
//!
//! Pid 1 is one process for the whole cluster: the first one of the node this key
//! service runs on. When that node dies the next one that is up has the
//! role. The first processes of the other nodes look after what is on them, and are
//! seen by themselves alone.

use ssi_clms::{
    service_location,
    KeyService, //
};
use ssi_core::{
    ids::NodeId,
    view::View, //
};
use ssi_kapi::proc_remote;

const NAME: &str = "init";

/// The node whose first process is the init of the cluster, `None` before there is a
/// cluster. May sleep.
pub(crate) fn node() -> Option<NodeId> {
    service_location(NAME)
}

/// The role of this node's first process.
pub(crate) struct Init;

impl KeyService for Init {
    fn name(&self) -> &'static str {
        NAME
    }

    fn start(&self, _: &View) {
        proc_remote::set_init_here(true);
    }

    fn stop(&self, _: &View) {
        proc_remote::set_init_here(false);
    }
}
