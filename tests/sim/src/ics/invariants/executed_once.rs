// SPDX-License-Identifier: GPL-2.0

//! Executions of a call.
//!
//! No call is executed twice.

use std::collections::BTreeSet;

use super::{
    super::history::{Event, Token},
    Invariant,
};

/// The handler of a call is called at most once, however often its request was
/// sent and issued.
#[derive(Default)]
pub struct ExecutedOnce {
    executed: BTreeSet<Token>,
    answered: BTreeSet<Token>,
}

impl Invariant for ExecutedOnce {
    fn name(&self) -> &'static str {
        "executed-once"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Executed { token, .. } if !self.executed.insert(*token) => {
                Err(format!("call {token} was executed twice"))
            }
            Event::Answered(token) if !self.executed.contains(token) => {
                Err(format!("call {token} was answered without a handler"))
            }
            Event::Answered(token) if !self.answered.insert(*token) => {
                Err(format!("call {token} was answered twice"))
            }
            _ => Ok(()),
        }
    }
}
