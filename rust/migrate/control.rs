// SPDX-License-Identifier: GPL-2.0

//! Commands of `/dev/ssi`.

use kernel::prelude::*;
use ssi_kapi::{
    device::{
        command,
        Control,
        Migrate,
        Rfork, //
    },
    syscall, //
};

use crate::{
    moving,
    rexec,
    rfork,
    wanted::Wanted, //
};

/// What tasks ask for.
pub(crate) struct Commands;

impl Control for Commands {
    fn control(&self, command: u32, argument: usize) -> Result<isize> {
        match command {
            command::REXECVE | command::RFORK | command::MIGRATE if !syscall::sees_cluster() => {
                Err(EXDEV)
            }
            command::REXECVE => rexec::execute(&Wanted::read(argument)?),
            command::MIGRATE => moving::request_own(&Migrate::read(argument)?),
            command::RFORK => rfork::fork(&Rfork::read(argument)?),
            _ => Err(ENOTTY),
        }
    }
}
