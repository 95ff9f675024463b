// SPDX-License-Identifier: GPL-2.0

//! Ordered pairs of ports.
//!
//! A fault belongs to one direction between two ports. [`PairSet`] has a bit
//! for each of the 3906 there are.

use crate::{
    error::Error,
    fault::{
        Ports,
        Way, //
    },
    port::{
        PortId,
        PortSet,
        PORT_SLOTS, //
    },
};

/// Two different ports, in the direction of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    /// Where a frame comes in.
    pub(crate) from: PortId,
    /// Where it goes out.
    pub(crate) to: PortId,
}

impl Pair {
    /// The other direction.
    pub(crate) fn reversed(self) -> Self {
        Self {
            from: self.to,
            to: self.from,
        }
    }

    /// The pair's place in a table of `PAIR_SLOTS`.
    pub(crate) fn index(self) -> usize {
        self.from.index() * PORT_SLOTS + self.to.index()
    }
}

/// Size of a table with a place for every pair.
pub(crate) const PAIR_SLOTS: usize = PORT_SLOTS * PORT_SLOTS;

/// A set of pairs.
///
/// # Invariants
///
/// `to[port]` does not contain `port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PairSet {
    to: [PortSet; PORT_SLOTS],
}

impl PairSet {
    /// No pair at all.
    pub(crate) const EMPTY: Self = Self {
        to: [PortSet::EMPTY; PORT_SLOTS],
    };

    /// The pairs of a port of `a` and another one of `b`; at least one.
    pub(crate) fn between(a: Ports, b: Ports, way: Way) -> Result<Self, Error> {
        let mut pairs = Self::EMPTY;
        let (sources, sinks) = (members(a)?, members(b)?);
        if let (Ports::One(number), true) = (a, a == b) {
            return Err(Error::SamePort(number));
        }
        pairs.insert_all(sources, sinks);
        if way == Way::Both {
            pairs.insert_all(sinks, sources);
        }
        Ok(pairs)
    }

    /// The ports that pairs go to from `from`.
    pub(crate) fn to(&self, from: PortId) -> PortSet {
        self.to[from.index()]
    }

    /// Puts `pair` into the set.
    pub(crate) fn insert(&mut self, pair: Pair) {
        self.to[pair.from.index()].insert(pair.to);
    }

    /// Takes `pair` out of the set.
    pub(crate) fn remove(&mut self, pair: Pair) {
        self.to[pair.from.index()].remove(pair.to);
    }

    /// The pairs, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Pair> + '_ {
        PortId::all().flat_map(|from| self.to(from).map(move |to| Pair { from, to }))
    }

    fn insert_all(&mut self, sources: PortSet, sinks: PortSet) {
        for from in sources {
            // INVARIANT: Without the port itself.
            let others = sinks.minus(PortSet::of(from));
            self.to[from.index()] = self.to(from).or(others);
        }
    }
}

/// The ports that `ports` names.
fn members(ports: Ports) -> Result<PortSet, Error> {
    match ports {
        Ports::One(number) => Ok(PortSet::of(PortId::new(number)?)),
        Ports::All => Ok(PortSet::ALL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::PORT_MAX;

    #[test]
    fn all_means_every_other_port() {
        let number = usize::from(PORT_MAX);
        let five = Ports::One(5);
        for (a, b, way, count) in [
            (five, Ports::One(6), Way::OneWay, 1),
            (five, Ports::One(6), Way::Both, 2),
            (five, Ports::All, Way::OneWay, number - 1),
            (Ports::All, five, Way::OneWay, number - 1),
            (five, Ports::All, Way::Both, 2 * (number - 1)),
            (Ports::All, Ports::All, Way::OneWay, number * (number - 1)),
            (Ports::All, Ports::All, Way::Both, number * (number - 1)),
        ] {
            let pairs = PairSet::between(a, b, way).unwrap();
            assert_eq!(pairs.iter().count(), count, "{a} {b} {way:?}");
            assert!(pairs.iter().all(|pair| pair.from != pair.to));
            let reversed = PairSet::between(b, a, way).unwrap();
            let back = |pair: Pair| reversed.to(pair.to).any(|to| to == pair.from);
            assert!(pairs.iter().all(back));
        }
    }

    #[test]
    fn every_pair_has_a_place_of_its_own() {
        let all = PairSet::between(Ports::All, Ports::All, Way::Both).unwrap();
        let mut places: Vec<usize> = all.iter().map(Pair::index).collect();
        assert!(places.is_sorted());
        places.dedup();
        assert_eq!(places.len(), all.iter().count());
        assert!(places.iter().all(|&place| place < PAIR_SLOTS));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (a, b) in [(1, 1), (0, 1), (1, 64)] {
            let pairs = PairSet::between(Ports::One(a), Ports::One(b), Way::Both);
            assert!(pairs.is_err());
        }
    }
}
