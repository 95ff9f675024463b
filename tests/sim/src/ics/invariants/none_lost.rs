// SPDX-License-Identifier: GPL-2.0

//! Calls between the living.
//!
//! No call is lost while both live.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::{ics::call::Outcome, ids::Instance};

use super::{
    super::history::{Event, Token},
    Invariant,
};

/// Every call ends, and with "node down" only if its server died.
#[derive(Default)]
pub struct NoneLost {
    dead: BTreeSet<Instance>,
    /// Calls that have not ended, by client and server.
    open: BTreeMap<Token, (Instance, Instance)>,
}

impl Invariant for NoneLost {
    fn name(&self) -> &'static str {
        "none-lost"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Started(instance) if self.dead.contains(instance) => {
                Err(format!("{instance} lives twice"))
            }
            Event::Crashed(instance) => {
                self.dead.insert(*instance);
                // What it called concerns nobody any more.
                self.open.retain(|_, (from, _)| from != instance);
                Ok(())
            }
            Event::Made {
                token, from, to, ..
            } => {
                self.open.insert(*token, (*from, *to));
                Ok(())
            }
            Event::Finished(token, outcome) => {
                let Some((_, to)) = self.open.remove(token) else {
                    return Ok(());
                };
                let is_true = *outcome != Outcome::NodeDown || self.dead.contains(&to);
                is_true
                    .then_some(())
                    .ok_or_else(|| format!("call {token} ended, and {to} lives"))
            }
            Event::Over(_) => match self.open.first_key_value() {
                Some((token, (from, to))) => {
                    Err(format!("call {token} of {from} to {to} never ended"))
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
