// SPDX-License-Identifier: GPL-2.0

//! View of one node's processes.
//!
//! A flag of personality(2), which children and what is executed inherit.

use std::fs;

use nix::sys::personality::{
    self,
    Persona, //
};

use crate::{
    text,
    Error, //
};

/// `PER_SSI_LOCALVIEW` of the kernel.
const FLAG: i32 = 0x1000_0000;

/// All flags there are. `personality::get` tells those it knows.
const NOW: &str = "/proc/thread-self/personality";

/// From now on the calling thread, what it executes and its children see the processes
/// of their node alone in `/proc`, and those of the kernel as well. It changes
/// nothing else, and nothing on a kernel that is no node.
///
/// # Errors
///
/// [`Error::Io`] where there is no `/proc`; [`Error::Malformed`].
pub fn local_view() -> Result<(), Error> {
    let text = fs::read_to_string(NOW).map_err(|why| Error::io(NOW, why))?;
    let flags = parse(&text).ok_or_else(|| Error::Malformed {
        file: NOW.to_owned(),
        line: text::shown(text.trim_end()),
    })?;
    personality::set(Persona::from_bits_retain(flags | FLAG))
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

    #[test]
    fn other_flags_are_kept() {
        let before = personality::get().unwrap();
        personality::set(before | Persona::ADDR_NO_RANDOMIZE).unwrap();
        for _ in 0..2 {
            local_view().unwrap();
            let now = parse(&fs::read_to_string(NOW).unwrap()).unwrap();
            let wanted = before | Persona::ADDR_NO_RANDOMIZE;
            assert_eq!(now, wanted.bits() | FLAG);
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
