// SPDX-License-Identifier: GPL-2.0

//! Authentication and encryption.
//!
//! HMAC-SHA256 proves who wrote a message, ChaCha20-Poly1305 also hides it: plain
//! calls of the kernel's crypto library, in any context that need not be fast.
//!
//! C header: [`include/crypto/sha2.h`](srctree/include/crypto/sha2.h),
//! [`include/crypto/chacha20poly1305.h`](srctree/include/crypto/chacha20poly1305.h)

use core::mem::MaybeUninit;

use kernel::bindings;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;

/// Bytes of the tag of a sealed message.
pub const TAG_BYTES: usize = 16;

/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> [u8; HASH_BYTES] {
    let mut hash = [0; HASH_BYTES];
    // SAFETY: The pointers are valid for the lengths they come with.
    unsafe { bindings::sha256(data.as_ptr(), data.len(), hash.as_mut_ptr()) };
    hash
}

/// HMAC-SHA256 over a message that comes in parts. What it knew of the key is
/// wiped when it is dropped.
pub struct Hmac {
    context: bindings::hmac_sha256_ctx,
}

impl Hmac {
    /// Begins a message under `key`, of any length.
    pub fn new(key: &[u8]) -> Self {
        let mut context = MaybeUninit::uninit();
        // SAFETY: It initialises all of `context`; the key is valid for its length.
        let context = unsafe {
            bindings::hmac_sha256_init_usingrawkey(context.as_mut_ptr(), key.as_ptr(), key.len());
            context.assume_init()
        };
        Self { context }
    }

    /// Goes on with `part`.
    pub fn update(&mut self, part: &[u8]) {
        // SAFETY: The pointers are valid; the context was initialised.
        unsafe { bindings::ssi_hmac_update(&mut self.context, part.as_ptr(), part.len()) }
    }

    /// Ends the message.
    pub fn finish(mut self) -> [u8; HASH_BYTES] {
        let mut hash = [0; HASH_BYTES];
        // SAFETY: The pointers are valid; the context was initialised.
        unsafe { bindings::hmac_sha256_final(&mut self.context, hash.as_mut_ptr()) };
        hash
    }

    /// HMAC-SHA256 of `parts`, one behind the other, under `key`.
    pub fn of(key: &[u8], parts: &[&[u8]]) -> [u8; HASH_BYTES] {
        let mut hmac = Self::new(key);
        for part in parts {
            hmac.update(part);
        }
        hmac.finish()
    }
}

impl Drop for Hmac {
    fn drop(&mut self) {
        let bytes = core::mem::size_of_val(&self.context);
        // SAFETY: Zero is a valid value of its plain numbers.
        unsafe { bindings::ssi_memory_wipe((&raw mut self.context).cast(), bytes) }
    }
}

/// A key of ChaCha20-Poly1305; wiped when it is dropped.
pub struct SealKey([u8; KEY_BYTES]);

impl SealKey {
    /// A key. No number may be used twice with it.
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self(key)
    }

    /// Encrypts all but the last [`TAG_BYTES`] of `sealed` in place and writes to
    /// those a tag that vouches for it and for `plain`, which stays readable.
    ///
    /// Without room for the tag it does nothing.
    pub fn seal(&self, number: u64, plain: &[u8], sealed: &mut [u8]) {
        let Some(bytes) = sealed.len().checked_sub(TAG_BYTES) else {
            return;
        };
        let text = sealed.as_mut_ptr();
        // SAFETY: Text and tag lie in `sealed`; encrypting in place is allowed.
        unsafe {
            bindings::chacha20poly1305_encrypt(
                text,
                text,
                bytes,
                plain.as_ptr(),
                plain.len(),
                number,
                self.0.as_ptr(),
            )
        }
    }

    /// Takes back what [`seal`](Self::seal) did: whether the tag vouches for
    /// `sealed` and `plain`. Only then the text is decrypted.
    #[must_use]
    pub fn open(&self, number: u64, plain: &[u8], sealed: &mut [u8]) -> bool {
        let text = sealed.as_mut_ptr();
        // SAFETY: It writes less than `sealed`; decrypting in place is allowed.
        unsafe {
            bindings::chacha20poly1305_decrypt(
                text,
                text,
                sealed.len(),
                plain.as_ptr(),
                plain.len(),
                number,
                self.0.as_ptr(),
            )
        }
    }
}

impl Drop for SealKey {
    fn drop(&mut self) {
        // SAFETY: The key is ours and valid for its length.
        unsafe { bindings::ssi_memory_wipe(self.0.as_mut_ptr().cast(), KEY_BYTES) }
    }
}

/// Whether two secrets are equal; takes as long for any two of one length.
pub fn is_equal(one: &[u8], other: &[u8]) -> bool {
    // SAFETY: Both are valid for the length, which is the same.
    one.len() == other.len()
        && unsafe {
            bindings::ssi_memory_equal(one.as_ptr().cast(), other.as_ptr().cast(), one.len())
        }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_crypto)]
mod tests {
    use super::*;
    use kernel::prelude::*;

    /// Key of the example of RFC 8439, A.5.
    const KEY: [u8; KEY_BYTES] = [
        0x1c, 0x92, 0x40, 0xa5, 0xeb, 0x55, 0xd3, 0x8a, 0xf3, 0x33, 0x88, 0x86, 0x04, 0xf6, 0xb5,
        0xf0, 0x47, 0x39, 0x17, 0xc1, 0x40, 0x2b, 0x80, 0x09, 0x9d, 0xca, 0x5c, 0xbc, 0x20, 0x70,
        0x75, 0xc0,
    ];
    const NUMBER: u64 = 0x0807_0605_0403_0201;
    const PLAIN: [u8; 12] = [0xf3, 0x33, 0x88, 0x86, 0, 0, 0, 0, 0, 0, 0x4e, 0x91];
    const TEXT: &[u8] = "Internet-Drafts are draft documents valid for a maximum of six months \
        and may be updated, replaced, or obsoleted by other documents at any time. It is \
        inappropriate to use Internet-Drafts as reference material or to cite them other than \
        as /\u{201c}work in progress./\u{201d}"
        .as_bytes();
    const TAG: [u8; TAG_BYTES] = [
        0xee, 0xad, 0x9d, 0x67, 0x89, 0x0c, 0xbb, 0x22, 0x39, 0x23, 0x36, 0xfe, 0xa1, 0x85, 0x1f,
        0x38,
    ];

    fn sealed() -> Result<KVec<u8>> {
        let mut sealed = KVec::from_elem(0, TEXT.len() + TAG_BYTES, GFP_KERNEL)?;
        sealed[..TEXT.len()].copy_from_slice(TEXT);
        SealKey::new(KEY).seal(NUMBER, &PLAIN, &mut sealed);
        Ok(sealed)
    }

    #[test]
    fn sealing_is_that_of_rfc_8439() -> Result {
        let mut sealed = sealed()?;
        assert!(sealed[..4] == [0x64, 0xa0, 0x86, 0x15]);
        assert!(sealed[TEXT.len()..] == TAG);
        assert!(SealKey::new(KEY).open(NUMBER, &PLAIN, &mut sealed));
        assert!(sealed[..TEXT.len()] == *TEXT);
        Ok(())
    }

    #[test]
    fn what_was_changed_does_not_open() -> Result {
        let key = SealKey::new(KEY);
        assert!(!key.open(NUMBER + 1, &PLAIN, &mut sealed()?));
        assert!(!key.open(NUMBER, &PLAIN[1..], &mut sealed()?));
        for place in [0, TEXT.len() - 1, TEXT.len(), TEXT.len() + TAG_BYTES - 1] {
            let mut sealed = sealed()?;
            sealed[place] ^= 1;
            assert!(!key.open(NUMBER, &PLAIN, &mut sealed));
        }
        assert!(!key.open(NUMBER, &PLAIN, &mut [0; TAG_BYTES - 1]));
        Ok(())
    }

    #[test]
    fn a_tag_alone_vouches_for_what_is_readable() {
        let key = SealKey::new(KEY);
        let mut tag = [0; TAG_BYTES];
        key.seal(7, TEXT, &mut tag);
        assert!(key.open(7, TEXT, &mut tag.clone()));
        assert!(!key.open(7, &TEXT[1..], &mut tag));
    }

    #[test]
    fn a_message_in_parts_has_the_hash_of_rfc_4231() {
        // Test case 2.
        let expected = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95,
            0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9,
            0x64, 0xec, 0x38, 0x43,
        ];
        assert!(Hmac::of(b"Jefe", &[b"what do ya ", b"want for nothing?"]) == expected);
        assert!(Hmac::of(b"Jefe", &[b"what do ya want for nothing?"]) == expected);
    }

    #[test]
    fn sha_256_is_that_of_fips_180() {
        let hash = sha256(b"abc");
        assert!(hash[..4] == [0xba, 0x78, 0x16, 0xbf]);
        assert!(hash[28..] == [0xf2, 0x00, 0x15, 0xad]);
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(is_equal(b"secret", b"secret"));
        assert!(!is_equal(b"secret", b"secreT"));
        assert!(!is_equal(b"secret", b"secre"));
    }
}
