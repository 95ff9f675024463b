// SPDX-License-Identifier: GPL-2.0

//! Place of a process.
//!
//! What its home tells the node it is on.

use kernel::{
    bindings,
    task::Task, //
};

/// Place of a process among the others of its home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its parent in the cluster.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// Whether its process group is orphaned: then a terminal's signals do not stop it.
    pub is_orphaned: bool,
}

impl Place {
    /// That of `task`, as `node` is told: what that said of its own processes does not count
    /// there. `None` if it has ended.
    pub(crate) fn of(task: &Task, node: u8) -> Option<Self> {
        let mut raw: bindings::ssi_place = pin_init::zeroed();
        // SAFETY: The task is referenced, and the place can be written.
        let is_one = unsafe { bindings::ssi_surrogate_place(task.as_ptr(), &mut raw, node) };
        is_one.then_some(Self {
            parent: raw.parent,
            group: raw.pgid,
            session: raw.session,
            is_orphaned: raw.is_orphaned,
        })
    }

    /// Whether the process group of the running task is orphaned, as `node` is told.
    pub fn is_orphaned_for(node: u8) -> bool {
        Self::of(kernel::current!(), node).is_some_and(|place| place.is_orphaned)
    }
}
