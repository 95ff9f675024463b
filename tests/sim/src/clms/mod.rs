// SPDX-License-Identifier: GPL-2.0

//! Simulation of CLMS.
//!
//! Whole clusters of the membership machine and the supervisor's arbiter. A seed
//! decides size, faults and every delay; the invariants watch every view, every
//! transition and every death.

mod clock;
mod faults;
mod invariants;
mod life;
mod link;
mod report;
#[cfg(test)]
mod scenarios;
mod schedule;
mod world;

pub use report::report;

/// Runs one seed; an error says what went wrong.
pub fn run(seed: u64, verbose: bool) -> Result<(), String> {
    schedule::Schedule::of(seed).run(verbose)
}
