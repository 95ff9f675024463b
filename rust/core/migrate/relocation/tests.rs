// SPDX-License-Identifier: GPL-2.0

//! All fates of a process.
//!
//! One that moves, whatever dies meanwhile.

mod exploration;
mod roles;
mod world;
