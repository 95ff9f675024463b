// SPDX-License-Identifier: GPL-2.0

//! Word of another task.
//!
//! Who has something done by a process, which does it in its own time, waits for the word
//! what came of it.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    }, //
};
use ssi_kapi::event::{
    Event,
    Patience, //
};

/// What one task is told by another one.
#[pin_data]
pub(crate) struct Word {
    #[pin]
    outcome: SpinLock<Option<Result>>,
    is_said: Event,
}

impl Word {
    /// None yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Arc<Self>> {
        let is_said = Event::new()?;
        Arc::pin_init(
            pin_init!(Self {
                outcome <- new_spinlock!(None, "ssi_migrate_word"),
                is_said,
            }),
            GFP_KERNEL,
        )
    }

    /// Tells who waits.
    pub(crate) fn say(&self, outcome: Result) {
        *self.outcome.lock() = Some(outcome);
        self.is_said.raise();
    }

    /// Waits for it; `None` for who is killed, and does not.
    pub(crate) fn hear(&self) -> Option<Result> {
        self.is_said.wait(Patience::Killable, None).ok()?;
        *self.outcome.lock()
    }
}
