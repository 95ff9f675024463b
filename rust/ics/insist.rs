// SPDX-License-Identifier: GPL-2.0

//! Calls that must be made.
//!
//! Of some messages others wait for the effect without end: those are made again as long
//! as only memory or room is missing.

use ssi_core::{
    ics::payload::Status,
    ids::NodeId, //
};
use ssi_kapi::thread;

use crate::{
    call::{
        send,
        Ask, //
    },
    fault::CallError, //
};

/// Time between two tries, in microseconds.
const PAUSE_MICROS: u64 = 10_000;

/// Has `act` make a call until there is memory and room for it. May sleep, until the node
/// that has no room is fenced.
///
/// # Errors
///
/// Any other [`CallError`].
pub fn insist<R>(
    act: impl Fn() -> core::result::Result<R, CallError>,
) -> core::result::Result<R, CallError> {
    loop {
        match act() {
            Err(
                CallError::NoMemory
                | CallError::WouldBlock
                | CallError::Refused(Status::NoMemory | Status::Busy),
            ) => thread::sleep(PAUSE_MICROS),
            outcome => return outcome,
        }
    }
}

/// [Sends](send) `ask` to `node` for certain, unless that is gone, which then need not know.
/// May sleep as [`insist`].
pub fn tell(node: NodeId, ask: &Ask<'_>) {
    let _ = insist(|| send(node, ask));
}
