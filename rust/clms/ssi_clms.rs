// SPDX-License-Identifier: GPL-2.0

//! Cluster membership.
//!
//! What a user can ask the kernel about the cluster, in `/proc/cluster`. See
//! `Documentation/clms.rst`.

#![deny(unsafe_code)]

use kernel::prelude::*;
use ssi_kapi::procfs;

mod files;

module! {
    type: Clms,
    name: "ssi_clms",
    authors: ["SSI developers"],
    description: "SSI cluster membership",
    license: "GPL",
}

struct Clms {
    /// `/proc/cluster`; there is none on a kernel that is no node.
    _folder: Option<procfs::Dir>,
}

impl kernel::Module for Clms {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let folder = match ssi_ics::this_node() {
            Some(_) => Some(files::create()?),
            None => None,
        };
        Ok(Self { _folder: folder })
    }
}
