// SPDX-License-Identifier: GPL-2.0

//! Bits that wake a thread.
//!
//! A thread that waits for many things has one [`Notifier`] with a bit for each.
//! Whoever has news raises the bit, in any context; the thread sleeps until one
//! is raised and takes them all.
//!
//! C header: [`include/linux/ssi_kapi.h`](srctree/include/linux/ssi_kapi.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    prelude::*, //
};

use crate::clock;

/// Number of bits.
pub const BITS_LEN: u32 = bindings::SSI_NOTIFIER_BITS;

const WORD_BITS: u32 = 64;

/// A set of bits and the threads that wait for one.
///
/// # Invariants
///
/// `raw` was made by `ssi_notifier_new` and is not freed yet.
pub struct Notifier {
    raw: NonNull<bindings::ssi_notifier>,
}

// SAFETY: The C side uses atomic operations and a wait queue alone.
unsafe impl Send for Notifier {}
// SAFETY: As above.
unsafe impl Sync for Notifier {}

impl Notifier {
    /// A notifier with no bit raised. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new() -> Result<Self> {
        // SAFETY: No preconditions.
        let raw = unsafe { bindings::ssi_notifier_new() };
        // INVARIANT: It was made just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ENOMEM)
    }

    /// Raises `bit` and wakes the thread; nothing for a bit that is raised or
    /// is none, `0..BITS_LEN`. Any context.
    pub fn raise(&self, bit: u32) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_notifier_raise(self.raw.as_ptr(), bit) }
    }

    /// Waits until a bit is raised, the clock reads `until` (microseconds,
    /// [`clock::monotonic`]), or the thread is to stop. Signals do not end it.
    pub fn wait(&self, until: Option<u64>) {
        let nanoseconds = match until {
            Some(until) => until
                .saturating_sub(clock::monotonic())
                .saturating_mul(clock::NANOS_PER_MICRO),
            None => u64::MAX,
        };
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_notifier_wait(self.raw.as_ptr(), nanoseconds) }
    }

    /// Takes all raised bits and hands each to `each`, in order.
    pub fn take(&self, mut each: impl FnMut(u32)) {
        for word in 0..BITS_LEN / WORD_BITS {
            // SAFETY: Valid by the type invariant.
            let mut bits = unsafe { bindings::ssi_notifier_take(self.raw.as_ptr(), word) };
            while bits != 0 {
                each(word * WORD_BITS + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::ssi_notifier {
        self.raw.as_ptr()
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariant, and nobody else has it any more.
        unsafe { bindings::ssi_notifier_free(self.raw.as_ptr()) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_notifier)]
mod tests {
    use super::*;

    fn taken(notifier: &Notifier) -> Result<KVec<u32>> {
        let mut bits = KVec::with_capacity(8, GFP_KERNEL)?;
        notifier.take(|bit| {
            let _ = bits.push_within_capacity(bit);
        });
        Ok(bits)
    }

    #[test]
    fn raised_bits_are_taken_once_and_in_order() -> Result {
        let notifier = Notifier::new()?;
        for bit in [500, 3, 64, 3, BITS_LEN] {
            notifier.raise(bit);
        }
        notifier.wait(None);
        assert!(taken(&notifier)?.as_slice() == [3, 64, 500]);
        assert!(taken(&notifier)?.is_empty());
        Ok(())
    }

    #[test]
    fn a_wait_ends_in_time() -> Result {
        let notifier = Notifier::new()?;
        let began = clock::monotonic();
        notifier.wait(Some(began + 2_000));
        let waited = clock::monotonic() - began;
        assert!((2_000..1_000_000).contains(&waited));
        Ok(())
    }
}
