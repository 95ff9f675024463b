// SPDX-License-Identifier: GPL-2.0

//! The faults in few words.
//!
//! A plan has up to 3906 pairs. A user who typed `cut 1 all` wants one line
//! back: pairs are put together where one port has the same faults with all
//! others, and where both directions are the same.

use std::collections::BTreeMap;

use super::{
    link::Conditions,
    pairs::Pair, //
};
use crate::{
    fault::{
        Fault,
        Ports,
        Way, //
    },
    port::{
        PortId,
        PORT_MAX, //
    },
};

/// Number of all ordered pairs.
const PAIRS: usize = PORT_MAX as usize * (PORT_MAX as usize - 1);

/// Every pair that has faults.
type Pairs = BTreeMap<Pair, Conditions>;

/// The faults of `pairs`; those of more ports come first.
pub(crate) fn summarise(pairs: &Pairs) -> Vec<Fault> {
    if let Some(conditions) = uniform(pairs) {
        return vec![fault(Ports::All, Ports::All, Way::Both, conditions)];
    }
    let mut left = pairs.clone();
    let mut faults = Vec::new();
    for port in PortId::all() {
        faults.extend(of_port(pairs, &mut left, port));
    }
    while let Some((pair, conditions)) = left.pop_first() {
        let (a, b) = (one(pair.from), one(pair.to));
        let way = way_of(&mut left, pair, conditions);
        faults.push(fault(a, b, way, conditions));
    }
    faults
}

/// The conditions of all pairs there can be, if they are the same.
fn uniform(pairs: &Pairs) -> Option<Conditions> {
    let (_, &first) = pairs.first_key_value()?;
    let same = pairs.values().all(|&conditions| conditions == first);
    (pairs.len() == PAIRS && same).then_some(first)
}

/// What `port` has with all others, taken out of `left`.
fn of_port(pairs: &Pairs, left: &mut Pairs, port: PortId) -> Vec<Fault> {
    let others = || PortId::all().filter(move |&other| other != port);
    let out = || others().map(move |to| Pair { from: port, to });
    let back = || out().map(Pair::reversed);
    let outward = same(pairs, out()).filter(|_| take(left, out()));
    let inward = same(pairs, back()).filter(|_| take(left, back()));

    let (a, b) = (one(port), Ports::All);
    match (outward, inward) {
        (Some(out), Some(back)) if out == back => vec![fault(a, b, Way::Both, out)],
        (out, back) => {
            let out = out.map(|conditions| fault(a, b, Way::OneWay, conditions));
            let back = back.map(|conditions| fault(b, a, Way::OneWay, conditions));
            out.into_iter().chain(back).collect()
        }
    }
}

/// The conditions of all of `which`, if they are the same.
fn same(pairs: &Pairs, mut which: impl Iterator<Item = Pair>) -> Option<Conditions> {
    let first = which.next().and_then(|pair| pairs.get(&pair))?;
    let same = which.all(|pair| pairs.get(&pair) == Some(first));
    same.then_some(*first)
}

/// Takes `which` out of `left` and tells whether any was still there.
fn take(left: &mut Pairs, which: impl Iterator<Item = Pair>) -> bool {
    which.filter(|pair| left.remove(pair).is_some()).count() > 0
}

/// Whether the other direction of `pair` is the same; it is taken if so.
fn way_of(left: &mut Pairs, pair: Pair, conditions: Conditions) -> Way {
    if left.get(&pair.reversed()) == Some(&conditions) {
        left.remove(&pair.reversed());
        Way::Both
    } else {
        Way::OneWay
    }
}

fn one(port: PortId) -> Ports {
    Ports::One(port.get())
}

fn fault(a: Ports, b: Ports, way: Way, conditions: Conditions) -> Fault {
    let Conditions {
        cut,
        delay_ms,
        jitter_ms,
        loss,
        reorder,
    } = conditions;
    Fault {
        a,
        b,
        way,
        cut,
        delay_ms,
        jitter_ms,
        loss,
        reorder,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        fabric::plan::Plan,
        fault::{
            FaultChange,
            Ppm, //
        },
    };

    fn faults(changes: &[FaultChange]) -> Vec<String> {
        let mut plan = Plan::new(1);
        for change in changes {
            plan.apply(change).unwrap();
        }
        let faults = summarise(&plan.all()).into_iter();
        faults.map(|fault| fault.to_string()).collect()
    }

    fn cut(a: Ports, b: Ports, way: Way) -> FaultChange {
        FaultChange::Cut { a, b, way }
    }

    #[test]
    fn what_was_typed_comes_back() {
        use Ports::{All, One};
        for (change, expected) in [
            (cut(One(1), One(2), Way::Both), "1 <-> 2: cut"),
            (cut(One(2), One(1), Way::OneWay), "2 -> 1: cut"),
            (cut(One(1), All, Way::Both), "1 <-> all: cut"),
            (cut(One(1), All, Way::OneWay), "1 -> all: cut"),
            (cut(All, One(1), Way::OneWay), "all -> 1: cut"),
            (cut(All, All, Way::Both), "all <-> all: cut"),
        ] {
            assert_eq!(faults(&[change]), [expected]);
        }
    }

    #[test]
    fn two_ports_apart_from_all_are_two_lines() {
        let apart = |number| cut(Ports::One(number), Ports::All, Way::Both);
        let lines = faults(&[apart(1), apart(9)]);
        assert_eq!(lines, ["1 <-> all: cut", "9 <-> all: cut"]);
    }

    fn ports() -> impl Strategy<Value = Ports> {
        prop_oneof![3 => (1..5u8).prop_map(Ports::One), 1 => Just(Ports::All)]
    }

    fn change() -> impl Strategy<Value = FaultChange> {
        let way = prop_oneof![Just(Way::OneWay), Just(Way::Both)];
        (ports(), ports(), way, 0..3u32).prop_map(|(a, b, way, n)| match n {
            0 => FaultChange::Heal { a, b, way },
            1 => FaultChange::Cut { a, b, way },
            n => FaultChange::Loss {
                a,
                b,
                way,
                ppm: Ppm::new(n).unwrap(),
            },
        })
    }

    proptest! {
        /// Making the faults that were told gives the same faults.
        #[test]
        fn the_summary_is_the_plan(changes in prop::collection::vec(change(), 0..6)) {
            let mut plan = Plan::new(1);
            changes.iter().for_each(|change| drop(plan.apply(change)));
            let mut again = Plan::new(1);
            for Fault { a, b, way, cut, loss, .. } in summarise(&plan.all()) {
                if cut {
                    again.apply(&FaultChange::Cut { a, b, way }).unwrap();
                }
                if loss > Ppm::ZERO {
                    again.apply(&FaultChange::Loss { a, b, way, ppm: loss }).unwrap();
                }
            }
            prop_assert_eq!(again.all(), plan.all());
        }
    }
}
