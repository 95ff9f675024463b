// SPDX-License-Identifier: GPL-2.0

//! Pids of this node.
//!
//! C header: [`include/linux/pid.h`](srctree/include/linux/pid.h)

use core::ops::Range;

use kernel::{
    bindings,
    prelude::*, //
};

/// One more than the highest pid there can be: `PID_MAX_LIMIT`.
pub(crate) const LIMIT: u32 = 1 << 22;

/// Every pid of the initial pid namespace that is given from now on lies in `range`.
/// Those that were given stay. Call it once, from an initcall.
///
/// # Errors
///
/// `EINVAL` for a range that is empty or reaches beyond what a pid can be.
pub fn begin(range: Range<u32>) -> Result {
    if range.is_empty() || range.start == 0 || range.end > LIMIT {
        return Err(EINVAL);
    }
    // SAFETY: Both fit a pid; an initcall runs alone as far as this is concerned.
    unsafe { bindings::ssi_pids_begin(range.start as c_int, range.end as c_int) };
    Ok(())
}

/// Gives `pid` to no task of this kernel any more, in this life of the node: a process on
/// another node has it. Nothing happens if there is a task that has it. May sleep.
pub fn withhold(pid: u32) {
    if (1..LIMIT).contains(&pid) {
        // SAFETY: It is a number that is allowed.
        unsafe { bindings::ssi_pid_withhold(pid) }
    }
}
