// SPDX-License-Identifier: GPL-2.0

//! Safe wrappers of kernel interfaces.
//!
//! What SSI touches and the `kernel` crate does not cover yet. This is the only
//! crate of SSI that may contain `unsafe`; every other one denies it. It knows
//! nothing of what SSI decides.

pub mod boot_param;
#[cfg(CONFIG_UML)]
pub mod hostlink;
pub mod inet;
pub mod late;
pub mod print;
pub mod procfs;
pub mod reboot;
pub mod release;
pub mod signal;
pub mod sysctl;
pub mod uevent;
pub mod umh;
