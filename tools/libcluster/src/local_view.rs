// SPDX-License-Identifier: GPL-2.0

//! View of one node's processes.

use crate::{
    persona,
    Error, //
};

/// `PER_SSI_LOCALVIEW` of the kernel.
const FLAG: i32 = 0x1000_0000;

/// From now on the calling thread, what it executes and its children see the processes
/// of their node alone in `/proc`, and those of the kernel as well. It changes
/// nothing else, and nothing on a kernel that is no node.
///
/// # Errors
///
/// [`Error::Io`] where there is no `/proc`; [`Error::Malformed`].
pub fn local_view() -> Result<(), Error> {
    persona::add(FLAG)
}
