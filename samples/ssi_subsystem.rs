// SPDX-License-Identifier: GPL-2.0

//! Subscriber of the membership.
//!
//! Says in the log who comes and who goes, and where the one instance of a service
//! runs: a first module for those who write a feature. See `Documentation/clms.rst`.

use kernel::prelude::*;
use ssi_clms::{
    register_service,
    register_subsystem,
    KeyService,
    Subsystem, //
};
use ssi_core::{
    ids::Instance,
    view::View, //
};
use ssi_kapi::print::Plain;

module! {
    type: Sample,
    name: "ssi_subsystem",
    authors: ["SSI developers"],
    description: "SSI sample: a subscriber of the membership",
    license: "GPL",
}

struct Sample;

impl kernel::Module for Sample {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        register_subsystem(&Self)?;
        register_service(&Self)?;
        Ok(Self)
    }
}

impl Subsystem for Sample {
    fn name(&self) -> &'static str {
        "sample"
    }

    fn node_up(&self, view: &View, instance: Instance) {
        pr_info!("up {} in epoch {}\n", Plain(instance), Plain(view.epoch));
    }

    fn node_down(&self, view: &View, instance: Instance) {
        pr_info!("down {} in epoch {}\n", Plain(instance), Plain(view.epoch));
    }
}

impl KeyService for Sample {
    fn name(&self) -> &'static str {
        "sample"
    }

    fn start(&self, view: &View) {
        pr_info!("serves from epoch {} on\n", Plain(view.epoch));
    }

    fn stop(&self, view: &View) {
        pr_info!("serves no longer in epoch {}\n", Plain(view.epoch));
    }
}
