// SPDX-License-Identifier: GPL-2.0

//! No healthy node is killed.
//!
//! The supervisor fences, and a node halts itself, only when a fault has touched
//! that node or one of its links. Crashes of others, lost heartbeats, naps shorter
//! than the timeout, resets and delays touch nobody.

use super::{
    Invariant,
    Seen, //
};
use crate::clms::world::World;

/// Needs no memory: the world knows what was touched.
#[derive(Default)]
pub struct NoHealthyKilled;

impl Invariant for NoHealthyKilled {
    fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Fenced { target, .. } if !world.is_touched(*target) => {
                Err(format!("no healthy node killed: {target} was fenced"))
            }
            Seen::Halted { who, why } if !world.is_touched(*who) => {
                Err(format!("no healthy node killed: {who} halted: {why}"))
            }
            Seen::Fenced { .. }
            | Seen::Halted { .. }
            | Seen::Installed { .. }
            | Seen::Updated { .. }
            | Seen::Transition { .. } => Ok(()),
        }
    }
}
