// SPDX-License-Identifier: GPL-2.0

//! Threads of the kernel.
//!
//! A [`Thread`] runs a function over a value it shares with its owner. Dropping
//! it asks the function to return and waits until it did.
//!
//! C header: [`include/linux/kthread.h`](srctree/include/linux/kthread.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    str::CStr,
    sync::Arc,
    types::NotThreadSafe, //
};

/// What a thread runs.
struct Job<T> {
    data: Arc<T>,
    body: fn(&T),
}

/// A thread of the kernel.
///
/// # Invariants
///
/// `raw` is a thread made by `ssi_thread_run` over `job`, not stopped yet.
pub struct Thread<T: Send + Sync + 'static> {
    raw: NonNull<bindings::task_struct>,
    /// Used by the thread until it has ended; pinned in its box.
    _job: KBox<Job<T>>,
}

// SAFETY: A thread may be stopped from any other one.
unsafe impl<T: Send + Sync + 'static> Send for Thread<T> {}
// SAFETY: `&Thread` allows nothing.
unsafe impl<T: Send + Sync + 'static> Sync for Thread<T> {}

impl<T: Send + Sync + 'static> Thread<T> {
    /// Starts a thread called `name` (15 bytes are shown) that runs `body`. `body`
    /// returns soon after [`stopping`] says so. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or what the kernel says.
    pub fn spawn(name: &'static CStr, data: Arc<T>, body: fn(&T)) -> Result<Self> {
        let job = KBox::new(Job { data, body }, GFP_KERNEL)?;
        // SAFETY: The job outlives the thread, for which `drop` waits.
        let raw = from_err_ptr(unsafe {
            bindings::ssi_thread_run(
                Some(run::<T>),
                (&raw const *job).cast_mut().cast(),
                name.as_char_ptr(),
            )
        })?;
        // INVARIANT: It was made just now.
        NonNull::new(raw)
            .map(|raw| Self { raw, _job: job })
            .ok_or(ENOMEM)
    }
}

impl<T: Send + Sync + 'static> Drop for Thread<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the thread was not stopped yet.
        unsafe { bindings::ssi_thread_stop(self.raw.as_ptr()) }
    }
}

/// # Safety
///
/// `job` is the `Job<T>` of this thread and lives as long as it.
unsafe extern "C" fn run<T: Send + Sync + 'static>(job: *mut c_void) -> c_int {
    // SAFETY: By the contract of this function.
    let job = unsafe { &*job.cast::<Job<T>>() };
    (job.body)(&job.data);
    0
}

/// Whether the calling thread was asked to return.
pub fn stopping() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_thread_stopping() }
}

/// Whether the caller runs as a work item of a work queue.
pub fn is_worker() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_thread_is_worker() }
}

/// From now on no allocation of the calling thread waits for input or output.
/// For threads that writing back memory may depend on.
pub fn forbid_io() {
    // SAFETY: No preconditions; it holds until the thread ends.
    unsafe { bindings::ssi_thread_forbid_io() }
}

/// No allocation of the calling thread waits for input or output while this lives.
/// Such values are dropped in the reverse order they were made.
pub struct NoIo {
    before: c_uint,
    _thread: NotThreadSafe,
}

impl NoIo {
    /// From now on.
    pub fn begin() -> Self {
        Self {
            // SAFETY: No preconditions.
            before: unsafe { bindings::ssi_thread_no_io_begin() },
            _thread: NotThreadSafe,
        }
    }
}

impl Drop for NoIo {
    fn drop(&mut self) {
        // SAFETY: The flags are those of this thread, which the value cannot leave.
        unsafe { bindings::ssi_thread_no_io_end(self.before) }
    }
}

/// From now on the calling thread of the kernel runs before all ordinary ones
/// (`SCHED_FIFO`, lowest level).
pub fn hurry() {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_thread_hurry() }
}

/// From now on the calling thread of the kernel runs before those that [`hurry`], too
/// (`SCHED_FIFO`, middle level). It must have no more work than others bring it.
pub fn hurry_most() {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_thread_hurry_most() }
}

/// Sleeps `microseconds`, at most an hour. Signals do not end it.
pub fn sleep(microseconds: u64) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_thread_sleep(microseconds) }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_thread)]
mod tests {
    use super::*;
    use crate::notifier::Notifier;

    #[test]
    fn dropping_stops_a_thread_that_waits() -> Result {
        let notifier = Arc::new(Notifier::new()?, GFP_KERNEL)?;
        let thread = Thread::spawn(c"ssi_kunit", notifier.clone(), |notifier| {
            while !stopping() {
                notifier.wait(None);
            }
            notifier.raise(7);
        })?;
        sleep(1_000);
        drop(thread);
        let mut raised = 0;
        notifier.take(|bit| raised = bit);
        assert!(raised == 7);
        Ok(())
    }

    #[test]
    fn a_thread_that_ended_can_be_dropped() -> Result {
        let nothing = Arc::new((), GFP_KERNEL)?;
        let thread = Thread::spawn(c"ssi_kunit", nothing, |()| ())?;
        sleep(10_000);
        drop(thread);
        Ok(())
    }
}
