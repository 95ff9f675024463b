// SPDX-License-Identifier: GPL-2.0

//! Children of a process elsewhere.
//!
//! Its children at home are those of its [surrogate](crate::surrogate) there, in whose task they
//! are waited for; the process itself waits for those it has where it is, and for word of the
//! others.
//!
//! C header: [`kernel/exit.h`](srctree/kernel/exit.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::NotThreadSafe, //
};

use crate::change::Usage;

/// A child of the running process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its number.
    pub pid: u32,
    /// Its process group; 0 for one that is private to this node.
    pub group: u32,
}

/// Room that is kept for children that come while they are counted.
const SPARE: u32 = 16;

/// The children of the running process that are here, or left something here; and those that
/// have ended and were not waited for. May sleep.
///
/// # Errors
///
/// `E2BIG` for more than `most`, `ENOMEM`.
pub fn all(most: usize) -> Result<KVVec<Child>> {
    let mut room = 0;
    loop {
        let none = bindings::ssi_child_number { pid: 0, pgid: 0 };
        let mut raw = KVVec::from_elem(none, room as usize, GFP_KERNEL)?;
        // SAFETY: There is room for so many.
        let count = unsafe { bindings::ssi_children(raw.as_mut_ptr(), room) };
        if count as usize > most {
            return Err(E2BIG);
        }
        if count <= room {
            raw.truncate(count as usize);
            return numbers(&raw);
        }
        room = count.saturating_add(SPARE);
    }
}

fn numbers(raw: &[bindings::ssi_child_number]) -> Result<KVVec<Child>> {
    let mut all = KVVec::with_capacity(raw.len(), GFP_KERNEL)?;
    for child in raw {
        let (pid, group) = (child.pid, child.pgid);
        all.push(Child { pid, group }, GFP_KERNEL)?;
    }
    Ok(all)
}

/// Whether the running process has any.
pub fn are_left() -> bool {
    // SAFETY: Without room nothing is written.
    unsafe { bindings::ssi_children(core::ptr::null_mut(), 0) != 0 }
}

// Of waitid(2).
const P_ALL: u32 = 0;
const P_PID: u32 = 1;
const P_PGID: u32 = 2;

/// Option of waitid(2): children that ended.
pub const EXITED: u32 = 4;

/// What a process waits for, as waitid(2) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    which: u32,
    who: u32,
    options: u32,
}

impl Wanted {
    /// Any child.
    pub const fn any(options: u32) -> Self {
        let (which, who) = (P_ALL, 0);
        Self {
            which,
            who,
            options,
        }
    }

    /// The one with this number.
    pub const fn process(who: u32, options: u32) -> Self {
        let which = P_PID;
        Self {
            which,
            who,
            options,
        }
    }

    /// Those of a group; 0 is the own.
    pub const fn group(who: u32, options: u32) -> Self {
        let which = P_PGID;
        Self {
            which,
            who,
            options,
        }
    }

    const fn raw(&self) -> bindings::ssi_wait_for {
        bindings::ssi_wait_for {
            which: self.which as c_int,
            who: self.who as c_int,
            options: self.options as c_int,
        }
    }

    /// Looks for one of the running process, whether it is to wait for it or not. May sleep for
    /// a moment.
    ///
    /// # Errors
    ///
    /// `ECHILD` if there is none, `EINVAL` for what cannot be waited for.
    pub fn find(&self) -> Result<Option<Waited>> {
        // SAFETY: Both are valid during the call.
        self.found(|wanted, waited| unsafe { bindings::ssi_wait_now(wanted, waited) })
    }

    /// The same in the task of a surrogate: what the child used is given, and not what the task
    /// is charged with.
    ///
    /// # Errors
    ///
    /// As for [`find`](Self::find).
    pub fn find_for_other(&self) -> Result<Option<Waited>> {
        // SAFETY: Both are valid during the call.
        self.found(|wanted, waited| unsafe { bindings::ssi_wait_for_other(wanted, waited) })
    }

    fn found(
        &self,
        look: impl FnOnce(&bindings::ssi_wait_for, &mut bindings::ssi_waited) -> c_int,
    ) -> Result<Option<Waited>> {
        let mut waited: bindings::ssi_waited = pin_init::zeroed();
        match look(&self.raw(), &mut waited) {
            0 => Ok(None),
            1.. => Ok(Some(Waited {
                pid: waited.pid,
                user: waited.uid,
                status: waited.status,
                cause: waited.cause,
                usage: waited.usage.used,
            })),
            error => Err(Error::from_errno(error)),
        }
    }
}

/// A child that was waited for, as waitid(2) has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// Its number. 0 for no child.
    pub pid: u32,
    /// Its user.
    pub user: u32,
    /// How it ended, or which signal stopped it.
    pub status: i32,
    /// One of `CLD_EXITED` and its kin.
    pub cause: i32,
    /// What it used.
    pub usage: Usage,
}

impl Waited {
    fn raw(&self) -> bindings::ssi_waited {
        bindings::ssi_waited {
            usage: bindings::ssi_usage { used: self.usage },
            pid: self.pid,
            uid: self.user,
            status: self.status,
            cause: self.cause,
        }
    }

    /// Writes it to the memory of the running process as waitid(2) does. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn give(&self, address: usize) -> Result {
        // SAFETY: The address is checked.
        to_result(unsafe { bindings::ssi_waited_give(address as _, &self.raw()) })
    }

    /// Writes what it used as getrusage(2) does. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn give_usage(&self, address: usize) -> Result {
        // SAFETY: The address is checked.
        to_result(unsafe { bindings::ssi_usage_give(address as _, &self.raw().usage) })
    }

    /// The running process waited for it, and it was elsewhere: what it used is counted here.
    pub fn account(&self) {
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_child_account(&self.raw().usage) }
    }
}

/// The running task, which waits for children here and elsewhere.
///
/// # Invariants
///
/// It was made by `ssi_waiter_new` in the running task.
pub struct Waiter {
    raw: NonNull<bindings::ssi_waiter>,
    _thread: NotThreadSafe,
}

impl Waiter {
    /// One that is called from now on. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new() -> Result<Self> {
        // SAFETY: No preconditions.
        let raw = NonNull::new(unsafe { bindings::ssi_waiter_new() }).ok_or(ENOMEM)?;
        // INVARIANT: It was made just now.
        Ok(Self {
            raw,
            _thread: NotThreadSafe,
        })
    }

    /// Who calls from now on ends the next [`sleep`](Self::sleep).
    pub fn begin(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_waiter_begin(self.raw.as_ptr()) }
    }

    /// Sleeps until something became of a child here, or [elsewhere](call).
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` when a signal came.
    pub fn sleep(&self) -> Result {
        // SAFETY: Valid by the type invariant.
        to_result(unsafe { bindings::ssi_waiter_sleep(self.raw.as_ptr()) })
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariant; it does not leave the task.
        unsafe { bindings::ssi_waiter_free(self.raw.as_ptr()) }
    }
}

/// Something became of children elsewhere of process `pid`, which may [wait](Waiter). Any
/// context.
pub fn call(pid: u32) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_waiters_call(pid) }
}

/// What becomes of children without a word, by the flags of `SIGCHLD`: see sigaction(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handling(u32);

impl Handling {
    /// That of the running process.
    pub fn of_current() -> Self {
        // SAFETY: No preconditions.
        Self(unsafe { bindings::ssi_handling() })
    }

    /// As it travels.
    pub const fn as_u32(self) -> u32 {
        self.0
    }

    /// What travelled. All but two flags are ignored where it counts.
    pub const fn from_u32(flags: u32) -> Self {
        Self(flags)
    }

    /// The process the running task, a surrogate, stands for handles its children so.
    pub fn take_over(self) {
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_surrogate_handle(self.0) }
    }
}

/// Child `child` of process `pid`, which is here, died with its node: the process gets its
/// `SIGCHLD`. Gives whether it is to find it when it waits. Process context; does not sleep.
pub fn killed(pid: u32, child: u32) -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_child_killed(pid, child) }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_children)]
mod tests {
    use kernel::sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    };

    use super::*;
    use crate::{
        event::{
            Event,
            Patience, //
        },
        task_state,
        thread::Thread, //
    };

    /// Who sleeps.
    static WHO: Atomic<u32> = Atomic::new(0);

    #[test]
    fn who_has_no_child_waits_for_none() -> Result {
        assert!(all(0)?.is_empty() && !are_left());
        for wanted in [
            Wanted::any(EXITED),
            Wanted::process(1 << 29, EXITED),
            Wanted::group(0, EXITED),
        ] {
            assert!(wanted.find() == Err(ECHILD));
            assert!(wanted.find_for_other() == Err(ECHILD));
        }
        assert!(Wanted::any(0).find() == Err(EINVAL));
        Ok(())
    }

    #[test]
    fn who_was_called_does_not_sleep() -> Result {
        let waiter = Waiter::new()?;
        waiter.begin();
        call(task_state::pid());
        waiter.sleep()
    }

    #[test]
    fn who_sleeps_is_called() -> Result {
        let pid = task_state::pid();
        let waiter = Waiter::new()?;
        waiter.begin();
        call(pid + 1);
        let begun = Arc::new(Event::new()?, GFP_KERNEL)?;
        WHO.store(pid, Relaxed);
        let thread = Thread::spawn(c"ssi_kunit", begun.clone(), |begun| {
            begun.raise();
            call(WHO.load(Relaxed));
        })?;
        begun.wait(Patience::Always, None)?;
        waiter.sleep()?;
        drop(thread);
        Ok(())
    }

    #[test]
    fn one_that_is_gone_is_told_nothing() {
        assert!(!killed(63 << 16, 1));
    }
}
