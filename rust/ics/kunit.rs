// SPDX-License-Identifier: GPL-2.0

//! Tests inside the kernel.
//!
//! `ssi_core` knows no kernel and so has no suite of its own: its golden
//! vectors run from here.

#[kernel::macros::kunit_tests(ssi_core)]
mod tests {
    #[test]
    fn golden_vectors_hold() {
        assert_eq!(ssi_core::vectors::first_failure(), None);
    }
}
