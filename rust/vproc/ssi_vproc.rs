// SPDX-License-Identifier: GPL-2.0

//! One process space.
//!
//! Every process of the cluster has a number no other one has, can be sent signals
//! and is seen in `/proc` from every node. See `Documentation/vproc.rst`.

#![deny(unsafe_code)]

use kernel::prelude::*;

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
        Ok(Self)
    }
}
