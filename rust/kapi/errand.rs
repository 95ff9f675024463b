// SPDX-License-Identifier: GPL-2.0

//! Errand of a process.
//!
//! A process is [given](give) something to do, and does it itself: in its own context, on its
//! way to user mode. If it sleeps in a system call it is woken for that.
//!
//! C header: [`include/linux/task_work.h`](srctree/include/linux/task_work.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    task::Task, //
};

use crate::signal_info::SentSignal;

/// What becomes of a thread that did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It goes on.
    GoesOn,
    /// Its process ends.
    Ends,
    /// It ends, and its process goes on.
    ThreadEnds,
}

/// What is done. Runs once.
trait Errand: Send {
    fn run(&mut self) -> After;
}

impl<F: FnOnce() -> After + Send> Errand for Option<F> {
    fn run(&mut self) -> After {
        self.take().map_or(After::GoesOn, |act| act())
    }
}

/// Has process `pid` of this node run `act`, without locks. It may be about to end, or
/// [stand for](crate::surrogate) one on another node. One that is stopped does so when it
/// goes on. Does not wait for it; may sleep.
///
/// # Errors
///
/// `ESRCH` if there is no such process, or none any more; `ENOMEM`. Then `act` is dropped.
pub fn give(pid: u32, act: impl FnOnce() + Send + 'static) -> Result {
    // SAFETY: `run` gets what it needs, once.
    queue(going_on(act), |data| unsafe {
        bindings::ssi_errand_give(pid, Some(run), data)
    })
}

/// Has `task` run `act`, as [`give`].
///
/// # Errors
///
/// As for [`give`].
pub(crate) fn give_to(task: &Task, act: impl FnOnce() + Send + 'static) -> Result {
    // SAFETY: `run` gets what it needs, once; the task is referenced.
    queue(going_on(act), |data| unsafe {
        bindings::ssi_surrogate_work(task.as_ptr(), Some(run), data)
    })
}

/// Has the running thread run `act` on its way to user mode.
///
/// # Errors
///
/// `ENOMEM`. Then `act` is dropped.
pub fn give_own(act: impl FnOnce() + Send + 'static) -> Result {
    give_to(kernel::current!(), act)
}

/// Has the running thread do `act` as the last thing before it goes to user mode, or ends
/// instead.
///
/// # Errors
///
/// `ENOMEM`; then `act` is dropped.
pub fn give_at_last(act: impl FnOnce() -> After + Send + 'static) -> Result {
    // SAFETY: `run` gets what it needs, once.
    queue(act, |data| unsafe {
        bindings::ssi_surrogate_work(kernel::current!().as_ptr(), Some(run), data)
    })
}

/// As [`give_at_last`], for thread `tid` of the running process.
///
/// # Errors
///
/// As for [`give`].
pub(crate) fn give_to_thread(tid: u32, act: impl FnOnce() -> After + Send + 'static) -> Result {
    // SAFETY: `run` gets what it needs, once.
    queue(act, |data| unsafe {
        bindings::ssi_threads_work(tid, Some(run), data)
    })
}

fn going_on(act: impl FnOnce() + Send + 'static) -> impl FnOnce() -> After + Send + 'static {
    move || {
        act();
        After::GoesOn
    }
}

/// Gives process `pid` of this node a signal as it is. Does not sleep; process context.
///
/// # Errors
///
/// `ESRCH` if there is no such process, `EAGAIN` when too many signals wait.
pub(crate) fn signal(pid: u32, signal: &SentSignal) -> Result {
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
    to_result(unsafe { bindings::ssi_errand_signal(pid, signal.as_bytes().as_ptr().cast()) })
}

/// Whether process `pid` is here, be it that it stands for one elsewhere. Process context.
pub fn is_there(pid: u32) -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_errand_has(pid) }
}

/// Gives thread `tid` of process `pid` of this node, and no other, a signal as it is. Does not
/// sleep; process context.
///
/// # Errors
///
/// `ESRCH` if there is no such thread, `EAGAIN` when too many signals wait.
pub fn signal_thread(pid: u32, tid: u32, signal: &SentSignal) -> Result {
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
    to_result(unsafe { bindings::ssi_threads_send(pid, tid, signal.as_bytes().as_ptr().cast()) })
}

/// Changes what the system call gives that the running task returns from.
pub fn set_result(error: Error) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_errand_result(error.to_errno()) }
}

fn queue(
    act: impl FnOnce() -> After + Send + 'static,
    add: impl FnOnce(*mut c_void) -> c_int,
) -> Result {
    let act: KBox<dyn Errand> = KBox::new(Some(act), GFP_KERNEL)?;
    let data = KBox::into_raw(KBox::new(act, GFP_KERNEL)?);
    let added = to_result(add(data.cast()));
    if added.is_err() {
        // SAFETY: Nobody else got it.
        drop(unsafe { KBox::from_raw(data) });
    }
    added
}

/// # Safety
///
/// `data` is a boxed errand that was made a pointer of, and nobody else takes it.
unsafe extern "C" fn run(data: *mut c_void) {
    // SAFETY: By the contract of this function.
    let mut errand = unsafe { KBox::from_raw(data.cast::<KBox<dyn Errand>>()) };
    let after = errand.run();
    drop(errand);
    match after {
        After::GoesOn => (),
        // SAFETY: Nothing here is left to be dropped.
        After::Ends => unsafe { bindings::ssi_errand_end() },
        // SAFETY: As above.
        After::ThreadEnds => unsafe { bindings::ssi_threads_end() },
    }
}
