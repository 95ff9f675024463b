// SPDX-License-Identifier: GPL-2.0

//! Parents that are told.
//!
//! Once, and only of what is gone.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::ids::{Instance, NodeId};

use super::{
    super::{history::Event, message::Pid},
    Invariant,
};

/// While home lives, the parent is told of a death once, and never of a process that runs;
/// in the end each process runs where home believes it, or its parent was told.
#[derive(Default)]
pub struct ToldOnce {
    homes: BTreeMap<Pid, Instance>,
    running: BTreeMap<Pid, Instance>,
    told: BTreeSet<Pid>,
}

impl ToldOnce {
    fn check_end(&self, records: &[(Pid, NodeId)]) -> Result<(), String> {
        let records: BTreeMap<_, _> = records.iter().copied().collect();
        for (pid, home) in &self.homes {
            let at = self.running.get(pid).map(|at| at.node);
            let believed = records.get(pid).copied().unwrap_or(home.node);
            let is_right = match at {
                Some(at) => at == believed,
                None => self.told.contains(pid) && !records.contains_key(pid),
            };
            if !is_right {
                return Err(format!(
                    "process {pid} runs on {at:?}, home believes {believed}"
                ));
            }
        }
        Ok(())
    }
}

impl Invariant for ToldOnce {
    fn name(&self) -> &'static str {
        "told-once"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Born(pid, home) => {
                self.homes.insert(*pid, *home);
            }
            Event::Runs(pid, at, _) => {
                self.running.insert(*pid, *at);
                if self.told.contains(pid) {
                    return Err(format!("process {pid} runs after its parent was told"));
                }
            }
            Event::Stands(pid, _) => {
                self.running.remove(pid);
            }
            Event::Died(instance) => {
                self.running.retain(|_, at| at != instance);
                // Nobody is left to be told.
                self.homes.retain(|_, home| home != instance);
            }
            Event::Told(pid) if self.running.contains_key(pid) => {
                return Err(format!("process {pid} runs, and its parent is told"));
            }
            Event::Told(pid) if !self.told.insert(*pid) => {
                return Err(format!("the parent of process {pid} is told twice"));
            }
            Event::Over(rest) => return self.check_end(&rest.records),
            _ => (),
        }
        Ok(())
    }
}
