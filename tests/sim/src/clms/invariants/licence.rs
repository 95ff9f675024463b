// SPDX-License-Identifier: GPL-2.0

//! Only the larger side kills.
//!
//! Of the asker's view, less the lives the supervisor knows to be over, at least half
//! stand by the asker when it has somebody killed; those that stand by it have the
//! view too, or are about to, and the one to be killed is none of them. Counted
//! here from what the world knows, not by the code that decides.

use std::{
    collections::HashMap,
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
    Plea,
    Seen, //
};
use crate::clms::world::World;

/// The views there were.
#[derive(Default)]
pub struct HasLicence {
    views: HashMap<Epoch, Rc<View>>,
}

impl Invariant for HasLicence {
    fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Installed { view, .. } => {
                self.views.insert(view.epoch, view.clone());
                Ok(())
            }
            Seen::Fenced {
                target,
                asker,
                plea,
            } => self
                .judge(world, *target, *asker, plea.as_ref())
                .map_err(|why| format!("only the larger side kills: {asker} had {target}: {why}")),
            Seen::Halted { .. } | Seen::Updated { .. } | Seen::Transition { .. } => Ok(()),
        }
    }
}

impl HasLicence {
    fn judge(
        &self,
        world: &World,
        target: Instance,
        asker: Instance,
        plea: Option<&Plea>,
    ) -> Result<(), String> {
        let Some(Plea { view, side }) = plea else {
            return Err("nobody asked for it".into());
        };
        let installed = self.views.get(&view.epoch);
        if installed.is_none_or(|installed| installed.members() != view.members()) {
            return Err(format!("{view:?} was never installed"));
        }
        if !view.has(target) || !side.contains(asker.node) || side.contains(target.node) {
            return Err(format!("the side was {side} in {view:?}"));
        }
        let (mut by, mut against) = (0, 0);
        for member in NodeId::all().filter_map(|node| view.member(node)) {
            let is_over = world.is_reaped(member);
            by += usize::from(!is_over && side.contains(member.node));
            against += usize::from(!is_over && !side.contains(member.node));
        }
        if by < against {
            return Err(format!("{side} were {by} against {against} in {view:?}"));
        }
        Ok(())
    }
}
