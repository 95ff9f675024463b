// SPDX-License-Identifier: GPL-2.0

//! Flags of personality(2).
//!
//! A thread has them; its children and what it executes inherit them, wherever.

use std::fs;

use nix::sys::personality::{
    self,
    Persona, //
};

use crate::{
    text,
    Error, //
};

/// All flags there are. `personality::get` tells those it knows.
const NOW: &str = "/proc/thread-self/personality";

/// Gives the calling thread one more flag.
///
/// # Errors
///
/// [`Error::Io`] where there is no `/proc`; [`Error::Malformed`].
pub(crate) fn add(flag: i32) -> Result<(), Error> {
    let text = fs::read_to_string(NOW).map_err(|why| Error::io(NOW, why))?;
    let flags = parse(&text).ok_or_else(|| Error::Malformed {
        file: NOW.to_owned(),
        line: text::shown(text.trim_end()),
    })?;
    personality::set(Persona::from_bits_retain(flags | flag))
        .map(|_| ())
        .map_err(|why| Error::io(NOW, why))
}

fn parse(text: &str) -> Option<i32> {
    let flags = u32::from_str_radix(text.strip_suffix('\n')?, 16).ok()?;
    Some(i32::from_ne_bytes(flags.to_ne_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        local_view,
        pin, //
    };

    #[test]
    fn other_flags_are_kept() {
        let before = personality::get().unwrap();
        personality::set(before | Persona::ADDR_NO_RANDOMIZE).unwrap();
        let wanted = before | Persona::ADDR_NO_RANDOMIZE;
        for (add, flags) in [
            (local_view as fn() -> Result<(), Error>, 0x1000_0000),
            (local_view, 0x1000_0000),
            (pin, 0x3000_0000),
        ] {
            add().unwrap();
            let now = parse(&fs::read_to_string(NOW).unwrap()).unwrap();
            assert_eq!(now, wanted.bits() | flags);
        }
    }

    #[test]
    fn flags_are_hexadecimal() {
        assert_eq!(parse("00040008\n"), Some(0x40008));
        assert_eq!(parse("ffffffff\n"), Some(-1));
        for text in ["", "\n", "0", "x\n", "100000000\n"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
