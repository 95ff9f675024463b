// SPDX-License-Identifier: GPL-2.0

//! Number of an attempt to lead.
//!
//! A candidate takes a higher [`Ballot`] than any it knows; who has promised a
//! ballot follows no lower one. The revision tells apart what one leader
//! proposes one after the other for the same step. It never reaches over another
//! candidate's ballot: that takes a new round, and so a new election.

use crate::{
    ids::NodeId,
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

/// Most elections a member may have missed.
const ROUNDS_AHEAD_MAX: u32 = 1 << 20;

/// Number of a step: every change of the membership's state is one, dense from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(pub u64);

impl Step {
    /// The step behind this one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// An attempt to lead, and what of it.
///
/// The order of the fields is that of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ballot {
    /// Larger than any its proposer had seen; 0 is nobody's.
    pub round: u32,
    /// Who leads, or wants to.
    pub proposer: Option<NodeId>,
    /// Which of the leader's proposals.
    pub revision: u32,
}

impl Ballot {
    /// Lower than every other, and nobody's.
    pub const NONE: Self = Self {
        round: 0,
        proposer: None,
        revision: 0,
    };

    /// The ballot `proposer` takes after having seen `seen`.
    pub const fn above(seen: Self, proposer: NodeId) -> Self {
        Self {
            round: seen.round.saturating_add(1),
            proposer: Some(proposer),
            revision: 0,
        }
    }

    /// The leader's next proposal.
    pub const fn revised(self) -> Self {
        Self {
            revision: self.revision.saturating_add(1),
            ..self
        }
    }

    /// Whether somebody who has seen `seen` may have come to this one: whoever makes
    /// rounds up does not use up their numbers.
    pub const fn is_near(self, seen: Self) -> bool {
        self.round <= seen.round.saturating_add(ROUNDS_AHEAD_MAX)
    }

    /// Whether both belong to one attempt to lead.
    pub fn same_attempt(self, other: Self) -> bool {
        (self.round, self.proposer) == (other.round, other.proposer)
    }

    pub(super) fn write(self, out: &mut Writer<'_>) {
        out.u32(self.round);
        NodeId::write_maybe(self.proposer, out);
        out.u32(self.revision);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            round: from.u32()?,
            proposer: NodeId::read_maybe(from)?,
            revision: from.u32()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    #[test]
    fn a_new_attempt_is_above_every_revision_of_an_old_one() {
        let first = Ballot::above(Ballot::NONE, node(9));
        let revised = (0..100).fold(first, |ballot, _| ballot.revised());
        let second = Ballot::above(revised, node(1));
        assert!(Ballot::NONE < first && first < revised && revised < second);
        assert!(first.same_attempt(revised) && !revised.same_attempt(second));
    }

    #[test]
    fn rounds_that_are_made_up_are_not_near() {
        let far = |round| Ballot {
            round,
            ..Ballot::NONE
        };
        assert!(far(1 << 20).is_near(Ballot::NONE) && Ballot::NONE.is_near(far(7)));
        assert!(!far((1 << 20) + 1).is_near(Ballot::NONE) && !far(u32::MAX).is_near(far(1)));
        assert!(far(u32::MAX).is_near(far(u32::MAX)));
    }

    #[test]
    fn a_ballot_comes_back_from_its_bytes() {
        let ballot = Ballot::above(Ballot::NONE, node(7)).revised();
        let mut room = [0; 10];
        ballot.write(&mut Writer::new(&mut room));
        assert_eq!(Ballot::read(&mut Reader::new(&room)), Ok(ballot));
    }
}
