// SPDX-License-Identifier: GPL-2.0

//! Numbers of a node on others.
//!
//! A process that went to another node makes children there, which are in its group and may
//! outlive it and go on. Whether none of them is left is found by asking all nodes twice:
//! each says whether a number of the asker is in use, and how many numbers came to it so
//! far. Numbers come from nodes that have some. So if none had one both times, and none came
//! to any between, there was none anywhere at the moment between both rounds.
//!
//! ```text
//!  +------+--------+
//!  | came | in use |
//!  +------+--------+
//! ```

use crate::{
    ids::{
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};

/// Bytes of a [`Report`].
pub const REPORT_BYTES: usize = 9;

/// What a node says of the numbers of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many numbers came to it so far.
    pub came: u64,
    /// Whether one of the asker is in use.
    pub are_used: bool,
}

impl Report {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u64(self.came).u8(self.are_used.into());
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let report = Self {
            came: message.u64()?,
            are_used: message.flag()?,
        };
        message.end()?;
        Ok(report)
    }
}

/// One round of questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    asked: NodeSet,
    said: NodeSet,
    came: [u64; NODES_LEN],
}

impl Round {
    /// One to all of `nodes`.
    pub const fn new(nodes: NodeSet) -> Self {
        Self {
            asked: nodes,
            said: NodeSet::EMPTY,
            came: [0; NODES_LEN],
        }
    }

    /// Takes in what `node` said.
    pub fn hear(&mut self, node: NodeId, report: Report) {
        if let (false, Some(came)) = (report.are_used, self.came.get_mut(node.index())) {
            *came = report.came;
            self.said.insert(node);
        }
    }

    /// Whether all nodes said that they have none.
    pub fn is_clear(&self) -> bool {
        self.said == self.asked
    }

    /// Whether no node had a number between this round, which was over before, and `later`.
    pub fn is_clear_until(&self, later: &Self) -> bool {
        self.is_clear() && self == later
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn round(reports: &[(NodeNumber, u64, bool)]) -> Round {
        let mut round = Round::new([node(2), node(3)].into_iter().collect());
        for &(number, came, are_used) in reports {
            round.hear(node(number), Report { came, are_used });
        }
        round
    }

    #[test]
    fn none_is_left_if_nobody_has_one_and_none_came() {
        let first = round(&[(2, 7, false), (3, 0, false)]);
        assert!(first.is_clear());
        assert!(first.is_clear_until(&round(&[(3, 0, false), (2, 7, false)])));
    }

    #[test]
    fn all_have_to_say_so_twice() {
        let clear = round(&[(2, 7, false), (3, 0, false)]);
        for other in [
            round(&[(2, 7, false)]),
            round(&[(2, 7, true), (3, 0, false)]),
            round(&[]),
        ] {
            assert!(!other.is_clear());
            assert!(!clear.is_clear_until(&other) && !other.is_clear_until(&clear));
            assert!(!other.is_clear_until(&other));
        }
    }

    #[test]
    fn one_may_have_been_there_between() {
        let first = round(&[(2, 7, false), (3, 0, false)]);
        let later = round(&[(2, 7, false), (3, 1, false)]);
        assert!(later.is_clear() && !first.is_clear_until(&later));
    }

    #[test]
    fn other_nodes_have_to_be_asked_again() {
        let first = Round::new(NodeSet::EMPTY);
        let mut later = Round::new([node(4)].into_iter().collect());
        let report = Report {
            came: 0,
            are_used: false,
        };
        later.hear(node(4), report);
        assert!(first.is_clear() && later.is_clear() && !first.is_clear_until(&later));
    }

    #[test]
    fn a_report_arrives_as_it_was() {
        for are_used in [false, true] {
            let came = u64::MAX;
            let report = Report { came, are_used };
            let mut room = [0; REPORT_BYTES];
            let mut out = Writer::new(&mut room);
            report.encode(&mut out);
            assert_eq!(out.finish(), Ok(REPORT_BYTES));
            assert_eq!(Report::decode(Reader::new(&room)), Ok(report));
        }
        for bytes in [&[0; 8][..], &[2; 9], &[0; 10]] {
            assert_eq!(Report::decode(Reader::new(bytes)), Err(Malformed));
        }
    }
}
