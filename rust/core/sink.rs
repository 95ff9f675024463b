// SPDX-License-Identifier: GPL-2.0

//! Where effects leave.
//!
//! A machine's `step` never calls out: what it wants done leaves as values
//! through a [`Sink`], and its driver does it afterwards, without the lock.

/// Takes the effects of a step, in order.
pub trait Sink<T> {
    /// Takes one.
    fn put(&mut self, effect: T);
}

/// A closure is a sink.
impl<T, F: FnMut(T)> Sink<T> for F {
    fn put(&mut self, effect: T) {
        self(effect);
    }
}
