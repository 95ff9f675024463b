// SPDX-License-Identifier: GPL-2.0

//! Every target under random inputs.
//!
//! What libFuzzer does with patience, on a stable compiler and for a fixed number
//! of inputs: `FUZZ_RUNS` for each target, else [`RUNS`]. The inputs follow from
//! `FUZZ_SEED`, so that a failure comes again; its input is in the message.

use std::panic::catch_unwind;

use ssi_fuzz::{corpus, TARGETS};

/// Inputs of each target.
const RUNS: u64 = 20_000;
/// Longest random input.
const BYTES_MAX: u64 = 400;

#[test]
fn no_target_finds_anything() {
    let runs = from_environment("FUZZ_RUNS", RUNS);
    let seed = from_environment("FUZZ_SEED", 1);
    let corpus = corpus();
    for input in &corpus {
        run_all(input);
        for len in 0..input.len() {
            run_all(&input[..len]);
        }
    }
    let mut chance = Chance(seed);
    for _ in 0..runs {
        run_all(&chance.input(&corpus));
    }
}

fn run_all(input: &[u8]) {
    for (name, target) in TARGETS {
        let outcome = catch_unwind(|| target(input));
        assert!(outcome.is_ok(), "{name} fails on {input:02x?}");
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().expect("a number"))
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    /// Random bytes, or something known with a few bytes changed.
    fn input(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        if self.below(2) == 0 {
            let len = self.below(BYTES_MAX);
            return (0..len).map(|_| self.below(256) as u8).collect();
        }
        let mut input = corpus[self.below(corpus.len() as u64) as usize].clone();
        for _ in 0..=self.below(4) {
            let place = self.below(input.len() as u64) as usize;
            match self.below(4) {
                0 => input[place] = self.below(256) as u8,
                1 => input[place] ^= 1 << self.below(8),
                2 => input.truncate(place.max(1)),
                _ => input.insert(place, self.below(256) as u8),
            }
        }
        input
    }
}
