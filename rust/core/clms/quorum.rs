// SPDX-License-Identifier: GPL-2.0

//! Who may kill whom.
//!
//! The one rule against split brain, shared by the nodes, which obey it, and the
//! supervisor, which checks it. Members proven dead are no voters; of the others
//! the larger side may have the rest killed. Of two equal sides the one with the
//! coordinator may ask at once and the other a little later; the supervisor
//! serves the first.

use crate::{
    ids::NodeId,
    node_set::NodeSet, //
};

/// The voters and how they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Members of the last view installed.
    pub members: NodeSet,
    /// Those of them that are proven dead.
    pub dead: NodeSet,
    /// Those that stand by the asker, the asker included.
    pub side: NodeSet,
    /// The coordinator of that view.
    pub coordinator: Option<NodeId>,
}

/// What a side may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Licence {
    /// Everybody else is proven dead: there is nobody to kill.
    Unneeded,
    /// More than half of the living: kill the rest.
    Majority,
    /// Half of the living and the coordinator, or the lowest when it is dead.
    FirstHalf,
    /// The other half: the same, after an extra delay.
    SecondHalf,
    /// Less than half: wait.
    None,
}

impl Licence {
    /// Whether the supervisor executes a request with it.
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::Majority | Self::FirstHalf | Self::SecondHalf)
    }
}

impl Question {
    /// What the side may do.
    pub fn licence(&self) -> Licence {
        let living = self.members.difference(&self.dead);
        let side = self.side.intersection(&living);
        if living.is_subset(&side) {
            return Licence::Unneeded;
        }
        let (ours, theirs) = (side.len(), living.difference(&side).len());
        match ours.cmp(&theirs) {
            core::cmp::Ordering::Greater => Licence::Majority,
            core::cmp::Ordering::Less => Licence::None,
            core::cmp::Ordering::Equal => {
                let coordinator = self.coordinator.filter(|node| living.contains(*node));
                let first = coordinator.or(living.first());
                if first.is_some_and(|node| side.contains(node)) {
                    Licence::FirstHalf
                } else {
                    Licence::SecondHalf
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    fn set(numbers: impl IntoIterator<Item = NodeNumber>) -> NodeSet {
        numbers
            .into_iter()
            .map(|number| NodeId::new(number).unwrap())
            .collect()
    }

    fn licence(members: NodeNumber, dead: &[NodeNumber], side: &[NodeNumber]) -> Licence {
        let question = Question {
            members: set(1..=members),
            dead: set(dead.iter().copied()),
            side: set(side.iter().copied()),
            coordinator: NodeId::new(1),
        };
        question.licence()
    }

    #[test]
    fn a_majority_of_the_living_may_kill() {
        assert_eq!(licence(5, &[], &[3, 4, 5]), Licence::Majority);
        assert_eq!(licence(5, &[], &[1, 2]), Licence::None);
        assert_eq!(
            licence(16, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[11, 12, 13, 14]),
            Licence::Majority
        );
    }

    #[test]
    fn the_dead_have_no_vote() {
        assert_eq!(licence(3, &[1, 2], &[3]), Licence::Unneeded);
        assert_eq!(licence(5, &[1, 2], &[3]), Licence::None);
        assert_eq!(licence(5, &[3, 4], &[3, 4, 5]), Licence::None);
    }

    #[test]
    fn of_two_halves_the_coordinators_comes_first() {
        assert_eq!(licence(4, &[], &[1, 2]), Licence::FirstHalf);
        assert_eq!(licence(4, &[], &[3, 4]), Licence::SecondHalf);
        assert_eq!(licence(2, &[], &[2]), Licence::SecondHalf);
        assert_eq!(licence(5, &[1], &[2, 3]), Licence::FirstHalf);
        assert_eq!(licence(5, &[1], &[4, 5]), Licence::SecondHalf);
    }

    #[test]
    fn strangers_have_no_vote() {
        assert_eq!(licence(4, &[], &[1, 5, 6, 7]), Licence::None);
    }
}
