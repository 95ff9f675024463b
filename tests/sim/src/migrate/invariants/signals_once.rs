// SPDX-License-Identifier: GPL-2.0

//! Signals for processes that move.
//!
//! Each arrives once.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::ids::Instance;

use super::{
    super::{
        history::Event,
        message::{Pid, Signal},
    },
    Invariant,
};

/// No signal is acted on twice; none is lost of a process that runs in the end and whose
/// home lives; and they come in their order to those that did not go home meanwhile.
#[derive(Default)]
pub struct SignalsOnce {
    homes: BTreeMap<Pid, Instance>,
    running: BTreeMap<Pid, Instance>,
    returned: BTreeSet<Pid>,
    sent: BTreeMap<Pid, Vec<Signal>>,
    took: BTreeMap<Pid, Vec<Signal>>,
}

impl SignalsOnce {
    fn check_end(&self) -> Result<(), String> {
        for pid in self.homes.keys() {
            if !self.running.contains_key(pid) {
                continue;
            }
            let sent = self.sent.get(pid).cloned().unwrap_or_default();
            let mut took = self.took.get(pid).cloned().unwrap_or_default();
            if self.returned.contains(pid) {
                took.sort_unstable();
            }
            if sent != took {
                return Err(format!("process {pid} was sent {sent:?}, got {took:?}"));
            }
        }
        Ok(())
    }
}

impl Invariant for SignalsOnce {
    fn name(&self) -> &'static str {
        "signals-once"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Born(pid, home) => {
                self.homes.insert(*pid, *home);
            }
            Event::Runs(pid, at, _) => {
                self.running.insert(*pid, *at);
            }
            Event::Stands(pid, _) => {
                self.running.remove(pid);
            }
            Event::Died(instance) => {
                self.running.retain(|_, at| at != instance);
                self.homes.retain(|_, home| home != instance);
            }
            Event::Returned(pid) => {
                self.returned.insert(*pid);
            }
            Event::Sent(pid, signal) => self.sent.entry(*pid).or_default().push(*signal),
            Event::Took(pid, signal) => {
                let took = self.took.entry(*pid).or_default();
                if took.contains(signal) {
                    return Err(format!("process {pid} got signal {signal} twice"));
                }
                took.push(*signal);
            }
            Event::Over(_) => return self.check_end(),
            _ => (),
        }
        Ok(())
    }
}
