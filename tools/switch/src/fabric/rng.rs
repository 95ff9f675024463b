// SPDX-License-Identifier: GPL-2.0

//! Chance that can be repeated.
//!
//! SplitMix64: one addition and one mix per number. Each direction of each
//! pair of ports draws from a stream of its own, so that the fate of a pair's
//! frames does not depend on what other nodes happened to send in between.

use crate::{
    fault::{
        Ppm,
        PPM_MAX, //
    },
    port::PortId,
};

/// Step of the counter: the golden ratio in 64 bits.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of the pair `from`, `to` after change number `change`.
    pub(crate) fn new(seed: u64, from: PortId, to: PortId, change: u64) -> Self {
        let pair = (u64::from(from.get()) << 8) | u64::from(to.get());
        Self(mix(mix(mix(seed) ^ pair) ^ change))
    }

    /// Draws whether a frame belongs to `share`.
    pub(crate) fn hits(&mut self, share: Ppm) -> bool {
        self.up_to(PPM_MAX - 1) < share.get()
    }

    /// Draws a number of `0..=most`.
    pub(crate) fn up_to(&mut self, most: u32) -> u32 {
        let high = self.next() >> 32;
        // Below 2^32 times (most + 1), so the quotient is at most `most`.
        ((high * (u64::from(most) + 1)) >> 32) as u32
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }
}

/// Spreads every bit of `z` over all of the result.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(number: u8) -> PortId {
        PortId::new(number).unwrap()
    }

    fn first(seed: u64, from: u8, to: u8, change: u64) -> u64 {
        Rng::new(seed, port(from), port(to), change).next()
    }

    #[test]
    fn it_is_splitmix64() {
        // The reference implementation's first three numbers for seed 1234567.
        let mut rng = Rng(1_234_567);
        assert_eq!(rng.next(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next(), 3_203_168_211_198_807_973);
        assert_eq!(rng.next(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn every_pair_and_change_has_its_own_stream() {
        assert_eq!(first(1, 1, 2, 0), first(1, 1, 2, 0));
        let others = [(2, 1, 2, 0), (1, 2, 1, 0), (1, 1, 3, 0), (1, 1, 2, 1)];
        for (seed, from, to, change) in others {
            assert_ne!(first(seed, from, to, change), first(1, 1, 2, 0));
        }
    }

    #[test]
    fn shares_are_met() {
        let mut rng = Rng::new(7, port(1), port(2), 0);
        for (percent, least, most) in [
            (0.0, 0, 0),
            (10.0, 9_700, 10_300),
            (50.0, 49_500, 50_500),
            (100.0, 100_000, 100_000),
        ] {
            let share = Ppm::from_percent(percent).unwrap();
            let hits = (0..100_000).filter(|_| rng.hits(share)).count();
            assert!((least..=most).contains(&hits), "{percent} %: {hits}");
        }
    }

    #[test]
    fn numbers_reach_both_ends() {
        let mut rng = Rng::new(7, port(1), port(2), 0);
        let drawn: Vec<u32> = (0..1000).map(|_| rng.up_to(3)).collect();
        for number in 0..=3 {
            assert!(drawn.contains(&number));
        }
        assert!(drawn.iter().all(|&number| number <= 3));
    }
}
