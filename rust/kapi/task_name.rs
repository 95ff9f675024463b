// SPDX-License-Identifier: GPL-2.0

//! Name of a process.
//!
//! What `/proc/<pid>/comm` says.
//!
//! C header: [`include/linux/sched.h`](srctree/include/linux/sched.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    sync::aref::ARef,
    task::Task, //
};

/// Bytes of a name. Unused ones are zero, the last one always.
pub const NAME_BYTES: usize = bindings::TASK_COMM_LEN as usize;

/// The name of process `pid` of this node, all zero if there is none. It may be changing, and
/// then be of both. Any context.
pub fn of(pid: u32) -> [u8; NAME_BYTES] {
    // SAFETY: No preconditions.
    let Some(task) = NonNull::new(unsafe { bindings::ssi_errand_task(pid) }) else {
        return [0; NAME_BYTES];
    };
    // SAFETY: A `Task` is a `task_struct`, and the reference is handed on.
    let task = unsafe { ARef::<Task>::from_raw(task.cast()) };
    // SAFETY: The task is referenced; whatever is read are bytes.
    unsafe {
        (&raw const (*task.as_ptr()).comm)
            .cast::<[u8; NAME_BYTES]>()
            .read_volatile()
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_task_name)]
mod tests {
    use super::*;

    #[test]
    fn who_is_no_process_has_no_name() {
        // kthreadd, and what is no number of a task.
        assert!(of(2) == [0; NAME_BYTES]);
        assert!(of(u32::MAX) == [0; NAME_BYTES]);
    }

    #[test]
    fn the_first_process_has_one() {
        let name = of(1);
        assert!(name[0] != 0 && name[NAME_BYTES - 1] == 0);
    }
}
