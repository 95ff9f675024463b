// SPDX-License-Identifier: GPL-2.0

//! Cluster membership.
//!
//! Who is in the cluster, agreed upon by all nodes: this module drives the machine
//! of the core (`core/clms/`), which decides, and offers what it decided to the
//! features above ([`Subsystem`], [`KeyService`]) and to users (`/proc/cluster`). See
//! `Documentation/clms.rst`.

#![deny(unsafe_code)]

use kernel::prelude::*;
use ssi_core::view::View;
use ssi_kapi::late;

mod announce;
mod board;
mod crash;
mod driver;
mod engine;
mod events;
mod files;
mod host;
mod links;
mod mailbox;
mod node_folder;
mod outbox;
mod runner;
mod scripts;
mod service;
mod settings;
mod shutdown;
mod standstill;
mod subsystem;
mod text;

pub use files::folder;
pub use node_folder::get as node_folder;
pub use service::{
    location as service_location,
    register as register_service,
    KeyService,
    KEY_SERVICES_MAX, //
};
pub use subsystem::{
    register as register_subsystem,
    Subsystem,
    SUBSYSTEM_NAME_BYTES_MAX, //
};

module! {
    type: Clms,
    name: "ssi_clms",
    authors: ["SSI developers"],
    description: "SSI cluster membership",
    license: "GPL",
}

/// The view this node has, [`View::EMPTY`] before the first and on a kernel that is no
/// node. Process context, may sleep.
pub fn view() -> View {
    driver::get().map_or(View::EMPTY, |driver| driver.board.lock().view.clone())
}

struct Clms;

impl kernel::Module for Clms {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if let Some(me) = ssi_ics::this_node() {
            driver::create(*me)?;
            late::call(driver::start)?;
        }
        Ok(Self)
    }
}
