// SPDX-License-Identifier: GPL-2.0

//! Visit to a process.
//!
//! What is done to a guest must be done where it is: while somebody does so it does not go on
//! to another node, and once it is about to go nobody begins. Processes of this node leave
//! something behind that takes what comes late.

#[cfg(CONFIG_SSI_MIGRATE)]
pub use crate::guest::{
    visit,
    Visit, //
};

/// A moment in which a process does not leave.
#[cfg(not(CONFIG_SSI_MIGRATE))]
pub struct Visit;

/// No process of this kernel goes anywhere.
///
/// # Errors
///
/// None.
#[cfg(not(CONFIG_SSI_MIGRATE))]
pub fn visit(_pid: u32) -> kernel::prelude::Result<Visit> {
    Ok(Visit)
}
