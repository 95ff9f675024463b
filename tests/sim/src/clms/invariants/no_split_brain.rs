// SPDX-License-Identifier: GPL-2.0

//! No split brain.
//!
//! When a node installs a view, every living node that is a member of any view is
//! a member of this one, in the life it lives; and no two of them are more than
//! one step apart. So there are never two sets of living nodes that go on without
//! each other.

use super::{
    Invariant,
    Seen, //
};
use crate::clms::world::World;

/// Needs no memory: it looks at the living.
#[derive(Default)]
pub struct NoSplitBrain;

impl Invariant for NoSplitBrain {
    fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        let Seen::Installed { who, view, .. } = seen else {
            return Ok(());
        };
        let steps = world.nodes[&who.node].machine.steps();
        for (life, other) in world
            .nodes
            .values()
            .filter_map(|life| Some((life, life.instance?)))
        {
            let theirs = life.machine.steps();
            if theirs.0 == 0 {
                continue;
            }
            if !view.has(other) {
                return Err(format!(
                    "no split brain: {who} installs {view:?}, {other} lives in {:?}",
                    life.machine.view()
                ));
            }
            if theirs.0.abs_diff(steps.0) > 1 {
                return Err(format!(
                    "no split brain: {who} is at {steps:?}, {other} at {theirs:?}"
                ));
            }
        }
        Ok(())
    }
}
