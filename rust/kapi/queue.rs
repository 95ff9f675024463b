// SPDX-License-Identifier: GPL-2.0

//! Work queues of one's own.
//!
//! A [`WorkQueue`] runs closures, a bounded number at a time, on threads the kernel
//! makes and ends as needed. Dropping it waits until all of them ran.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    prelude::*,
    str::CStr,
    workqueue::{
        self,
        Queue, //
    }, //
};

/// A work queue of one's own.
///
/// # Invariants
///
/// `raw` was made by `alloc_workqueue` and is not destroyed yet.
pub struct WorkQueue {
    raw: NonNull<bindings::workqueue_struct>,
}

// SAFETY: Work queues have locks of their own.
unsafe impl Send for WorkQueue {}
// SAFETY: As above.
unsafe impl Sync for WorkQueue {}

impl WorkQueue {
    /// A queue that runs at most `active_max` closures at a time, ahead of ordinary
    /// threads, and that goes on when memory is short. They must not wait for work of a
    /// queue that does not. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(name: &'static CStr, active_max: u16) -> Result<Self> {
        Self::with(name, active_max, bindings::wq_flags_WQ_MEM_RECLAIM)
    }

    /// As [`new`](Self::new), for closures that may wait for any work: a terminal does.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn ordinary(name: &'static CStr, active_max: u16) -> Result<Self> {
        Self::with(name, active_max, 0)
    }

    fn with(name: &'static CStr, active_max: u16, flags: bindings::wq_flags) -> Result<Self> {
        let flags = flags | bindings::wq_flags_WQ_PERCPU | bindings::wq_flags_WQ_HIGHPRI;
        // SAFETY: The format takes one string, which ends in a zero byte.
        let raw = unsafe {
            bindings::alloc_workqueue_noprof(
                c"%s".as_char_ptr(),
                flags,
                c_int::from(active_max),
                name.as_char_ptr(),
            )
        };
        // INVARIANT: It was made just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ENOMEM)
    }

    /// Runs `work` on a thread of the queue. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `work` is dropped.
    pub fn run(&self, work: impl FnOnce() + Send + 'static) -> Result {
        // SAFETY: Valid by the type invariant, for as long as `self` is borrowed.
        let queue = unsafe { Queue::from_raw(self.raw.as_ptr()) };
        spawn(queue, KBox::new(Once(Some(work)), GFP_KERNEL)?)
    }
}

/// Runs `work`, which may take long, on a thread of the kernel's queue for such. May sleep.
///
/// # Errors
///
/// `ENOMEM`; `work` is dropped.
pub fn run_long(work: impl FnOnce() + Send + 'static) -> Result {
    let work = KBox::new(Once(Some(work)), GFP_KERNEL)?;
    spawn(workqueue::system_unbound(), work)
}

/// Spawns in this crate alone: lockdep wants the class of all works to have one name, and
/// each crate would have a copy of it.
fn spawn(queue: &Queue, mut work: KBox<dyn Work + Send>) -> Result {
    queue.try_spawn(GFP_KERNEL, move || work.run())?;
    Ok(())
}

/// Something to do once.
trait Work {
    /// Does it.
    fn run(&mut self);
}

struct Once<F>(Option<F>);

impl<F: FnOnce()> Work for Once<F> {
    fn run(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

impl Drop for WorkQueue {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariant, and nobody else has it any more.
        unsafe { bindings::destroy_workqueue(self.raw.as_ptr()) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_queue)]
mod tests {
    use super::*;
    use kernel::sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    };

    #[test]
    fn only_an_ordinary_one_waits_for_ordinary_ones() -> Result {
        let (outer, inner) = (
            WorkQueue::ordinary(c"ssi_kunit", 1)?,
            WorkQueue::ordinary(c"ssi_kunit", 1)?,
        );
        // Dropping a queue flushes it; the kernel would complain of an outer one that is not.
        outer.run(move || drop(inner))?;
        drop(outer);
        Ok(())
    }

    #[test]
    fn all_work_is_done_before_the_queue_is_gone() -> Result {
        let done = Arc::new(Atomic::new(0u32), GFP_KERNEL)?;
        let queue = WorkQueue::new(c"ssi_kunit", 2)?;
        for _ in 0..10 {
            let done = done.clone();
            queue.run(move || {
                crate::thread::sleep(1_000);
                done.fetch_add(1u32, Relaxed);
            })?;
        }
        drop(queue);
        assert!(done.load(Relaxed) == 10);
        Ok(())
    }
}
