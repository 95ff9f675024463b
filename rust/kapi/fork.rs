// SPDX-License-Identifier: GPL-2.0

//! Child that comes.
//!
//! A process [forks](Fork), and its child does what it was given on its way to user mode.
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

/// Fork that is wanted.
///
/// # Invariants
///
/// The flags are some of `SSI_FORK_FLAGS`.
pub struct Fork(bindings::ssi_fork);

impl Fork {
    /// What fork(2) makes.
    pub fn plain() -> Self {
        // INVARIANT: There are none.
        Self(pin_init::zeroed())
    }

    /// What clone(2) makes that has these arguments; `None` if that shares more with its
    /// parent than a child of fork(2), or is another's, or tells of its end in another way.
    pub fn of_clone(arguments: &[usize; 6]) -> Option<Self> {
        let [flags, stack, parent_tid, child_tid, tls, _] = arguments.map(|word| word as u64);
        // The kernel looks at the lower half.
        let flags = u64::from(flags as u32);
        let is_one = flags & !u64::from(bindings::SSI_FORK_FLAGS) == 0
            && flags & u64::from(bindings::CSIGNAL) == u64::from(bindings::SIGCHLD);
        // INVARIANT: There are no others.
        is_one.then_some(Self(bindings::ssi_fork {
            flags,
            stack,
            parent_tid,
            child_tid,
            tls,
        }))
    }

    /// Makes a child of the running process, which is a user's. The child runs `body` in its
    /// own context, without locks: before its first step, or when it [ends](is_killed)
    /// without one. May sleep.
    ///
    /// # Errors
    ///
    /// Those of fork(2).
    pub fn make(&self, body: impl FnOnce() -> Fate + Send + 'static) -> Result<Child> {
        let body: KBox<dyn Body> = KBox::new(Some(body), GFP_KERNEL)?;
        let data = KBox::into_raw(KBox::new(body, GFP_KERNEL)?);
        let mut raw = ptr::null_mut();
        // SAFETY: The flags are right by the type invariant; `main` gets what it needs, once;
        // the reference can be written.
        let pid = unsafe { bindings::ssi_fork(&self.0, Some(main), data.cast(), &mut raw) };
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
}

/// Whether somebody traces the running process, and may want to know of its children.
pub fn is_traced() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_fork_is_traced() }
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

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_fork)]
mod tests {
    use super::*;

    const SIGCHLD: usize = bindings::SIGCHLD as usize;

    fn is_one(flags: u32, signal: usize) -> bool {
        Fork::of_clone(&[flags as usize | signal, 0, 0, 0, 0, 0]).is_some()
    }

    #[test]
    fn a_clone_that_shares_nothing_is_a_fork() {
        let thread = bindings::CLONE_CHILD_SETTID | bindings::CLONE_CHILD_CLEARTID;
        for flags in [
            0,
            thread,
            bindings::CLONE_PARENT_SETTID,
            bindings::CLONE_SETTLS,
        ] {
            assert!(is_one(flags, SIGCHLD));
        }
        assert!(Fork::of_clone(&[1 << 32 | SIGCHLD, 0, 0, 0, 0, 0]).is_some());
    }

    #[test]
    fn any_other_is_none() {
        for flags in [
            bindings::CLONE_VM,
            bindings::CLONE_VM | bindings::CLONE_VFORK,
            bindings::CLONE_FILES,
            bindings::CLONE_PARENT,
            bindings::CLONE_PIDFD,
            bindings::CLONE_NEWNS,
        ] {
            assert!(!is_one(flags, SIGCHLD));
        }
        for signal in [0, 1, 16, 255] {
            assert!(!is_one(0, signal));
        }
    }
}
