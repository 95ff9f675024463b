// SPDX-License-Identifier: GPL-2.0

//! Truth of a call's end.
//!
//! The end of a call tells the truth.
//!
//! "Cancelled" means that the handler was never called, so a caller may try again
//! elsewhere; an answer means that it was called and answered. So for every other
//! status, whether somebody cancelled or not.

use std::collections::BTreeSet;

use ssi_core::ics::{call::Outcome, payload::Status};

use super::{
    super::history::{Event, Token},
    Invariant,
};

#[derive(Default)]
pub struct CancelFinal {
    cancelled: BTreeSet<Token>,
    executed: BTreeSet<Token>,
    answered: BTreeSet<Token>,
    /// Ended without having been executed: must stay so.
    ended: BTreeSet<Token>,
}

impl CancelFinal {
    fn finished(&mut self, token: Token, outcome: Outcome) -> Result<(), String> {
        let was_executed = self.executed.contains(&token);
        let fits = match outcome {
            Outcome::NodeDown => true,
            Outcome::Cancelled => !was_executed && self.cancelled.contains(&token),
            Outcome::Replied(status) => match status {
                Status::Answered | Status::Abandoned => self.answered.contains(&token),
                // At the client: what its server did stands.
                Status::NoMemory => true,
                Status::Stale => false,
                Status::Busy
                | Status::NoService
                | Status::NoVersion
                | Status::NoOperation
                | Status::BadArguments
                | Status::Cancelled => !was_executed,
            },
        };
        if !was_executed && !matches!(outcome, Outcome::NodeDown) {
            self.ended.insert(token);
        }
        fits.then_some(())
            .ok_or_else(|| format!("call {token} ended with {outcome:?}, executed: {was_executed}"))
    }
}

impl Invariant for CancelFinal {
    fn name(&self) -> &'static str {
        "cancel-final"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Cancelled(token) => {
                self.cancelled.insert(*token);
                Ok(())
            }
            Event::Executed { token, .. } => {
                self.executed.insert(*token);
                let is_late = self.ended.contains(token);
                (!is_late)
                    .then_some(())
                    .ok_or_else(|| format!("call {token} was executed after its end"))
            }
            Event::Answered(token) => {
                self.answered.insert(*token);
                Ok(())
            }
            Event::Finished(token, outcome) => self.finished(*token, *outcome),
            _ => Ok(()),
        }
    }
}
