// SPDX-License-Identifier: GPL-2.0

//! Same history everywhere.
//!
//! A number stands for one transition on all nodes that ever recorded it, and a
//! node records them without gaps, also after what it was given when it joined.

use std::collections::HashMap;

use ssi_core::{
    clms::transition::{
        TransId,
        Transition, //
    },
    ids::Instance,
};

use super::{
    Invariant,
    Seen, //
};
use crate::clms::world::World;

/// What was recorded.
#[derive(Default)]
pub struct SameHistory {
    all: HashMap<TransId, Transition>,
    last: HashMap<Instance, TransId>,
}

impl SameHistory {
    fn compare(&mut self, who: Instance, transition: &Transition) -> Result<(), String> {
        let first = self.all.entry(transition.id).or_insert(*transition);
        if first != transition {
            return Err(format!(
                "same history: {who} has {transition:?}, another {first:?}"
            ));
        }
        Ok(())
    }
}

impl Invariant for SameHistory {
    fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Installed { who, .. } if !self.last.contains_key(who) => {
                // Its first view: what it was given must be what the others have.
                let Some(life) = world.nodes.get(&who.node) else {
                    return Ok(());
                };
                for transition in life.history.since(TransId(0)) {
                    self.compare(*who, transition)?;
                }
                self.last.insert(*who, life.history.last_id());
                Ok(())
            }
            Seen::Transition { who, transition } => {
                self.compare(*who, transition)?;
                let last = self.last.insert(*who, transition.id);
                match last {
                    // A founder's first ones were compared with its first view.
                    Some(last) if transition.id > last && transition.id != last.next() => {
                        Err(format!("same history: {who} has a gap behind {last}"))
                    }
                    _ => Ok(()),
                }
            }
            Seen::Installed { .. }
            | Seen::Updated { .. }
            | Seen::Fenced { .. }
            | Seen::Halted { .. } => Ok(()),
        }
    }
}
