// SPDX-License-Identifier: GPL-2.0

//! Words for the node's log.
//!
//! Pid 1 inherits `/dev/console`, which is the node's log; `ssi log` shows it.

use std::io::Write as _;

/// Writes one line. A log that cannot be written stops nobody.
pub(crate) fn line(words: &str) {
    let _ = writeln!(std::io::stderr().lock(), "ssi-init: {words}");
}
