// SPDX-License-Identifier: GPL-2.0

//! Trail of a process.
//!
//! A question goes to the node a pid leads to. If the process went from there, that node
//! names another one, and so on:
//!
//! ```text
//!            moved to B       moved to C
//!  first: A -----------> B -----------> C: answers
//!         ^              |              |
//!         '-- not here --'-- not here --'
//! ```
//!
//! Who is sent on and finds nobody came too late, or too early: the first node knows what
//! became of the process, and is asked again after a while. Nodes may say what they like:
//! a trail has [`QUESTIONS_MAX`] questions.

use super::route::Map;
use crate::{
    ids::{
        NodeId,
        NodeNumber, //
    },
    wire::{
        Malformed,
        Reader, //
    },
};

/// Most times a question is put.
pub const QUESTIONS_MAX: u8 = 8;

/// Bytes of the answer that names another node.
pub const MOVED_BYTES: usize = 2;

/// Where a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail {
    first: NodeId,
    at: NodeId,
    /// How often it may be put again.
    left: u8,
}

/// What the node that was asked says instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The process went to this node.
    Moved(NodeId),
    /// There is no such process, or the node is gone.
    Missing,
}

/// Whom to ask now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This node.
    Ask(NodeId),
    /// This node, after a while.
    AskLater(NodeId),
    /// Nobody: the process is gone, or came here.
    Nobody,
}

impl Trail {
    /// One that begins at `first`, which is asked now.
    pub const fn new(first: NodeId) -> Self {
        Self {
            first,
            at: first,
            left: QUESTIONS_MAX.saturating_sub(1),
        }
    }

    /// Whom to ask after the last one `said` that. The `map` is that of now.
    pub fn next(&mut self, said: Said, map: &Map) -> Next {
        let next = match said {
            Said::Moved(to) if to == map.me => Next::Nobody,
            Said::Moved(to) if map.can_ask(to) => Next::Ask(to),
            // It died with that node. The one that does not know yet soon will.
            Said::Moved(_) => Next::AskLater(self.first),
            Said::Missing if self.at != self.first => Next::AskLater(self.first),
            Said::Missing => Next::Nobody,
        };
        match next {
            Next::Ask(node) | Next::AskLater(node) if self.left > 0 => {
                self.left = self.left.saturating_sub(1);
                self.at = node;
                next
            }
            Next::Ask(_) | Next::AskLater(_) | Next::Nobody => Next::Nobody,
        }
    }
}

/// The answer of a node whose process went to `node`.
pub fn encode_moved(node: NodeId) -> [u8; MOVED_BYTES] {
    u16::from(node.get()).to_le_bytes()
}

/// Where a process went, as an answer says.
///
/// # Errors
///
/// [`Malformed`] for what names no node.
pub fn decode_moved(body: &[u8]) -> Result<NodeId, Malformed> {
    let mut message = Reader::new(body);
    let node = NodeNumber::try_from(message.u16()?).map_err(|_| Malformed)?;
    message.end()?;
    NodeId::new(node).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn map() -> Map {
        Map {
            me: node(9),
            members: [1, 2, 3, 9].map(node).into_iter().collect(),
            init: None,
        }
    }

    fn moved(to: NodeNumber) -> Said {
        Said::Moved(node(to))
    }

    /// What is done when nodes say this one after another.
    fn steps(said: &[Said]) -> Vec<Next> {
        let mut trail = Trail::new(node(1));
        said.iter().map(|said| trail.next(*said, &map())).collect()
    }

    #[test]
    fn who_went_is_followed() {
        assert_eq!(
            steps(&[moved(2), moved(3)]),
            [Next::Ask(node(2)), Next::Ask(node(3))]
        );
    }

    #[test]
    fn nobody_at_home_is_nobody() {
        assert_eq!(steps(&[Said::Missing]), [Next::Nobody]);
    }

    #[test]
    fn nobody_at_the_end_is_asked_for_at_the_beginning() {
        assert_eq!(
            steps(&[moved(2), moved(3), Said::Missing, Said::Missing]),
            [
                Next::Ask(node(2)),
                Next::Ask(node(3)),
                Next::AskLater(node(1)),
                Next::Nobody
            ]
        );
    }

    #[test]
    fn who_died_with_a_node_is_asked_for_again() {
        assert_eq!(
            steps(&[moved(7), Said::Missing]),
            [Next::AskLater(node(1)), Next::Nobody]
        );
    }

    #[test]
    fn who_came_here_is_asked_for_nowhere_else() {
        assert_eq!(
            steps(&[moved(2), moved(9)]),
            [Next::Ask(node(2)), Next::Nobody]
        );
    }

    #[test]
    fn a_trail_has_an_end_whatever_nodes_say() {
        let lies = [moved(1), moved(2), moved(7), moved(63), Said::Missing];
        // Every sequence of such answers, as the digits of a number.
        for mut sequence in 0..5_usize.pow(8) {
            let mut trail = Trail::new(node(1));
            let mut questions = 1;
            loop {
                let said = lies[sequence % 5];
                sequence /= 5;
                if trail.next(said, &map()) == Next::Nobody {
                    break;
                }
                questions += 1;
            }
            assert!(questions <= QUESTIONS_MAX);
        }
    }

    #[test]
    fn a_node_is_named_or_none() {
        for number in NodeId::all() {
            assert_eq!(decode_moved(&encode_moved(number)), Ok(number));
        }
        for body in [&[][..], &[1], &[0, 0], &[255, 255], &[1, 0, 0]] {
            assert_eq!(decode_moved(body), Err(Malformed), "{body:?}");
        }
    }
}
