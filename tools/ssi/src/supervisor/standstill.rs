// SPDX-License-Identifier: GPL-2.0

//! Members that cannot go on.
//!
//! Members who have lost others go on without them if they are enough for that. Where
//! cuts and pauses leave no part of them that is, all wait, as they should; but whoever
//! looks sees a view in which all is well. The supervisor knows the cuts, the pauses,
//! the deaths and the rule, and so can tell.

use ssi_core::{
    clms::quorum::{
        Licence,
        Question, //
    },
    ids::NodeId,
    node_set::NodeSet,
    view::View,
};
use ssi_switch::Fault;

use super::cuts;

/// What there is of the members of a view.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Muster<'a> {
    /// The view.
    pub(crate) view: &'a View,
    /// Members whose life is over.
    pub(crate) dead: NodeSet,
    /// Nodes that are frozen.
    pub(crate) paused: NodeSet,
    /// What is wrong with the network.
    pub(crate) faults: &'a [Fault],
}

impl Muster<'_> {
    /// Why the view cannot change, if it cannot.
    pub(crate) fn standstill(&self) -> Option<String> {
        let living = self.view.members().difference(&self.dead);
        let parts = self.parts(living.difference(&self.paused));
        let is_stuck = |part: &NodeSet| self.licence(*part) == Licence::None;
        if parts.is_empty() || !parts.iter().all(is_stuck) {
            return None;
        }
        let mut words: Vec<String> = parts.iter().map(NodeSet::to_string).collect();
        let mut cures = Vec::new();
        if parts.len() > 1 {
            cures.push("'ssi net heal'");
        }
        let paused = living.intersection(&self.paused);
        if !paused.is_empty() {
            words.push(format!("paused {paused}"));
            cures.push("'ssi resume'");
        }
        Some(format!(
            "the view cannot change: no part of its members ({}) may go on without the others; {}",
            words.join(" | "),
            cures.join(", "),
        ))
    }

    /// `awake`, put together where they reach each other, if need be through others.
    fn parts(&self, mut awake: NodeSet) -> Vec<NodeSet> {
        let mut parts = Vec::new();
        while let Some(first) = awake.first() {
            let mut part = NodeSet::EMPTY;
            let mut open = NodeSet::only(first);
            while let Some(node) = open.first() {
                part.insert(node);
                awake.remove(node);
                open.remove(node);
                // Each pair is looked at once: there may be thousands of cuts.
                let unseen = awake.difference(&open);
                let near = unseen.iter().filter(|other| self.passes(node, *other));
                open = open.union(&near.collect());
            }
            parts.push(part);
        }
        parts
    }

    /// Whether packets pass in both directions.
    fn passes(&self, node: NodeId, other: NodeId) -> bool {
        !cuts::touch(self.faults, node, &NodeSet::only(other))
    }

    fn licence(&self, side: NodeSet) -> Licence {
        let question = Question {
            members: self.view.members(),
            dead: self.dead,
            side,
            coordinator: self.view.coordinator,
        };
        question.licence()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssi_core::{
        ids::{
            Epoch,
            Incarnation, //
        },
        view::{
            Entry,
            NodeState, //
        },
    };
    use ssi_switch::{
        Ports,
        Ppm,
        Way, //
    };

    fn set(numbers: &[u8]) -> NodeSet {
        let node = |number: &u8| NodeId::new(*number).unwrap();
        numbers.iter().map(node).collect()
    }

    fn view(members: &[u8]) -> View {
        let mut view = View::EMPTY;
        view.epoch = Epoch(4);
        for node in set(members).iter() {
            let (state, incarnation) = (NodeState::Up, Incarnation(1));
            view.set(node, Entry { state, incarnation });
        }
        view.coordinator = view.members().first();
        view
    }

    /// Cuts between all parts, from the later one to the earlier one.
    fn cut(parts: &[&[u8]]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let others = || parts[..at].iter().copied().flatten();
            let pairs = part.iter().flat_map(|a| others().map(move |b| (*a, *b)));
            faults.extend(pairs.map(|(a, b)| Fault {
                a: Ports::One(a),
                b: Ports::One(b),
                way: Way::OneWay,
                cut: true,
                delay_ms: 0,
                jitter_ms: 0,
                loss: Ppm::ZERO,
                reorder: Ppm::ZERO,
            }));
        }
        faults
    }

    fn of_five(parts: &[&[u8]], dead: &[u8], paused: &[u8]) -> Option<String> {
        let muster = Muster {
            view: &view(&[1, 2, 3, 4, 5]),
            dead: set(dead),
            paused: set(paused),
            faults: &cut(parts),
        };
        muster.standstill()
    }

    #[test]
    fn a_part_that_is_large_enough_goes_on() {
        assert_eq!(of_five(&[&[1, 2, 3, 4, 5]], &[], &[]), None);
        assert_eq!(of_five(&[&[1, 2], &[3, 4, 5]], &[], &[]), None);
        assert_eq!(of_five(&[&[1, 2, 3, 4, 5]], &[], &[1, 2]), None);
        assert_eq!(of_five(&[&[1], &[2, 3], &[4]], &[5], &[]), None, "half");
        assert_eq!(of_five(&[&[1, 2], &[3, 4], &[5]], &[4, 5], &[]), None);
        // It is frozen as a whole, which is said elsewhere.
        assert_eq!(of_five(&[&[1]], &[], &[1, 2, 3, 4, 5]), None);
    }

    #[test]
    fn nobody_goes_on_where_all_parts_are_small() {
        let text = of_five(&[&[1, 2], &[3, 4], &[5]], &[], &[]).unwrap();
        assert!(
            text.contains("(1-2 | 3-4 | 5)") && text.ends_with("; 'ssi net heal'"),
            "{text}"
        );
        let text = of_five(&[], &[], &[2, 3, 5]).unwrap();
        assert!(
            text.contains("(1,4 | paused 2-3,5)") && text.ends_with("; 'ssi resume'"),
            "{text}"
        );
        let text = of_five(&[&[1, 2], &[3, 4]], &[], &[5]).unwrap();
        assert!(text.contains("(1-2 | 3-4 | paused 5)"), "{text}");
        assert!(text.ends_with("; 'ssi net heal', 'ssi resume'"), "{text}");
    }

    #[test]
    fn a_large_cluster_is_looked_at_in_a_moment() {
        let all: Vec<u8> = (1..=63).collect();
        let parts: Vec<&[u8]> = all.chunks(21).collect();
        let muster = Muster {
            view: &view(&all),
            dead: NodeSet::EMPTY,
            paused: NodeSet::EMPTY,
            faults: &cut(&parts),
        };
        let began = std::time::Instant::now();
        let text = muster.standstill().unwrap();
        assert!(text.contains("(1-21 | 22-42 | 43-63)"), "{text}");
        let took = began.elapsed();
        assert!(took < std::time::Duration::from_secs(1), "{took:?}");
    }

    #[test]
    fn those_who_reach_each_other_through_a_third_are_one_part() {
        // 1, 2 and 3 are cut from each other, and all of them reach 4.
        assert_eq!(of_five(&[&[1], &[2], &[3]], &[], &[5]), None);
    }
}
