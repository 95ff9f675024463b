// SPDX-License-Identifier: GPL-2.0

//! Tally of the memory that travelled.
//!
//! Numbers of this node since it booted, of all processes together, in pages: the file
//! `/proc/cluster/moved_memory`. See `Documentation/migrate.rst`.

use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use ssi_kapi::procfs::Show;

/// Pages that were fetched from here by another node.
pub(crate) static FETCHED: Count = Count::new();
/// Pages that need not have been, as they were zero.
pub(crate) static ZERO: Count = Count::new();
/// Pages that were sent ahead from here, as often as they were.
pub(crate) static AHEAD: Count = Count::new();
/// Pages that came ahead to here, and were still as they were when their process came.
pub(crate) static KEPT: Count = Count::new();
/// Rounds in which pages were sent ahead.
pub(crate) static ROUNDS: Count = Count::new();

/// One of the numbers. Any context.
pub(crate) struct Count(Atomic<u64>);

impl Count {
    const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Counts so many more.
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Makes the file. Call it once; may sleep.
///
/// # Errors
///
/// `ENODEV` without a cluster, `ENOMEM`.
pub(crate) fn add_file() -> Result {
    let folder = ssi_clms::folder().ok_or(ENODEV)?;
    folder.add::<Report>(c"moved_memory")
}

struct Report;

impl Show for Report {
    fn show(out: &SeqFile) {
        seq_print!(
            out,
            "fetched={} zero={} rounds={} ahead={} kept={}\n",
            FETCHED.get(),
            ZERO.get(),
            ROUNDS.get(),
            AHEAD.get(),
            KEPT.get(),
        );
    }
}
