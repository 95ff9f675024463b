// SPDX-License-Identifier: GPL-2.0

//! Rest after faults.
//!
//! Once faults stop, everything comes to rest.
//!
//! No deadlock and no leak: all are members, all are linked, nothing waits and
//! nothing is kept.

use super::{super::history::Event, Invariant};

#[derive(Default)]
pub struct Liveness;

impl Invariant for Liveness {
    fn name(&self) -> &'static str {
        "liveness"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Over(rest) if !rest.waiting.is_empty() => Err(format!(
                "{} nodes live, {} things wait: {}",
                rest.living.len(),
                rest.waiting.len(),
                rest.waiting[..rest.waiting.len().min(5)].join("; ")
            )),
            _ => Ok(()),
        }
    }
}
