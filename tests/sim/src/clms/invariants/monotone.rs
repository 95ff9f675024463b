// SPDX-License-Identifier: GPL-2.0

//! Numbers only grow.
//!
//! A life installs rising epochs; the first view of a cluster founded anew is
//! above all there were before, and so are its transitions; a node comes back with
//! a higher incarnation.

use std::collections::HashMap;

use ssi_core::{
    clms::transition::TransId,
    ids::{
        Epoch,
        Incarnation,
        Instance,
        NodeId, //
    },
};

use super::{
    Invariant,
    Seen, //
};
use crate::clms::world::World;

/// The highest numbers seen.
#[derive(Default)]
pub struct Monotone {
    epochs: HashMap<Instance, Epoch>,
    lives: HashMap<NodeId, Incarnation>,
    highest: Epoch,
    last: TransId,
}

impl Invariant for Monotone {
    fn observe(&mut self, _world: &World, seen: &Seen) -> Result<(), String> {
        if let Seen::Transition { transition, .. } = seen {
            self.last = self.last.max(transition.id);
        }
        let Seen::Installed { who, view, .. } = seen else {
            return Ok(());
        };
        let is_alone = view.members().len() == 1 && !self.epochs.contains_key(who);
        if is_alone && view.epoch <= self.highest {
            return Err(format!(
                "monotone: {who} founds {view:?}, there was epoch {}",
                self.highest
            ));
        }
        self.highest = self.highest.max(view.epoch);
        let before = self.epochs.insert(*who, view.epoch).unwrap_or_default();
        if before >= view.epoch {
            return Err(format!(
                "monotone: {who} goes from {before} to {}",
                view.epoch
            ));
        }
        let life = self.lives.entry(who.node).or_default();
        if *life > who.incarnation {
            return Err(format!("monotone: {who} installs after {life}"));
        }
        *life = who.incarnation;
        Ok(())
    }
}
