// SPDX-License-Identifier: GPL-2.0

//! Faults between honest nodes.
//!
//! Honest nodes find no fault with each other.
//!
//! Whatever breaks, a node that keeps to the protocol is never taken for one that
//! does not, and no stranger for a node. Only who overdraws its credit is told
//! that the server is busy.

use std::collections::BTreeSet;

use ssi_core::{
    ics::{call::Outcome, hello::Reason, payload::Status},
    ids::Instance,
};

use super::{
    super::history::{Event, Token},
    Invariant,
};

#[derive(Default)]
pub struct NoFaults {
    /// Calls of nodes that keep to their credit.
    honest: BTreeSet<Token>,
    cheaters: BTreeSet<Instance>,
    has_strangers: bool,
}

impl Invariant for NoFaults {
    fn name(&self) -> &'static str {
        "honest-faults"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Fault(me, other, why) => Err(format!("{me} resets {other}: {why}")),
            Event::Stranger => {
                self.has_strangers = true;
                Ok(())
            }
            Event::Refused(me, reason) => {
                let is_usual = matches!(reason, Reason::OldIncarnation | Reason::NotLinked);
                (is_usual || self.has_strangers)
                    .then_some(())
                    .ok_or_else(|| format!("{me} refuses an honest node: {reason}"))
            }
            Event::Cheats(me) => {
                self.cheaters.insert(*me);
                Ok(())
            }
            Event::Made { token, from, .. } => {
                if !self.cheaters.contains(from) {
                    self.honest.insert(*token);
                }
                Ok(())
            }
            Event::Finished(token, Outcome::Replied(Status::Busy))
                if self.honest.contains(token) =>
            {
                Err(format!("call {token} had credit, and its server was busy"))
            }
            _ => Ok(()),
        }
    }
}
