// SPDX-License-Identifier: GPL-2.0

//! Properties of a run.
//!
//! What a seed makes of it.

use crate::rng::Rng;

/// The properties of one run. Times are microseconds.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Number of nodes.
    pub nodes: u16,
    /// Number of processes.
    pub processes: u32,
    /// How long faults and wishes go on.
    pub duration: u64,
    /// Longest time of a message, and until it is served.
    pub delay: u64,
    pub service: u64,
    /// Longest time until a copy is made.
    pub making: u64,
    /// Copies that cannot be made, out of a thousand.
    pub fail_permille: u64,
    /// Answers that are lost, out of a thousand.
    pub lost_permille: u64,
    /// Mean times between wishes.
    pub move_every: u64,
    pub signal_every: u64,
    /// Mean times between faults; 0 for none.
    pub kill_every: u64,
    pub crash_every: u64,
    /// Longest time until a node knows of a death.
    pub view_spread: u64,
    /// Longest time until it lives again, when all know.
    pub restart: u64,
}

impl Scenario {
    pub fn draw(rng: &mut Rng) -> Self {
        let delay = *rng.pick(&[20, 200, 2_000, 20_000]).unwrap_or(&200);
        let processes = *rng.pick(&[1, 2, 5, 10, 20]).unwrap_or(&1);
        Self {
            nodes: rng.between(3, 8) as u16,
            processes,
            duration: 400_000,
            delay,
            service: *rng.pick(&[0, 100, 5_000]).unwrap_or(&0),
            making: *rng.pick(&[100, 2_000, 20_000]).unwrap_or(&100),
            fail_permille: *rng.pick(&[0, 50, 300]).unwrap_or(&0),
            lost_permille: *rng.pick(&[0, 0, 10, 100]).unwrap_or(&0),
            move_every: rng.between(500, 10_000) / u64::from(processes) + 50,
            signal_every: rng.between(100, 3_000),
            kill_every: *rng.pick(&[0, 20_000, 100_000]).unwrap_or(&0),
            crash_every: *rng.pick(&[0, 10_000, 30_000, 150_000]).unwrap_or(&0),
            view_spread: *rng.pick(&[500, 5_000, 50_000]).unwrap_or(&500),
            restart: rng.between(1_000, 50_000),
        }
    }
}
