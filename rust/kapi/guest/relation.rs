// SPDX-License-Identifier: GPL-2.0

//! Group and session of a guest.
//!
//! Those of its surrogate at home, in this kernel as well.

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// Puts guest `pid` into the process group and the session it has at home; numbers private
/// to a node mean none. May sleep.
///
/// # Errors
///
/// `ESRCH` if there is no such guest, `EINVAL` for what is no number of a group, `ENOMEM`.
pub fn regroup(pid: u32, group: u32, session: u32) -> Result {
    // SAFETY: No preconditions: a number no group can have is refused.
    to_result(unsafe { bindings::ssi_guest_regroup(pid, group, session) })
}

/// Puts the running process, a guest, into process group `group`: it is there at home. May
/// sleep.
///
/// # Errors
///
/// `EINVAL` for what is no number of a group, `ENOMEM`.
pub fn join(group: u32) -> Result {
    // SAFETY: As above.
    to_result(unsafe { bindings::ssi_guest_join(group) })
}

/// Makes the running process, a guest, the leader of a session: it is one at home. May
/// sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub fn lead() -> Result {
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_guest_lead() })
}
