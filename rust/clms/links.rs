// SPDX-License-Identifier: GPL-2.0

//! The machine's ears at ICS.
//!
//! Called on the reactor thread: everything becomes a letter and is left for the
//! machine's thread.

use kernel::prelude::*;
use ssi_core::ids::Instance;
use ssi_ics::Membership;

use crate::{
    driver,
    mailbox::Letter, //
};

/// The one listener.
pub(crate) struct Ears;

impl Membership for Ears {
    fn linked(&self, peer: Instance) {
        put(Letter::Linked(peer));
    }

    fn unlinked(&self, peer: Instance) {
        put(Letter::Unlinked(peer));
    }

    fn message(&self, from: Instance, body: &[u8]) {
        if let Some(body) = copy(body) {
            put(Letter::Message { from, body });
        }
    }

    fn beat(&self, from: Instance, body: &[u8]) {
        if let Some(body) = copy(body) {
            put(Letter::Beat { from, body });
        }
    }
}

fn put(letter: Letter) {
    if let Ok(driver) = driver::get() {
        driver.mailbox.put(letter);
    }
}

/// A copy of `body`, `None` without memory: as if the machine had not taken it in.
fn copy(body: &[u8]) -> Option<KVec<u8>> {
    let mut copy = KVec::new();
    copy.extend_from_slice(body, GFP_KERNEL).ok()?;
    Some(copy)
}
