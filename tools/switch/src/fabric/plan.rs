// SPDX-License-Identifier: GPL-2.0

//! The faults between all ports.
//!
//! The plan holds a link for each ordered pair with a fault, and for each port
//! the set of those it reaches only through one, so that a frame between sound
//! ports is found sound by a single look.

use std::{
    collections::BTreeMap,
    time::Duration, //
};

use super::{
    link::{
        self,
        Conditions,
        Link, //
    },
    pairs::{
        Pair,
        PairSet,
        PAIR_SLOTS, //
    },
    rng::Rng,
};
use crate::{
    error::Error,
    fault::{
        FaultChange,
        Ports,
        Way, //
    },
    port::{
        PortId,
        PortSet, //
    },
};

/// The faults between all ports.
///
/// # Invariants
///
/// `links` has a link at the place of each pair of `faulty` and nowhere else;
/// no link is clear.
#[derive(Debug)]
pub(crate) struct Plan {
    seed: u64,
    changes: u64,
    links: Vec<Option<Link>>,
    faulty: PairSet,
}

impl Plan {
    /// No faults; later ones draw from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            changes: 0,
            links: vec![None; PAIR_SLOTS],
            faulty: PairSet::EMPTY,
        }
    }

    /// Makes `change`, or none of it if it is not valid.
    pub(crate) fn apply(&mut self, change: &FaultChange) -> Result<(), Error> {
        link::check(change)?;
        let pairs = pairs(change)?;
        self.changes += 1;
        for pair in pairs.iter() {
            self.set(pair, self.conditions(pair).after(change));
        }
        Ok(())
    }

    /// The ports that `from` reaches only through a link with faults.
    pub(crate) fn faulty(&self, from: PortId) -> PortSet {
        self.faulty.to(from)
    }

    /// The link of `pair`, if it has faults.
    pub(crate) fn link_mut(&mut self, pair: Pair) -> Option<&mut Link> {
        self.links[pair.index()].as_mut()
    }

    /// What happens between the ports of `pair`.
    pub(crate) fn conditions(&self, pair: Pair) -> Conditions {
        let link = self.links[pair.index()].as_ref();
        link.map_or_else(Conditions::default, Link::conditions)
    }

    /// The longest time a frame of `pair` may take.
    pub(crate) fn longest(&self, pair: Pair) -> Duration {
        self.conditions(pair).longest()
    }

    /// Every pair that has faults.
    pub(crate) fn all(&self) -> BTreeMap<Pair, Conditions> {
        let pairs = self.faulty.iter();
        pairs.map(|pair| (pair, self.conditions(pair))).collect()
    }

    /// Gives `pair` a new link, or none if `conditions` are clear.
    fn set(&mut self, pair: Pair, conditions: Conditions) {
        let place = &mut self.links[pair.index()];
        if conditions.is_clear() {
            *place = None;
            self.faulty.remove(pair);
        } else {
            let rng = Rng::new(self.seed, pair.from, pair.to, self.changes);
            *place = Some(Link::new(conditions, rng));
            self.faulty.insert(pair);
        }
    }
}

/// The pairs that `change` names.
fn pairs(change: &FaultChange) -> Result<PairSet, Error> {
    match *change {
        FaultChange::Cut { a, b, way }
        | FaultChange::Join { a, b, way }
        | FaultChange::Heal { a, b, way }
        | FaultChange::Delay { a, b, way, .. }
        | FaultChange::Loss { a, b, way, .. }
        | FaultChange::Reorder { a, b, way, .. } => PairSet::between(a, b, way),
        FaultChange::HealAll => PairSet::between(Ports::All, Ports::All, Way::Both),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::PORT_MAX;

    fn pair(from: u8, to: u8) -> Pair {
        Pair {
            from: PortId::new(from).unwrap(),
            to: PortId::new(to).unwrap(),
        }
    }

    fn cut(a: Ports, b: Ports, way: Way) -> FaultChange {
        FaultChange::Cut { a, b, way }
    }

    fn planned(changes: &[FaultChange]) -> Plan {
        let mut plan = Plan::new(1);
        for change in changes {
            plan.apply(change).unwrap();
        }
        plan
    }

    #[test]
    fn a_direction_has_faults_of_its_own() {
        let plan = planned(&[cut(Ports::One(1), Ports::One(2), Way::OneWay)]);
        assert!(plan.conditions(pair(1, 2)).cut);
        assert!(!plan.conditions(pair(2, 1)).cut);
        assert_eq!(plan.faulty(pair(1, 2).from), PortSet::of(pair(1, 2).to));
        assert!(plan.faulty(pair(2, 1).from).is_empty());
    }

    #[test]
    fn a_change_adds_to_the_ones_before() {
        let all = Ports::All;
        let plan = planned(&[
            cut(Ports::One(1), all, Way::Both),
            cut(all, Ports::One(2), Way::OneWay),
        ]);
        let number = usize::from(PORT_MAX);
        // Node 1's link to node 2 was cut already.
        assert_eq!(plan.all().len(), 3 * (number - 1) - 1);
    }

    #[test]
    fn healing_leaves_nothing_behind() {
        let plan = planned(&[cut(Ports::All, Ports::All, Way::Both), FaultChange::HealAll]);
        assert!(plan.all().is_empty());
        assert_eq!(plan.faulty, PairSet::EMPTY);
        assert!(plan.links.iter().all(Option::is_none));
    }

    #[test]
    fn an_invalid_change_changes_nothing() {
        let mut plan = Plan::new(1);
        for (a, b) in [(1, 1), (0, 1), (1, 64)] {
            let change = cut(Ports::One(a), Ports::One(b), Way::Both);
            assert!(plan.apply(&change).is_err());
        }
        assert!(plan.all().is_empty());
    }
}
