// SPDX-License-Identifier: GPL-2.0

//! Copies that run.
//!
//! One at a time, and none that is behind.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::ids::Instance;

use super::{
    super::{history::Event, message::Pid},
    Invariant,
};

/// A process runs in one place, and goes on from where it stood still: never again from
/// a state that it has left behind, nor after it was ended.
#[derive(Default)]
pub struct OneCopy {
    running: BTreeMap<Pid, Instance>,
    steps: BTreeMap<Pid, u64>,
    ended: BTreeSet<Pid>,
}

impl Invariant for OneCopy {
    fn name(&self) -> &'static str {
        "one-copy"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Runs(pid, at, steps) => {
                if let Some(other) = self.running.insert(*pid, *at) {
                    return Err(format!("process {pid} runs on {other} and {at}"));
                }
                if self.ended.contains(pid) {
                    return Err(format!("process {pid} was ended and runs on {at}"));
                }
                let known = self.steps.get(pid).copied().unwrap_or(0);
                (*steps == known)
                    .then_some(())
                    .ok_or_else(|| format!("process {pid} goes on from {steps}, not {known}"))
            }
            Event::Ended(pid) => {
                self.ended.insert(*pid);
                Ok(())
            }
            Event::Stands(pid, steps) => {
                self.running.remove(pid);
                self.steps.insert(*pid, *steps);
                Ok(())
            }
            Event::Died(instance) => {
                self.running.retain(|_, at| at != instance);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
