// SPDX-License-Identifier: GPL-2.0

//! Printing what core knows.
//!
//! The kernel's printing macros take types of the `kernel` crate's own
//! `Display`, because a pointer must not reach the log by accident. Types of a
//! crate that knows no kernel have the one of `core`; [`Plain`] joins the two.

use core::fmt;

/// Prints a value by its `core::fmt::Display`.
pub struct Plain<T>(pub T);

impl<T: fmt::Display> kernel::fmt::Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
