// SPDX-License-Identifier: GPL-2.0

//! Ends of a call.
//!
//! No call ends twice.

use std::collections::BTreeSet;

use super::{
    super::history::{Event, Token},
    Invariant,
};

/// A caller is told the end of its call once.
#[derive(Default)]
pub struct AnsweredOnce {
    finished: BTreeSet<Token>,
}

impl Invariant for AnsweredOnce {
    fn name(&self) -> &'static str {
        "answered-once"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Finished(token, _) if !self.finished.insert(*token) => {
                Err(format!("call {token} ended twice"))
            }
            _ => Ok(()),
        }
    }
}
