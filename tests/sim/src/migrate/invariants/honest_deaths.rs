// SPDX-License-Identifier: GPL-2.0

//! Deaths of processes.
//!
//! Each has a cause.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::ids::Instance;

use super::{
    super::{history::Event, message::Pid},
    Invariant,
};

/// A process is gone only if somebody ended it or its copy, or one of the nodes died that had
/// a part in where it is: both ends of its last move, or its home if it never moved.
#[derive(Default)]
pub struct HonestDeaths {
    parts: BTreeMap<Pid, BTreeSet<Instance>>,
    running: BTreeMap<Pid, Instance>,
    ended: BTreeSet<Pid>,
    dead: BTreeSet<Instance>,
}

impl HonestDeaths {
    fn check_one(&self, pid: Pid) -> Result<(), String> {
        let parts = self.parts.get(&pid);
        let has_cause =
            self.ended.contains(&pid) || parts.is_some_and(|parts| !parts.is_disjoint(&self.dead));
        has_cause
            .then_some(())
            .ok_or_else(|| format!("process {pid} is gone without a cause"))
    }
}

impl Invariant for HonestDeaths {
    fn name(&self) -> &'static str {
        "honest-deaths"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Born(pid, home) => {
                self.parts.insert(*pid, BTreeSet::from([*home]));
            }
            Event::SetsOut(pid, from, to) => {
                self.parts.insert(*pid, BTreeSet::from([*from, *to]));
            }
            Event::Runs(pid, at, _) => {
                self.running.insert(*pid, *at);
            }
            Event::Stands(pid, _) => {
                self.running.remove(pid);
            }
            Event::Ended(pid) | Event::CopyEnded(pid) => {
                self.ended.insert(*pid);
            }
            Event::Died(instance) => {
                self.running.retain(|_, at| at != instance);
                self.dead.insert(*instance);
            }
            Event::Told(pid) => return self.check_one(*pid),
            Event::Over(_) => {
                let mut gone = self
                    .parts
                    .keys()
                    .filter(|pid| !self.running.contains_key(pid));
                return gone.try_for_each(|&pid| self.check_one(pid));
            }
            _ => (),
        }
        Ok(())
    }
}
