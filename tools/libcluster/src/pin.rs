// SPDX-License-Identifier: GPL-2.0

//! Wish to stay on a node.

use crate::{
    persona,
    Error, //
};

/// `PER_SSI_PINNED` of the kernel.
const FLAG: i32 = 0x2000_0000;

/// From now on the calling thread, what it executes and its children are not moved to
/// another node but by themselves. It keeps nobody from executing a program elsewhere; there
/// the wish goes on. On a kernel that is no node it changes nothing.
///
/// # Errors
///
/// [`Error::Io`] where there is no `/proc`; [`Error::Malformed`].
pub fn pin() -> Result<(), Error> {
    persona::add(FLAG)
}
