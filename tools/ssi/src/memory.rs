// SPDX-License-Identifier: GPL-2.0

//! Amounts of memory.
//!
//! Reads what `--mem` is given, and tells before a start whether the host has
//! enough: a host that runs out kills some process of its own choice.

use std::{
    env,
    fs,
    path::PathBuf, //
};

use anyhow::{
    bail,
    Result, //
};
use rustix::fs::Access;

use crate::{
    limits::NODE_OVERHEAD_MIB,
    plan::Plan, //
};

/// Reads an amount such as `128M`, `1G` or `131072K`; a bare number is MiB.
///
/// # Errors
///
/// What an amount looks like.
pub(crate) fn parse_mib(text: &str) -> std::result::Result<u64, String> {
    let wrong = || format!("'{text}' is not an amount of memory such as 128M or 1G");
    let (digits, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "M"),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let mib = match unit {
        "k" | "K" => Some(number / 1024),
        "m" | "M" => Some(number),
        "g" | "G" => number.checked_mul(1024),
        _ => None,
    };
    mib.ok_or_else(wrong)
}

/// What to tell the user before a start that may exceed the host, if anything.
pub(crate) fn warnings(plan: &Plan) -> Vec<String> {
    let needed_mib = (plan.memory_mib + NODE_OVERHEAD_MIB) * u64::from(plan.nodes);
    let host = available_mib().and_then(|free| host_warning(needed_mib, free));
    let dir = memory_dir();
    let room = room_mib(&dir).and_then(|free| room_warning(needed_mib, free, &dir));
    host.into_iter().chain(room).collect()
}

/// Checks that UML can keep the memory of nodes where it will.
///
/// # Errors
///
/// It cannot: what to set.
pub(crate) fn check_dir() -> Result<()> {
    let dir = memory_dir();
    let usable = dir.is_dir() && rustix::fs::access(&dir, Access::WRITE_OK).is_ok();
    if !usable {
        bail!(
            "cannot keep the memory of nodes in {}: set TMPDIR to a tmpfs you can write to",
            dir.display()
        );
    }
    Ok(())
}

/// The directory in which UML keeps the memory of a node, by UML's own rules.
fn memory_dir() -> PathBuf {
    ["TMPDIR", "TMP", "TEMP"]
        .iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty())
        .map_or_else(shared_memory_dir, PathBuf::from)
}

/// Without a tmpfs there, UML falls back to a plain directory.
fn shared_memory_dir() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    match shared.is_dir() {
        true => shared,
        false => PathBuf::from("/tmp"),
    }
}

fn host_warning(needed_mib: u64, free_mib: u64) -> Option<String> {
    (needed_mib > free_mib).then(|| {
        format!(
            "the nodes may use {needed_mib} MiB and the host has {free_mib} MiB available: \
             if they do, it kills processes; consider fewer nodes or a smaller --mem"
        )
    })
}

fn room_warning(needed_mib: u64, free_mib: u64, dir: &std::path::Path) -> Option<String> {
    (needed_mib > free_mib).then(|| {
        format!(
            "the memory of the nodes lies in {dir} with {free_mib} MiB free and may grow to \
             {needed_mib} MiB: nodes die when it is full; set TMPDIR to a larger tmpfs",
            dir = dir.display()
        )
    })
}

fn available_mib() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024)
}

fn room_mib(dir: &std::path::Path) -> Option<u64> {
    // A file system that does not count its blocks has no end.
    let found = rustix::fs::statvfs(dir)
        .ok()
        .filter(|found| found.f_blocks > 0)?;
    Some(found.f_bavail.saturating_mul(found.f_frsize) >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        for (text, mib) in [
            ("128M", 128),
            ("128m", 128),
            ("64", 64),
            ("2G", 2048),
            ("65536K", 64),
        ] {
            assert_eq!(parse_mib(text), Ok(mib), "{text}");
        }
        for text in [
            "",
            "M",
            "1T",
            "-1M",
            "1.5G",
            "128 M",
            "99999999999999999999G",
        ] {
            assert!(parse_mib(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_host_that_is_too_small_is_warned_about() {
        assert_eq!(host_warning(400, 400), None);
        assert!(host_warning(401, 400).unwrap().contains("401 MiB"));
        assert!(available_mib().unwrap() > 0);
    }
}
