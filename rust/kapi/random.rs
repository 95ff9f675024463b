// SPDX-License-Identifier: GPL-2.0

//! Chance.
//!
//! C header: [`include/linux/random.h`](srctree/include/linux/random.h)

use kernel::bindings;

/// Bytes nobody can guess. Any context.
pub fn bytes<const LEN: usize>() -> [u8; LEN] {
    let mut bytes = [0; LEN];
    // SAFETY: The array is valid for `LEN` written bytes.
    unsafe { bindings::get_random_bytes(bytes.as_mut_ptr().cast(), LEN) };
    bytes
}

/// A number nobody can guess. Any context.
pub fn number() -> u64 {
    u64::from_ne_bytes(bytes())
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_random)]
mod tests {
    #[test]
    fn it_does_not_repeat() {
        assert!(super::bytes::<32>() != super::bytes::<32>());
    }
}
