// SPDX-License-Identifier: GPL-2.0

//! Queue that grows.
//!
//! First in, first out, and any place can be looked at.

use core::mem;

use kernel::{
    alloc::AllocError,
    prelude::*, //
};

/// Places of a queue that was used for the first time.
const LEN_FIRST: usize = 8;

/// A queue.
///
/// # Invariants
///
/// The `len` places of `slots` from `first` on, counted around, hold a value.
pub(crate) struct Ring<T> {
    slots: KVVec<Option<T>>,
    first: usize,
    len: usize,
}

impl<T> Ring<T> {
    /// An empty queue.
    pub(crate) const fn new() -> Self {
        // INVARIANT: There is none.
        Self {
            slots: KVVec::new(),
            first: 0,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes room for `more`. May sleep.
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), AllocError> {
        let wanted = self.len.saturating_add(more);
        if wanted <= self.slots.len() {
            return Ok(());
        }
        let doubled = self.slots.len().saturating_mul(2);
        let places = wanted.max(doubled).max(LEN_FIRST);
        let mut slots = KVVec::with_capacity(places, GFP_KERNEL)?;
        let mut old = mem::replace(self, Self::new());
        while let Some(value) = old.pop() {
            slots.push(Some(value), GFP_KERNEL)?;
        }
        // INVARIANT: The values were moved to the front.
        self.len = slots.len();
        for _ in self.len..places {
            slots.push(None, GFP_KERNEL)?;
        }
        self.slots = slots;
        Ok(())
    }

    /// Adds `value` at the end. There must be room: see [`reserve`](Self::reserve).
    pub(crate) fn push(&mut self, value: T) {
        let place = self.place(self.len);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some(value);
            // INVARIANT: The place behind the last was filled.
            self.len += 1;
        }
    }

    /// Takes the first.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let value = self.slots.get_mut(self.first)?.take()?;
        self.first = self.place(1);
        // INVARIANT: The first was taken.
        self.len -= 1;
        Some(value)
    }

    /// Takes the first that equals `value` out. Whether there was one.
    pub(crate) fn remove(&mut self, value: &T) -> bool
    where
        T: PartialEq,
    {
        let found = (0..self.len).find(|&index| self.get(index) == Some(value));
        let Some(found) = found else {
            return false;
        };
        // Those before it move up; the first place comes free.
        for index in (0..found).rev() {
            let (here, next) = (self.place(index), self.place(index + 1));
            self.slots.swap(here, next);
        }
        self.pop().is_some()
    }

    /// The one with `index`, the first being 0.
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.slots.get(self.place(index))?.as_ref()
    }

    /// The one with `index`, to change it.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let place = self.place(index);
        self.slots.get_mut(place)?.as_mut()
    }

    fn place(&self, index: usize) -> usize {
        let place = self.first.saturating_add(index);
        match place < self.slots.len() {
            true => place,
            // Beyond twice the length there is no place, and none is found.
            false => place - self.slots.len(),
        }
    }
}
