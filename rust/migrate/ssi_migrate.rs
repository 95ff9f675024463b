// SPDX-License-Identifier: GPL-2.0

//! Programs on other nodes.
//!
//! A process executes a program on another node and stays the same process: its number,
//! its parent, its open files. Or it forks, and its child is on another node. See
//! `Documentation/migrate.rst`.
//!
//! ```text
//!  home                                         the other node
//!  /dev/ssi -> rexec -> parcel
//!           -> rfork -> parcel
//!                         |
//!                     hand_over ---- execute, fork --> arrivals -> kapi::guest
//!                         '--------- commit, abort ------^            |
//!  moving -> ahead ------------- stash --> stash                  |
//!                       lent <------ fetch ------------------- memory_image, fetcher
//!  kapi::surrogate -> forward ------ signal ---> kapi::guest
//!  kapi::surrogate <---------- setpgid, setsid ------ relations
//!  kapi::surrogate <- news <---- exited, stopped ---- kapi::guest
//! ```
//!
//! What both sides decide is [`ssi_core::migrate::handover`].

#![deny(unsafe_code)]

use kernel::prelude::*;
use ssi_kapi::{
    address_space,
    device,
    guest,
    lent_number,
    moves,
    restart,
    surrogate, //
};

mod ahead;
mod arrivals;
mod ask;
mod at_home;
mod calls;
mod children;
mod control;
mod drained;
mod fetcher;
mod follower;
mod goto;
mod hand_over;
mod journal;
mod keepers;
mod lent;
mod luggage;
mod memory_image;
mod moving;
mod news;
mod parcel;
mod program;
mod relations;
mod report;
mod rexec;
mod rfork;
mod scatter;
mod service;
mod stash;
mod surrogates;
mod tally;
mod text;
mod threads;
mod users;
mod wait;
mod wanted;
mod word;

module! {
    type: Migrate,
    name: "ssi_migrate",
    authors: ["SSI developers"],
    description: "SSI programs on other nodes",
    license: "GPL",
}

struct Migrate;

impl kernel::Module for Migrate {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if ssi_ics::this_node().is_some() {
            ahead::create()?;
            arrivals::create()?;
            journal::create()?;
            drained::create()?;
            lent::create()?;
            stash::create()?;
            keepers::create()?;
            children::create()?;
            at_home::create()?;
            restart::begin()?;
            address_space::begin();
            surrogate::install(&surrogates::Surrogates)?;
            guest::begin(&news::Keeper)?;
            lent_number::install(&threads::Ends)?;
            ssi_ics::register(&service::SERVICE)?;
            ssi_ics::register(&service::PROGRAMS)?;
            ssi_ics::register(&news::SERVICE)?;
            ssi_ics::register(&at_home::SERVICE)?;
            ssi_ics::register(&lent::SERVICE)?;
            ssi_ics::register(&report::SERVICE)?;
            ssi_ics::register(&drained::SERVICE)?;
            ssi_clms::register_subsystem(&follower::Follower)?;
            ssi_vproc::install_itself(&calls::Calls)?;
            device::begin(&control::Commands)?;
            moves::install(&goto::Goto)?;
            scatter::begin();
            tally::add_file()?;
        }
        Ok(Self)
    }
}
