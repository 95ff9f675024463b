// SPDX-License-Identifier: GPL-2.0

//! Protection of frames.
//!
//! A connection has one of three modes, all of them from ChaCha20-Poly1305 with
//! a key for each direction and the number of the frame on its connection as the
//! nonce. The number does not travel: both sides count. A frame that is missing,
//! repeated, moved or from another connection does not verify.
//!
//! | mode | additional data | encrypted | tag |
//! | --- | --- | --- | --- |
//! | none | | nothing | no |
//! | mac | header and payload | nothing | behind the payload |
//! | aead | header | payload | behind the payload |

use core::fmt;

/// Bytes of the tag of a frame.
pub const TAG_BYTES: usize = 16;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// How frames are protected. The order is that of strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Not at all, after the handshake.
    None,
    /// Against change.
    Mac,
    /// Against change and reading.
    Aead,
}

impl Mode {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::None, Self::Mac, Self::Aead];

    /// The mode on the wire, `0..=2`.
    pub const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Mac => 1,
            Self::Aead => 2,
        }
    }

    /// The mode with this code, `None` for any other.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mac => "mac",
            Self::Aead => "aead",
        }
    }

    /// The mode with this name.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.name().as_bytes() == name)
    }

    /// Bytes that follow each payload.
    pub const fn tag_bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::Mac | Self::Aead => TAG_BYTES,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A secret of 32 bytes. Its debugging output does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub [u8; KEY_BYTES]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Numbers of the frames of one direction of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counter(u64);

impl Counter {
    /// The nonce of the next frame; `None` when the connection has had them all
    /// and must end.
    pub fn next_nonce(&mut self) -> Option<u64> {
        let nonce = self.0;
        self.0 = nonce.checked_add(1)?;
        Some(nonce)
    }
}

/// Whether two secrets are equal, in a time that does not depend on where they
/// differ.
pub fn is_equal<const N: usize>(a: &[u8; N], b: &[u8; N]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    // Without it a compiler may see that the sum can be known early.
    core::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_come_back_from_codes_and_names() {
        for mode in Mode::ALL {
            assert_eq!(Mode::from_code(mode.code()), Some(mode));
            assert_eq!(Mode::from_name(mode.name().as_bytes()), Some(mode));
        }
        assert_eq!((Mode::from_code(3), Mode::from_name(b"")), (None, None));
    }

    #[test]
    fn the_stricter_mode_is_the_larger() {
        assert_eq!(Mode::None.max(Mode::Mac), Mode::Mac);
        assert_eq!(Mode::Aead.max(Mode::Mac), Mode::Aead);
    }

    #[test]
    fn no_nonce_comes_twice() {
        let mut counter = Counter(u64::MAX - 2);
        assert_eq!(counter.next_nonce(), Some(u64::MAX - 2));
        assert_eq!(counter.next_nonce(), Some(u64::MAX - 1));
        assert_eq!((counter.next_nonce(), counter.next_nonce()), (None, None));
    }

    #[test]
    fn every_bit_of_a_secret_counts() {
        let secret = [0x5a; 32];
        assert!(is_equal(&secret, &secret));
        for bit in 0..256 {
            let mut other = secret;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_equal(&secret, &other));
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", Key([7; 32])), "Key(..)");
    }
}
