// SPDX-License-Identifier: GPL-2.0

//! Bytes of transfers.
//!
//! Transfers bring the bytes that were sent.

use super::{super::history::Event, Invariant};

#[derive(Default)]
pub struct TransfersAreRight;

impl Invariant for TransfersAreRight {
    fn name(&self) -> &'static str {
        "transfers"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Transferred(token, false) => {
                Err(format!("call {token} got other bytes than were sent"))
            }
            _ => Ok(()),
        }
    }
}
