// SPDX-License-Identifier: GPL-2.0

//! Bytes that are copied at once.
//!
//! `extend_from_slice` of a kernel vector clones one element after the other, which
//! for the arguments of a call takes longer than all that is done with them.

use core::ptr;

use kernel::{
    alloc::Allocator,
    prelude::*, //
};

/// Adds `bytes` to the end of `to`. May sleep.
///
/// # Errors
///
/// `ENOMEM`; then nothing was added.
pub fn extend<A: Allocator>(to: &mut Vec<u8, A>, bytes: &[u8]) -> Result {
    to.reserve(bytes.len(), GFP_KERNEL)?;
    let room = to.spare_capacity_mut().as_mut_ptr();
    // SAFETY: There is room for them; what is borrowed mutably overlaps nothing.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), room.cast(), bytes.len()) };
    // SAFETY: So many spare bytes were there, and were written just now.
    unsafe { to.inc_len(bytes.len()) };
    Ok(())
}

/// `length` zero bytes. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub fn zeros(length: usize) -> Result<KVec<u8>> {
    let mut bytes = KVec::with_capacity(length, GFP_KERNEL)?;
    let room = bytes.spare_capacity_mut().as_mut_ptr();
    // SAFETY: There is room for so many.
    unsafe { ptr::write_bytes(room, 0, length) };
    // SAFETY: So many spare bytes were there, and were written just now.
    unsafe { bytes.inc_len(length) };
    Ok(bytes)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_bytes)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_behind_those_that_are_there() -> Result {
        let mut text: KVec<u8> = KVec::new();
        for part in [&b"one "[..], b"", b"two"] {
            extend(&mut text, part)?;
        }
        assert!(text.as_slice() == b"one two");
        Ok(())
    }

    #[test]
    fn zeros_are_as_many_as_asked_for() -> Result {
        for length in [0, 1, 5000] {
            let bytes = zeros(length)?;
            assert!(bytes.len() == length && bytes.iter().all(|&byte| byte == 0));
        }
        Ok(())
    }
}
