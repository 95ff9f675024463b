// SPDX-License-Identifier: GPL-2.0

//! Levels of nested calls.
//!
//! The level rises with every nested call.

use super::{super::history::Event, Invariant};

#[derive(Default)]
pub struct LevelsRise;

impl Invariant for LevelsRise {
    fn name(&self) -> &'static str {
        "levels"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Made {
                token,
                level,
                serving,
                ..
            } => {
                let expected = serving.map_or(0, |serving| serving.get() + 1);
                (level.get() == expected).then_some(()).ok_or_else(|| {
                    format!("call {token} has level {}, not {expected}", level.get())
                })
            }
            _ => Ok(()),
        }
    }
}
