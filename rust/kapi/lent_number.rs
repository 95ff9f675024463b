// SPDX-License-Identifier: GPL-2.0

//! Number of a thread elsewhere.
//!
//! A thread keeps its number when its process moves. On the node that gave it the number is
//! *lent* from then on: nobody gets it there, and it still leads to the process. It is
//! [given back](give_back) when the thread ends, and the thread [has it again](resume) when it
//! comes back. A thread that has a number of another node [lodges](lodge) here, and its end is
//! told.
//!
//! C header: [`include/linux/pid.h`](srctree/include/linux/pid.h)

use core::slice;

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    macros::export,
    prelude::*,
    sync::SetOnce, //
};

/// Who is told of ends.
pub trait Listener: Sync {
    /// These threads of `process` ended here, whose numbers are those of other nodes. From
    /// process context; may sleep.
    fn ended(&self, process: u32, tids: &[u32]);
}

static LISTENER: SetOnce<&'static dyn Listener> = SetOnce::new();

/// Has `listener` told. Call it once, from an initcall.
///
/// # Errors
///
/// `EBUSY` the second time.
pub fn install(listener: &'static dyn Listener) -> Result {
    LISTENER.populate(listener).then_some(()).ok_or(EBUSY)
}

/// What is needed to lend the number of one thread.
///
/// # Invariants
///
/// The pointer is to a spare number that is ours.
pub struct Spare(*mut bindings::ssi_spare_number);

// SAFETY: Nobody else has it, and it is of no thread.
unsafe impl Send for Spare {}

impl Spare {
    /// For that of thread `tid`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EAGAIN` without free numbers.
    pub fn new(tid: u32) -> Result<Self> {
        // SAFETY: No preconditions.
        let raw = from_err_ptr(unsafe { bindings::ssi_spare_number_new(tid) })?;
        // INVARIANT: It was made for us.
        Ok(Self(raw))
    }

    /// Lends the number of its thread, one of the running process that does not run and is not
    /// its first: the thread has another one for the rest of its time here. May sleep.
    pub fn lend(self) {
        // SAFETY: It is ours by the type invariant.
        unsafe { bindings::ssi_number_lend(self.0) }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        // SAFETY: It is ours by the type invariant.
        unsafe { bindings::ssi_spare_number_free(self.0) }
    }
}

/// Gives the running thread, of `process`, number `tid` again, which was lent. May sleep.
///
/// # Errors
///
/// `ESRCH` if it was not.
pub fn resume(tid: u32, process: u32) -> Result {
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_number_resume(tid, process) })
}

/// Thread `tid` of `process`, which was elsewhere, ended. Nothing happens if its number is not
/// lent to that. May sleep.
pub fn give_back(tid: u32, process: u32) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_number_return(tid, process) }
}

/// All threads of `process` that were elsewhere ended, or are here. May sleep.
pub fn give_back_all(process: u32) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_number_return_all(process) }
}

/// Whether `tid` is lent. Any context.
pub fn is_lent(tid: u32) -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_number_is_lent(tid) }
}

/// The first process from `process` on to which numbers are lent. Any context of a task.
pub fn next_process(process: u32) -> Option<u32> {
    // SAFETY: No preconditions.
    let next = unsafe { bindings::ssi_number_next_process(process) };
    (next != 0).then_some(next)
}

/// The process of thread `tid`, which is here or [lent](self); of any other number that number.
/// Any context.
pub fn process_of(tid: u32) -> u32 {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_process_of(tid) }
}

/// The running thread has a number of another node: its end is [told](Listener). May sleep.
///
/// # Errors
///
/// `ENOMEM`; `EBUSY` if that was said before.
pub fn lodge() -> Result {
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_lodger_add() })
}

/// Thread `tid` goes on elsewhere, and its end is not told. Nothing happens if it would not be.
/// Does not sleep.
pub fn move_out(tid: u32) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_lodger_remove(tid) }
}

/// # Safety
///
/// `tids` are `count` numbers.
#[export]
unsafe extern "C" fn ssi_threads_ended(process: u32, tids: *const u32, count: usize) {
    if let Some(listener) = LISTENER.as_ref() {
        // SAFETY: By the contract of this function.
        listener.ended(process, unsafe { slice::from_raw_parts(tids, count) });
    }
}
