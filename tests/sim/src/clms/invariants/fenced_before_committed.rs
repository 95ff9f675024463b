// SPDX-License-Identifier: GPL-2.0

//! Fenced before committed.
//!
//! When anybody installs a view, every life the view before had and this one has
//! not is dead. A cluster founded anew follows one whose members are all dead but
//! those that were never told of their admission: they have installed nothing.

use std::{
    collections::{
        HashMap,
        HashSet, //
    },
    rc::Rc, //
};

use ssi_core::{
    ids::{
        Epoch,
        Instance,
        NodeId, //
    },
    view::View,
};

use super::{
    Invariant,
    Seen, //
};
use crate::clms::world::World;

/// The views there were.
#[derive(Default)]
pub struct FencedBeforeCommitted {
    views: HashMap<Epoch, Rc<View>>,
    told: HashSet<Instance>,
}

impl Invariant for FencedBeforeCommitted {
    fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        let Seen::Installed { who, view, .. } = seen else {
            return Ok(());
        };
        let is_first = self.told.insert(*who);
        self.views.insert(view.epoch, view.clone());
        let Some(before) = view
            .epoch
            .0
            .checked_sub(1)
            .and_then(|e| self.views.get(&Epoch(e)))
        else {
            return Ok(());
        };
        let is_founding = is_first && view.members().len() == 1;
        for member in NodeId::all().filter_map(|node| before.member(node)) {
            let is_excused = is_founding && !self.told.contains(&member);
            if !view.has(member) && world.lives(member) && !is_excused {
                return Err(format!(
                    "fenced before committed: {member} lives, and {who} has {view:?} without it"
                ));
            }
        }
        Ok(())
    }
}
