// SPDX-License-Identifier: GPL-2.0

//! File that another node uses.

use core::ops::Deref;

use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};
use ssi_kapi::file_home::{
    HomeFile,
    OVER, //
};

/// A file of this node as one other uses it.
pub(crate) struct Exported {
    file: HomeFile,
    /// The other node waits for news.
    is_awaited: Atomic<bool>,
}

impl Exported {
    /// Nobody waits for it.
    pub(crate) fn new(file: HomeFile) -> Self {
        Self {
            file,
            is_awaited: Atomic::new(false),
        }
    }

    /// What poll(2) says now; when one of `events` happens, the other node is told. May
    /// sleep.
    pub(crate) fn poll_and_tell(&self, events: u32) -> u32 {
        self.is_awaited.store(true, Relaxed);
        self.file.arm(events)
    }

    /// Whether one of `events` has happened, or nothing will; if not, the other node is
    /// told when it does. May sleep.
    pub(crate) fn tell_when(&self, events: u32) -> bool {
        self.poll_and_tell(events) & (events | OVER) != 0
    }

    /// As [`tell_when`](Self::tell_when); who [waits](crate::waiting) here is told.
    pub(crate) fn go_on_when(&self, events: u32) -> bool {
        self.file.arm(events) & (events | OVER) != 0
    }

    /// Whether the other node is to be told now: once each time.
    pub(crate) fn takes_news(&self) -> bool {
        self.is_awaited.load(Relaxed) && self.is_awaited.xchg(false, Relaxed)
    }
}

impl Deref for Exported {
    type Target = HomeFile;

    fn deref(&self) -> &HomeFile {
        &self.file
    }
}
