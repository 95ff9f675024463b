// SPDX-License-Identifier: GPL-2.0

//! Simulation of moving processes.
//!
//! A herd of processes moves among nodes that die and come back: chains of moves, home and
//! away, many at once, with the machines of `ssi_core::migrate`. What there is of the kernel
//! around them is in [`source`], [`target`] and [`home`]; views, deaths and wishes come from
//! the [`world`].

mod history;
mod home;
mod invariants;
mod message;
mod node;
mod scenario;
mod source;
mod target;
mod world;

/// Runs one seed; an error says what went wrong.
pub fn run(seed: u64, verbose: bool) -> Result<(), String> {
    world::World::new(seed, verbose).run()
}

#[cfg(test)]
mod tests {
    use super::world::World;

    #[test]
    fn a_seed_gives_the_same_run() {
        assert_eq!(super::run(7, false), super::run(7, false));
    }

    #[test]
    fn processes_move_and_nodes_die() {
        let mut sum = [0; 4];
        for seed in 1..=20 {
            let mut world = World::new(seed, false);
            assert_eq!(world.run(), Ok(()), "seed {seed}");
            for (sum, count) in sum.iter_mut().zip(world.counts()) {
                *sum += count;
            }
        }
        let [moves, returns, deaths, signals] = sum;
        let is_much = moves > 1000 && returns > 100 && deaths > 20 && signals > 1000;
        assert!(is_much, "{sum:?}");
    }
}
