// SPDX-License-Identifier: GPL-2.0

//! Something that happens once.
//!
//! An [`Event`] is waited for by one thread and raised by another. Share it in an
//! `Arc`: the raiser may still be about to wake when the waiter goes on.
//!
//! C header: [`include/linux/ssi_kapi.h`](srctree/include/linux/ssi_kapi.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// What ends a wait besides the event and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Nothing.
    Always,
    /// A signal that kills.
    Killable,
    /// Any signal.
    Interruptible,
}

impl Patience {
    const fn code(self) -> bindings::ssi_wait {
        match self {
            Self::Always => bindings::ssi_wait_SSI_WAIT_ALWAYS,
            Self::Killable => bindings::ssi_wait_SSI_WAIT_KILLABLE,
            Self::Interruptible => bindings::ssi_wait_SSI_WAIT_INTERRUPTIBLE,
        }
    }
}

/// Something that happens once.
///
/// # Invariants
///
/// `raw` was made by `ssi_event_new` and is not freed yet.
pub struct Event {
    raw: NonNull<bindings::ssi_event>,
}

// SAFETY: The C side uses atomic operations and a wait queue alone.
unsafe impl Send for Event {}
// SAFETY: As above.
unsafe impl Sync for Event {}

impl Event {
    /// An event that did not happen yet. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new() -> Result<Self> {
        // SAFETY: No preconditions.
        let raw = unsafe { bindings::ssi_event_new() };
        // INVARIANT: It was made just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ENOMEM)
    }

    /// Makes it happen. Any context.
    pub fn raise(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_event_raise(self.raw.as_ptr()) }
    }

    /// Waits for it, at most `timeout` microseconds.
    ///
    /// # Errors
    ///
    /// `ETIME` when the time was up, `ERESTARTSYS` when a signal came that the
    /// wait yields to.
    pub fn wait(&self, patience: Patience, timeout: Option<u64>) -> Result {
        // SAFETY: Valid by the type invariant.
        to_result(unsafe {
            bindings::ssi_event_wait(
                self.raw.as_ptr(),
                patience.code(),
                timeout.unwrap_or(u64::MAX),
            )
        })
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariant, and nobody else has it any more.
        unsafe { bindings::ssi_event_free(self.raw.as_ptr()) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_event)]
mod tests {
    use super::*;
    use crate::thread::Thread;
    use kernel::sync::Arc;

    #[test]
    fn a_wait_ends_in_time() -> Result {
        let event = Event::new()?;
        assert!(event.wait(Patience::Killable, Some(2_000)) == Err(ETIME));
        event.raise();
        assert!(event.wait(Patience::Always, None).is_ok());
        Ok(())
    }

    #[test]
    fn another_thread_ends_it() -> Result {
        let event = Arc::new(Event::new()?, GFP_KERNEL)?;
        let thread = Thread::spawn(c"ssi_kunit", event.clone(), |event| event.raise())?;
        assert!(event.wait(Patience::Always, Some(5_000_000)).is_ok());
        drop(thread);
        Ok(())
    }
}
