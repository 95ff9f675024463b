// SPDX-License-Identifier: GPL-2.0

//! Calls to the dead.
//!
//! The death of a node ends every call to it.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::ids::Instance;

use super::{
    super::history::{Event, Token},
    Invariant,
};

/// Once a node knows of a death, it has no call to the dead that is open, and no
/// connection of the dead comes back.
#[derive(Default)]
pub struct DeathCompletes {
    open: BTreeMap<Token, (Instance, Instance)>,
    known: BTreeSet<(Instance, Instance)>,
}

impl Invariant for DeathCompletes {
    fn name(&self) -> &'static str {
        "death-completes"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Made {
                token, from, to, ..
            } => {
                self.open.insert(*token, (*from, *to));
                Ok(())
            }
            Event::Finished(token, _) => {
                self.open.remove(token);
                Ok(())
            }
            Event::Linked(me, peer) if self.known.contains(&(*me, *peer)) => {
                Err(format!("{me} is linked to {peer}, which it knows is dead"))
            }
            Event::Down(me, dead) => {
                self.known.insert((*me, *dead));
                let left = self.open.iter().find(|(_, ends)| **ends == (*me, *dead));
                left.map_or(Ok(()), |(token, _)| {
                    Err(format!(
                        "{me} knows that {dead} is dead, and call {token} is open"
                    ))
                })
            }
            _ => Ok(()),
        }
    }
}
