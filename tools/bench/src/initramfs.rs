// SPDX-License-Identifier: GPL-2.0

//! An initramfs with one program.
//!
//! The smallest root a kernel boots with: this very program as `/init`, the
//! devices it opens, and a place for `/proc`. The format is "newc", see
//! `buffer-format.rst` in the kernel's documentation; the kernel adds
//! `/dev/console` by itself.

use std::fs;
use std::path::Path;

use anyhow::{
    Context,
    Result, //
};

/// A directory that its owner may change and everyone enter.
const DIRECTORY: u32 = 0o040_755;
/// A program for everyone.
const PROGRAM: u32 = 0o100_755;
/// A character device for everyone.
const DEVICE: u32 = 0o020_666;
/// Major and minor number of `/dev/null`.
const NULL: (u32, u32) = (1, 3);

/// Name of the entry that ends an archive.
const TRAILER: &str = "TRAILER!!!";

/// Writes an initramfs to `path` whose `/init` is the program at `program`,
/// which must be statically linked.
///
/// # Errors
///
/// A file cannot be read or written, or the program is larger than 4 GiB.
pub(crate) fn write(path: &Path, program: &Path) -> Result<()> {
    let init = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let archive = [
        entry("dev", DIRECTORY, (0, 0), b"")?,
        entry("dev/null", DEVICE, NULL, b"")?,
        entry("proc", DIRECTORY, (0, 0), b"")?,
        entry("init", PROGRAM, (0, 0), &init)?,
        entry(TRAILER, 0, (0, 0), b"")?,
    ];
    fs::write(path, archive.concat()).with_context(|| format!("cannot write {}", path.display()))
}

fn entry(name: &str, mode: u32, device: (u32, u32), data: &[u8]) -> Result<Vec<u8>> {
    let bytes = u32::try_from(data.len()).context("too large for an initramfs")?;
    let name_bytes = u32::try_from(name.len() + 1)?;
    let (major, minor) = device;
    // Number, mode, user, group, links, time, size, the device it is on, the
    // device it is, length of the name, check sum.
    let fields = [
        0, mode, 0, 0, 1, 0, bytes, 0, 0, major, minor, name_bytes, 0,
    ];
    let mut entry = b"070701".to_vec();
    for field in fields {
        entry.extend(format!("{field:08X}").bytes());
    }
    entry.extend(name.bytes());
    entry.push(0);
    pad(&mut entry);
    entry.extend(data);
    pad(&mut entry);
    Ok(entry)
}

/// Name and data end at multiples of four bytes.
fn pad(entry: &mut Vec<u8>) {
    entry.resize(entry.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_laid_out_as_the_kernel_reads_it() {
        let entry = entry("init", PROGRAM, (0, 0), b"abcde").unwrap();
        let head = "070701000000000000\
                    81ED0000000000000000000000010000000000000005\
                    00000000000000000000000000000000\
                    0000000500000000";
        assert_eq!(&entry[..110], head.as_bytes());
        assert_eq!(&entry[110..], b"init\0\0abcde\0\0\0");
    }
}
