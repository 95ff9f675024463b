// SPDX-License-Identifier: GPL-2.0

//! Same view for the same epoch.
//!
//! Whoever installs an epoch, dead by now or not, has installed the same view, and
//! what became of it when it was active is the same too.

use std::{
    collections::HashMap,
    rc::Rc, //
};

use ssi_core::{
    ids::Epoch,
    view::View, //
};

use super::{
    Invariant,
    Seen, //
};
use crate::clms::world::World;

/// The first view of each epoch, as installed and as active.
#[derive(Default)]
pub struct SameView {
    installed: HashMap<Epoch, Rc<View>>,
    active: HashMap<Epoch, Rc<View>>,
}

impl Invariant for SameView {
    fn observe(&mut self, _world: &World, seen: &Seen) -> Result<(), String> {
        let (views, who, view) = match seen {
            Seen::Installed { who, view, .. } => (&mut self.installed, who, view),
            Seen::Updated { who, view } => (&mut self.active, who, view),
            Seen::Transition { .. } | Seen::Fenced { .. } | Seen::Halted { .. } => return Ok(()),
        };
        let first = views.entry(view.epoch).or_insert_with(|| view.clone());
        if **first != **view {
            return Err(format!(
                "same view: {who} has another {view:?} than {first:?}"
            ));
        }
        Ok(())
    }
}
