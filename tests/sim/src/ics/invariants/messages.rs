// SPDX-License-Identifier: GPL-2.0

//! Order of membership messages.
//!
//! Messages of the membership arrive once and in order.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::ids::Instance;

use super::{super::history::Event, Invariant};

/// None is missing, once all has come to rest, if both live.
#[derive(Default)]
pub struct MessagesInOrder {
    sent: BTreeMap<(Instance, Instance), u64>,
    delivered: BTreeMap<(Instance, Instance), u64>,
    dead: BTreeSet<Instance>,
}

impl Invariant for MessagesInOrder {
    fn name(&self) -> &'static str {
        "messages"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Crashed(instance) => {
                self.dead.insert(*instance);
                Ok(())
            }
            Event::MessageSent(from, to, number) => {
                self.sent.insert((*from, *to), *number);
                Ok(())
            }
            Event::MessageDelivered(from, to, number) => {
                let before = self.delivered.insert((*from, *to), *number).unwrap_or(0);
                (*number == before + 1)
                    .then_some(())
                    .ok_or_else(|| format!("{to} got message {number} of {from} after {before}"))
            }
            Event::Over(_) => self.missing(),
            _ => Ok(()),
        }
    }
}

impl MessagesInOrder {
    fn missing(&self) -> Result<(), String> {
        for ((from, to), sent) in &self.sent {
            let delivered = self.delivered.get(&(*from, *to)).copied().unwrap_or(0);
            let both_live = !self.dead.contains(from) && !self.dead.contains(to);
            if both_live && delivered != *sent {
                return Err(format!("{to} got {delivered} of {sent} messages of {from}"));
            }
        }
        Ok(())
    }
}
