// SPDX-License-Identifier: GPL-2.0

//! Failures of commands.
//!
//! A command that becomes another has that one's exit status, so its own failures have the
//! numbers env(1) gives them.

use std::fmt::Display;

use libcluster::NotBegun;

/// Something was not done.
pub(crate) const STATUS_FAILURE: u8 = 1;

/// The words were wrong; of `clusternode_avail` also: it cannot be told.
pub(crate) const STATUS_USAGE: u8 = 2;

/// A command was not begun, or its status is not known.
pub(crate) const STATUS_NOT_BEGUN: u8 = 125;

/// It is there and cannot be run.
pub(crate) const STATUS_CANNOT_RUN: u8 = 126;

/// It is not there.
pub(crate) const STATUS_NOT_FOUND: u8 = 127;

/// Why a command failed: its exit status, and one line for the user.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) status: u8,
    pub(crate) words: String,
}

impl Failed {
    pub(crate) fn new(status: u8, words: impl Display) -> Self {
        let words = words.to_string();
        Self { status, words }
    }

    /// Before another command began.
    pub(crate) fn before(words: impl Display) -> Self {
        Self::new(STATUS_NOT_BEGUN, words)
    }
}

impl From<NotBegun> for Failed {
    fn from(why: NotBegun) -> Self {
        let status = match why {
            NotBegun::NotFound { .. } => STATUS_NOT_FOUND,
            NotBegun::CannotRun { .. } => STATUS_CANNOT_RUN,
            _ => STATUS_NOT_BEGUN,
        };
        Self::new(status, why)
    }
}
