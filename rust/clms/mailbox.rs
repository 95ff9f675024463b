// SPDX-License-Identifier: GPL-2.0

//! Letters to the machine's thread.
//!
//! Whoever has news for the machine leaves a letter and goes on: the reactor of
//! ICS, a subsystem that is done, a user who writes to a file. The thread takes
//! them in the order they came.

use core::mem;

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
    Instance,
    NODES_LEN, //
};
use ssi_kapi::notifier::Notifier;

/// Most letters that wait. More means that the thread does not run; the machine
/// sends again what was not answered.
const LETTERS_MAX: usize = 4096;

/// Most letters that are kept where there is no room for others: one done view, a link
/// and a cleanup of each node, and a few wishes.
const KEPT_MAX: usize = 2 * NODES_LEN + 4;

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

impl Letter {
    /// Whether it is news of a state, of which only the last counts, and which nobody
    /// tells again.
    fn is_state(&self) -> bool {
        !matches!(self, Self::Message { .. } | Self::Beat { .. })
    }

    /// Whether `self` is news of the same thing as `other`.
    fn replaces(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Linked(one) | Self::Unlinked(one),
                Self::Linked(other) | Self::Unlinked(other),
            )
            | (Self::CleanedUp(one), Self::CleanedUp(other)) => one.node == other.node,
            (one, other) => mem::discriminant(one) == mem::discriminant(other),
        }
    }
}

/// The letters that wait, and what wakes the thread.
#[pin_data]
pub(crate) struct Mailbox {
    #[pin]
    letters: Mutex<Letters>,
    notifier: Notifier,
    lost: Atomic<u32>,
}

impl Mailbox {
    /// An empty one. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            letters <- new_mutex!(Letters::new()?, "ssi_clms_letters"),
            notifier: Notifier::new()?,
            lost: Atomic::new(0),
        }? Error)
    }

    /// Leaves a letter. Process context; sleeps for no longer than memory takes.
    pub(crate) fn put(&self, letter: Letter) {
        if self.letters.lock().put(letter) {
            self.notifier.raise(LETTERS);
        } else {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Takes all letters; behind them come those [kept](Self::take_kept).
    pub(crate) fn take(&self) -> KVVec<Letter> {
        mem::take(&mut self.letters.lock().queue)
    }

    /// Takes the first letter that was kept for want of room.
    pub(crate) fn take_kept(&self) -> Option<Letter> {
        self.letters.lock().kept.remove(0).ok()
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

/// The letters, in order: first the queue, then what was kept.
struct Letters {
    queue: KVVec<Letter>,
    /// News of states there was no room for, the last of each; never grows.
    kept: KVec<Letter>,
}

impl Letters {
    fn new() -> Result<Self> {
        Ok(Self {
            queue: KVVec::new(),
            kept: KVec::with_capacity(KEPT_MAX, GFP_KERNEL)?,
        })
    }

    /// Whether the letter is there now.
    fn put(&mut self, letter: Letter) -> bool {
        let is_state = letter.is_state();
        let room = match letter {
            Letter::Beat { .. } => LETTERS_BEFORE_BEATS_MAX,
            _ => LETTERS_MAX,
        };
        // What comes later must not overtake what was kept.
        let is_behind = is_state && !self.kept.is_empty();
        let has_room = self.queue.len() < room && self.queue.reserve(1, GFP_KERNEL).is_ok();
        if has_room && !is_behind {
            return self.queue.push_within_capacity(letter).is_ok();
        }
        is_state && self.keep(letter)
    }

    fn keep(&mut self, letter: Letter) -> bool {
        self.kept.retain(|kept| !letter.replaces(kept));
        self.kept.push_within_capacity(letter).is_ok()
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_clms_mailbox)]
mod tests {
    use super::*;
    use ssi_core::ids::{
        Incarnation,
        NodeId, //
    };

    #[test]
    fn a_full_mailbox_loses_no_state() -> Result {
        let one = Instance::new(NodeId::new(1).ok_or(EINVAL)?, Incarnation(1));
        let two = Instance::new(NodeId::new(2).ok_or(EINVAL)?, Incarnation(1));
        let mut letters = Letters::new()?;
        let message = || Letter::Message {
            from: one,
            body: KVec::new(),
        };
        while letters.queue.len() < LETTERS_MAX {
            assert!(letters.put(message()));
        }
        assert!(!letters.put(message()));
        for node in NodeId::all() {
            let instance = Instance::new(node, Incarnation(1));
            assert!(letters.put(Letter::Linked(instance)));
            assert!(letters.put(Letter::CleanedUp(instance)));
        }
        for epoch in 1..=5 {
            assert!(letters.put(Letter::SubsystemsDone(Epoch(epoch))));
        }
        for letter in [Letter::ShutDown, Letter::Leave, Letter::Tune] {
            assert!(letters.put(letter));
        }
        letters.queue.clear();
        // Room again, but the link came up before it broke.
        assert!(letters.put(Letter::Unlinked(one)));
        assert!(letters.queue.is_empty());
        let has = |of: fn(&Letter) -> Option<Instance>, instance: Instance| {
            letters
                .kept
                .iter()
                .filter_map(of)
                .any(|kept| kept == instance)
        };
        let linked: fn(&Letter) -> Option<Instance> = |letter| match letter {
            Letter::Linked(instance) => Some(*instance),
            _ => None,
        };
        assert!(!has(linked, one) && has(linked, two));
        let done = |letter: &Letter| matches!(letter, Letter::SubsystemsDone(Epoch(5)));
        assert!(letters.kept.iter().any(done));
        assert!(matches!(letters.kept.last(), Some(Letter::Unlinked(_))));
        Ok(())
    }
}
