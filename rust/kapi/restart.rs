// SPDX-License-Identifier: GPL-2.0

//! System call that was interrupted.
//!
//! What one is in the middle of travels with the [state of its
//! program](crate::program_state), and goes on on the other node.
//!
//! C header: [`include/linux/restart_block.h`](srctree/include/linux/restart_block.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// Finds how the kernel goes on with calls. Call it once, before the first process goes.
///
/// # Errors
///
/// `ENOENT` for a kernel that does it in another way.
pub fn begin() -> Result {
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_restart_begin() })
}

/// The running task, on its way to user mode, was woken by no signal: its program is not to
/// notice. A call that would say `EINTR` is made again.
pub fn quietly() {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_restart_quietly() }
}
