// SPDX-License-Identifier: GPL-2.0

//! UP only behind the barrier.
//!
//! When a view becomes active anywhere, every living member has made the callbacks
//! of that view.

use super::{
    Invariant,
    Seen, //
};
use crate::clms::world::World;

/// Needs no memory: the lives know what they have made.
#[derive(Default)]
pub struct BarrierBeforeUp;

impl Invariant for BarrierBeforeUp {
    fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        let Seen::Updated { who, view } = seen else {
            return Ok(());
        };
        for life in world.nodes.values() {
            let is_member = life.instance.is_some_and(|instance| view.has(instance));
            if is_member && life.done < Some(view.epoch) {
                return Err(format!(
                    "barrier before up: {who} has active {view:?}, {:?} has done {:?}",
                    life.instance, life.done
                ));
            }
        }
        Ok(())
    }
}
