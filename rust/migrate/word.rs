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

/// How far it is.
#[derive(Clone, Copy)]
enum Stage {
    Asked,
    Begun,
    Said(Result),
    /// Who waited does not any more, and nothing is done.
    GivenUp,
}

/// What one task is told by another one.
#[pin_data]
pub(crate) struct Word {
    #[pin]
    stage: SpinLock<Stage>,
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
                stage <- new_spinlock!(Stage::Asked, "ssi_migrate_word"),
                is_said,
            }),
            GFP_KERNEL,
        )
    }

    /// Whether what is asked for may begin: nobody gave it up.
    pub(crate) fn begin(&self) -> bool {
        let mut stage = self.stage.lock();
        let is_wanted = !matches!(*stage, Stage::GivenUp);
        if is_wanted {
            *stage = Stage::Begun;
        }
        is_wanted
    }

    /// Tells who waits.
    pub(crate) fn say(&self, outcome: Result) {
        *self.stage.lock() = Stage::Said(outcome);
        self.is_said.raise();
    }

    /// Waits for it; `None` for who is killed, and does not.
    pub(crate) fn hear(&self) -> Option<Result> {
        self.is_said.wait(Patience::Killable, None).ok()?;
        self.outcome()
    }

    /// As [`hear`](Self::hear), if it [began](Self::begin) within so many microseconds.
    /// Otherwise it never does: `EAGAIN`.
    pub(crate) fn hear_within(&self, microseconds: u64) -> Option<Result> {
        match self.is_said.wait(Patience::Killable, Some(microseconds)) {
            Ok(()) => self.outcome(),
            Err(ETIME) if self.give_up() => Some(Err(EAGAIN)),
            Err(ETIME) => self.hear(),
            Err(_) => None,
        }
    }

    fn outcome(&self) -> Option<Result> {
        match *self.stage.lock() {
            Stage::Said(outcome) => Some(outcome),
            _ => None,
        }
    }

    fn give_up(&self) -> bool {
        let mut stage = self.stage.lock();
        let is_early = matches!(*stage, Stage::Asked);
        if is_early {
            *stage = Stage::GivenUp;
        }
        is_early
    }
}
