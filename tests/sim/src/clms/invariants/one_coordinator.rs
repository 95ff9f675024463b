// SPDX-License-Identifier: GPL-2.0

//! One coordinator per epoch.
//!
//! No two living nodes install the same epoch as its leader.

use std::collections::HashMap;

use ssi_core::{
    clms::machine::Role,
    ids::{
        Epoch,
        Instance, //
    },
};

use super::{
    Invariant,
    Seen, //
};
use crate::clms::world::World;

/// Who installed an epoch while leading.
#[derive(Default)]
pub struct OneCoordinator(HashMap<Epoch, Instance>);

impl Invariant for OneCoordinator {
    fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        let Seen::Installed { who, role, view } = seen else {
            return Ok(());
        };
        if *role != Role::Leader {
            return Ok(());
        }
        match self.0.insert(view.epoch, *who) {
            Some(other) if other != *who && world.lives(other) => Err(format!(
                "one coordinator: {other} and {who} both led into epoch {}",
                view.epoch
            )),
            _ => Ok(()),
        }
    }
}
