// SPDX-License-Identifier: GPL-2.0

//! Children of a surrogate.
//!
//! It waits for them when its process, which is elsewhere, asks for that, and tells it when
//! something became of one.

use kernel::{
    bindings,
    new_spinlock,
    prelude::*,
    sync::SpinLock,
    types::Opaque, //
};

use super::{
    find,
    Surrogate,
    OWNER, //
};

/// What is done in the task of a surrogate. Runs once.
trait Job: Send {
    fn run(&mut self);
}

impl<F: FnOnce(Result) + Send> Job for Option<F> {
    fn run(&mut self) {
        if let Some(act) = self.take() {
            act(Ok(()));
        }
    }
}

/// What a surrogate does about its children.
#[pin_data]
pub(super) struct Children {
    #[pin]
    jobs: SpinLock<KVec<KBox<dyn Job>>>,
    notice: Opaque<bindings::ssi_child_notice>,
}

// SAFETY: What changes of the notice is a flag, or is the affair of the task of the surrogate.
unsafe impl Send for Children {}
// SAFETY: As above.
unsafe impl Sync for Children {}

impl Children {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            jobs <- new_spinlock!(KVec::new(), "ssi_surrogate_jobs"),
            notice: Opaque::zeroed(),
        })
    }

    /// Whether there is anything to be done.
    pub(super) fn is_busy(&self) -> bool {
        // SAFETY: Only a flag is looked at.
        let is_noticed = unsafe { bindings::ssi_child_notice_is_there(self.notice.get()) };
        is_noticed || !self.jobs.lock().is_empty()
    }

    /// The running task, the surrogate, notices what becomes of its children. It [ends](Self::end)
    /// that before it stops being one.
    pub(super) fn begin(&self) {
        // SAFETY: It is zero, or was ended; it stays where it is until it is ended.
        unsafe { bindings::ssi_child_notice_begin(self.notice.get()) }
    }

    /// Nothing more is done.
    pub(super) fn end(&self) {
        // SAFETY: It was begun by the running task.
        unsafe { bindings::ssi_child_notice_end(self.notice.get()) };
        let dropped = core::mem::replace(&mut *self.jobs.lock(), KVec::new());
        drop(dropped);
    }

    fn next_job(&self) -> Option<KBox<dyn Job>> {
        self.jobs.lock().remove(0).ok()
    }

    /// Does what is to be done. In the task of the surrogate.
    pub(super) fn run(&self, surrogate: &Surrogate) {
        // SAFETY: It was begun.
        if unsafe { bindings::ssi_child_notice_take(self.notice.get()) } {
            if let Some(owner) = OWNER.as_ref() {
                owner.children_changed(surrogate.pid, surrogate.node());
            }
        }
        while let Some(mut job) = self.next_job() {
            // What comes behind this may be news to who asks.
            // SAFETY: As above.
            unsafe { bindings::ssi_child_notice_want(self.notice.get()) };
            job.run();
        }
    }
}

/// Runs `act` in the task of surrogate `pid`, of a process on `node`, when that has sent on all
/// signals that wait for it. What becomes of a child from then on is told once
/// ([`Owner::children_changed`](super::Owner::children_changed)). If the surrogate ends before,
/// or the process comes back, `act` is dropped. Does not wait for it; may sleep.
///
/// # Errors
///
/// `act` gets them, here and now: `ESRCH` if there is no such surrogate, `ENOMEM`.
pub fn run_behind(pid: u32, node: u8, act: impl FnOnce(Result) + Send + 'static) {
    let surrogate = match find(pid, node) {
        Ok(surrogate) => surrogate,
        Err(error) => return act(Err(error)),
    };
    // Without room for it nothing begins, for it could not be told.
    let Ok(room) = KBox::new_uninit(GFP_KERNEL) else {
        return act(Err(ENOMEM));
    };
    let mut jobs = surrogate.children.jobs.lock();
    if jobs.reserve(1, GFP_ATOMIC).is_err() {
        drop(jobs);
        return act(Err(ENOMEM));
    }
    let job = KBox::write(room, Some(act));
    let left = jobs.push_within_capacity(job);
    drop(jobs);
    drop(left);
    surrogate.look();
}
