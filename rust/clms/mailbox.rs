// SPDX-License-Identifier: GPL-2.0

//! Letters to the machine's thread.
//!
//! Whoever has news for the machine leaves a letter and goes on: the reactor of
//! ICS, a subsystem that is done, a user who writes to a file. The thread takes
//! them in the order they came.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_mutex,
        Mutex, //
    }, //
};
use ssi_core::ids::{
    Epoch,
    Instance, //
};
use ssi_kapi::notifier::Notifier;

/// Most letters that wait. More means that the thread does not run; the machine
/// sends again what was not answered.
const LETTERS_MAX: usize = 4096;

/// Heartbeats are thrown away while so many letters wait: there will be others.
const LETTERS_BEFORE_BEATS_MAX: usize = 1024;

/// Bit of the notifier: there are letters.
pub(crate) const LETTERS: u32 = 0;
/// Bit of the notifier: the host may have sent a packet.
pub(crate) const HOST: u32 = 1;

/// News for the machine.
pub(crate) enum Letter {
    Linked(Instance),
    Unlinked(Instance),
    Message { from: Instance, body: KVec<u8> },
    Beat { from: Instance, body: KVec<u8> },
    SubsystemsDone(Epoch),
    CleanedUp(Instance),
    ShutDown,
    Leave,
    Tune,
}

/// The letters that wait, and what wakes the thread.
#[pin_data]
pub(crate) struct Mailbox {
    #[pin]
    letters: Mutex<KVVec<Letter>>,
    notifier: Notifier,
    lost: Atomic<u32>,
}

impl Mailbox {
    /// An empty one.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            letters <- new_mutex!(KVVec::new(), "ssi_clms_letters"),
            notifier: Notifier::new()?,
            lost: Atomic::new(0),
        })
    }

    /// Leaves a letter. Process context; sleeps for no longer than memory takes.
    pub(crate) fn put(&self, letter: Letter) {
        let room = match letter {
            Letter::Beat { .. } => LETTERS_BEFORE_BEATS_MAX,
            _ => LETTERS_MAX,
        };
        let mut letters = self.letters.lock();
        let taken = letters.len() < room && letters.push(letter, GFP_KERNEL).is_ok();
        drop(letters);
        if taken {
            self.notifier.raise(LETTERS);
        } else {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Takes all letters.
    pub(crate) fn take(&self) -> KVVec<Letter> {
        core::mem::take(&mut *self.letters.lock())
    }

    /// What wakes the thread.
    pub(crate) fn notifier(&self) -> &Notifier {
        &self.notifier
    }

    /// How many letters were thrown away since boot.
    pub(crate) fn lost(&self) -> u32 {
        self.lost.load(Relaxed)
    }
}
