// SPDX-License-Identifier: GPL-2.0

//! Simulation of ICS.
//!
//! Nodes made of the machines in `ssi_core::ics`, with a driver like the kernel's
//! around them, over connections that break anywhere. Views, deaths and restarts
//! come from the world.

mod app;
mod client;
mod hash;
mod history;
mod invariants;
mod net;
mod node;
mod pair;
mod queue;
mod scenario;
mod server;
mod transfer;
mod world;

/// Runs one seed; an error says what went wrong.
pub fn run(seed: u64, verbose: bool) -> Result<(), String> {
    world::World::new(seed, verbose).run()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_seed_gives_the_same_run() {
        assert_eq!(super::run(7, false), super::run(7, false));
    }

    #[test]
    fn the_invariants_hold_for_some_seeds() {
        for seed in 1000..1010 {
            assert_eq!(super::run(seed, false), Ok(()), "seed {seed}");
        }
    }
}
