// SPDX-License-Identifier: GPL-2.0

//! What is left in the end.
//!
//! Nothing that waits.

use super::{super::history::Event, Invariant};

/// When nothing happens any more, no living node has a copy that is held, a process that
/// waits for a decision, a signal that was not sent on, or a call.
#[derive(Default)]
pub struct NothingLeft;

impl Invariant for NothingLeft {
    fn name(&self) -> &'static str {
        "nothing-left"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Over(rest) => match rest.waiting.first() {
                Some(first) => Err(first.clone()),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
