// SPDX-License-Identifier: GPL-2.0

//! Arguments of a program.
//!
//! They travel one behind another, each with the zero byte it ends with, as execve(2)
//! lays them out.

use crate::wire::Malformed;

/// Longest of them with its zero byte, `MAX_ARG_STRLEN` of `uapi/linux/binfmts.h`.
pub const STRING_BYTES_MAX: usize = 131_072;

/// Arguments, or an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    /// The strings in `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when the last one has no end, or one is over [`STRING_BYTES_MAX`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let is_ended = bytes.last().is_none_or(|&last| last == 0);
        let strings = Self(bytes);
        let fit = strings
            .iter()
            .all(|string| string.len() <= STRING_BYTES_MAX);
        (is_ended && fit).then_some(strings).ok_or(Malformed)
    }

    /// All of them as they travel.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Each of them, with its zero byte.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        self.0.split_inclusive(|&byte| byte == 0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.iter().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_given_with_its_end() {
        let strings = Strings::new(b"ls\0-l\0\0").unwrap();
        assert_eq!(strings.count(), 3);
        let all: Vec<_> = strings.iter().collect();
        assert_eq!(all, [&b"ls\0"[..], b"-l\0", b"\0"]);
    }

    #[test]
    fn there_may_be_none() {
        assert_eq!(Strings::new(b"").unwrap().count(), 0);
    }

    #[test]
    fn the_last_one_must_end() {
        assert_eq!(Strings::new(b"ls\0-l"), Err(Malformed));
    }

    #[test]
    fn one_that_is_too_long_is_refused() {
        let mut long = vec![b'a'; STRING_BYTES_MAX];
        long.push(0);
        assert_eq!(Strings::new(&long), Err(Malformed));
        assert!(Strings::new(&long[1..]).is_ok());
    }
}
