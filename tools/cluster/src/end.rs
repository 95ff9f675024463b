// SPDX-License-Identifier: GPL-2.0

//! The end of this node.
//!
//! How a node ends is the business of its init, and a test must not end the machine it
//! runs on: who calls this crate brings that along ([`crate::Node::end`]).

use std::time::Duration;

/// What becomes of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays down, its processors stopped. Where a computer would keep its power, the
    /// process of the node ends.
    Halt,
    /// It stays down.
    Off,
    /// It is to come back.
    Restart,
}

/// What `reboot`, `poweroff` and `halt` ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// What becomes of the node.
    pub then: Then,
    /// The kernel ends at once, without init: no program is asked to end.
    pub at_once: bool,
    /// What programs wrote is written out first. Init does that in any case.
    pub sync: bool,
    /// How long to wait before all that.
    pub delay: Duration,
}
