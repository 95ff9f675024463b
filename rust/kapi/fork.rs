// SPDX-License-Identifier: GPL-2.0

//! Child that comes.
//!
//! A process [forks](fork), and its child does what it was given on its way to user mode.
//! Then it goes there, or is undone, as if it had never been.
//!
//! C header: [`include/linux/sched/task.h`](srctree/include/linux/sched/task.h)

use core::ptr;

use kernel::{
    bindings,
    prelude::*, //
};

/// What becomes of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Lives,
    /// Its parent finds that it never was.
    Undone,
}

/// What a child does. Runs once.
trait Body: Send {
    fn run(&mut self) -> Fate;
}

impl<F: FnOnce() -> Fate + Send> Body for Option<F> {
    fn run(&mut self) -> Fate {
        self.take().map_or(Fate::Lives, |body| body())
    }
}

/// A child that was made.
///
/// # Invariants
///
/// `raw` is a `struct pid` with a reference that is ours.
pub struct Child {
    pid: u32,
    raw: *mut bindings::pid,
}

/// Makes a child of the running process, which is a user's, as fork(2) does. The child runs
/// `body` in its own context, without locks: before its first step, or when it
/// [ends](is_killed) without one. May sleep.
///
/// # Errors
///
/// Those of fork(2).
pub fn fork(body: impl FnOnce() -> Fate + Send + 'static) -> Result<Child> {
    let body: KBox<dyn Body> = KBox::new(Some(body), GFP_KERNEL)?;
    let data = KBox::into_raw(KBox::new(body, GFP_KERNEL)?);
    let mut raw = ptr::null_mut();
    // SAFETY: `main` gets what it needs, once; the reference can be written.
    let pid = unsafe { bindings::ssi_fork(Some(main), data.cast(), &mut raw) };
    match u32::try_from(pid) {
        // INVARIANT: The reference was taken for us.
        Ok(pid) => Ok(Child { pid, raw }),
        Err(_) => {
            // SAFETY: There is no child that took it.
            drop(unsafe { KBox::from_raw(data) });
            Err(Error::from_errno(pid))
        }
    }
}

/// Whether the running task ends, or is about to because it was killed.
pub fn is_killed() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_fork_is_killed() }
}

impl Child {
    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until one that is [`Fate::Undone`] is gone.
    pub fn await_end(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_fork_await_end(self.raw) }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: The reference is ours by the type invariant.
        unsafe { bindings::ssi_fork_forget(self.raw) }
    }
}

/// # Safety
///
/// `data` is a boxed body that was made a pointer of, and nobody else takes it. Called by a
/// child, without locks.
unsafe extern "C" fn main(data: *mut c_void) {
    // SAFETY: By the contract of this function.
    let mut body = unsafe { KBox::from_raw(data.cast::<KBox<dyn Body>>()) };
    let fate = body.run();
    drop(body);
    if fate == Fate::Undone {
        // SAFETY: Nothing here is left to be dropped.
        unsafe { bindings::ssi_fork_undo() }
    }
}
