// SPDX-License-Identifier: GPL-2.0

//! Limits.
//!
//! No limit is passed.

use super::{super::history::Event, Invariant};

#[derive(Default)]
pub struct Bounded;

impl Invariant for Bounded {
    fn name(&self) -> &'static str {
        "bounded"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Gauge(me, gauge) if gauge.value > gauge.max => Err(format!(
                "{me}: {} {}, at most {}",
                gauge.value, gauge.what, gauge.max
            )),
            _ => Ok(()),
        }
    }
}
