// SPDX-License-Identifier: GPL-2.0

//! Trail of a process.
//!
//! A question goes to the node a pid leads to. If the process went from there, that node
//! names another one, and so on:
//!
//! ```text
//!            moved to B       moved to C
//!         A -----------> B -----------> C: answers
//!         ^              |              |
//!         '-- not here --'-- not here --'
//! ```
//!
//! Who was sent on and finds nobody came too late, or too early: the one who named that
//! node will know soon what became of the process. So it begins again, after a while.
//! Nodes may say what they like: a trail has [`QUESTIONS_MAX`] questions.

use super::{
    pid::{
        origin,
        Origin, //
    },
    route::Map,
};
use crate::{
    ids::NodeId,
    wire::{
        Malformed,
        Reader, //
    },
};

/// Most times a question is put.
pub const QUESTIONS_MAX: u8 = 64;

/// Bytes of the answer that names another node.
pub const MOVED_BYTES: usize = 2;

/// Where a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail {
    pid: u32,
    /// Whether who is asked was named by a node, be it this one, and not by the number.
    is_sent: bool,
    /// How often it may be put.
    left: u8,
}

/// What the node that was asked says instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The process went to this node.
    Moved(NodeId),
    /// There is no such process, or the node is gone.
    Missing,
    /// It is not here, but may be of an earlier life of this node.
    Lost,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask this node.
    Ask(NodeId),
    /// Ask all.
    AskAll,
    /// See where the number leads to, after a while.
    BeginAgain,
    /// Give up: the process is gone.
    End,
}

impl Trail {
    /// That of a question about process or thread `pid`.
    pub const fn new(pid: u32) -> Self {
        Self {
            pid,
            is_sent: false,
            left: QUESTIONS_MAX,
        }
    }

    /// The number leads to `first` now, which is asked; not any more, if it is false.
    pub fn begin(&mut self, first: NodeId) -> bool {
        self.is_sent = matches!(origin(self.pid), Some(Origin::Node(home)) if home != first);
        self.ask()
    }

    /// The number leads anywhere now: all are asked; not any more, if it is false.
    pub fn begin_anywhere(&mut self) -> bool {
        self.is_sent = false;
        self.ask()
    }

    /// What to do after the node that was asked `said` that. The `map` is that of now.
    pub fn next(&mut self, said: Said, map: &Map) -> Next {
        match said {
            Said::Moved(to) if map.can_ask(to) && self.ask() => {
                self.is_sent = true;
                Next::Ask(to)
            }
            // It came here, or died with that node, and who says so does not know yet
            // that it is no more.
            Said::Moved(_) => Next::BeginAgain,
            Said::Missing if self.is_sent => Next::BeginAgain,
            Said::Lost if self.begin_anywhere() => Next::AskAll,
            Said::Missing | Said::Lost => Next::End,
        }
    }

    /// Whether there is one question left, for one less.
    fn ask(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        left.is_some()
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
    let node = NodeId::read(&mut message)?;
    message.end()?;
    Ok(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

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

    const PID: u32 = 1 << 16;

    /// What is done when nodes say this one after another to who begins at `first`.
    fn steps(first: NodeNumber, said: &[Said]) -> Vec<Next> {
        let mut trail = Trail::new(PID);
        assert!(trail.begin(node(first)));
        said.iter().map(|said| trail.next(*said, &map())).collect()
    }

    #[test]
    fn who_went_is_followed() {
        assert_eq!(
            steps(1, &[moved(2), moved(3)]),
            [Next::Ask(node(2)), Next::Ask(node(3))]
        );
    }

    #[test]
    fn nobody_at_home_is_nobody() {
        assert_eq!(steps(1, &[Said::Missing]), [Next::End]);
    }

    #[test]
    fn nobody_at_the_end_is_asked_for_at_the_beginning() {
        let said = [moved(2), moved(3), Said::Missing];
        assert_eq!(steps(1, &said).last(), Some(&Next::BeginAgain));
        // This node knows that it went there.
        assert_eq!(steps(2, &[Said::Missing]), [Next::BeginAgain]);
    }

    #[test]
    fn who_died_with_a_node_or_came_here_is_asked_for_again() {
        for to in [7, 9] {
            assert_eq!(steps(1, &[moved(to)]), [Next::BeginAgain]);
        }
    }

    #[test]
    fn who_has_lost_its_home_is_asked_for_everywhere() {
        assert_eq!(steps(1, &[Said::Lost]), [Next::AskAll]);
        assert_eq!(steps(1, &[Said::Lost, Said::Missing])[1], Next::End);
    }

    #[test]
    fn where_a_number_leads_counts_anew() {
        let mut trail = Trail::new(PID);
        assert!(trail.begin(node(2)) && trail.begin(node(1)));
        assert_eq!(trail.next(Said::Missing, &map()), Next::End);
    }

    #[test]
    fn a_trail_has_an_end_whatever_nodes_say() {
        let lies = [
            Said::Lost,
            moved(1),
            moved(2),
            moved(7),
            moved(63),
            moved(9),
            Said::Missing,
        ];
        for first in [1, 2] {
            for (one, other) in lies
                .iter()
                .flat_map(|one| lies.iter().map(move |two| (one, two)))
            {
                let mut trail = Trail::new(PID);
                let mut questions = 0;
                let mut said = [one, other].into_iter().cycle();
                while trail.begin(node(first)) {
                    questions += 1;
                    while let Next::Ask(_) | Next::AskAll =
                        trail.next(*said.next().unwrap(), &map())
                    {
                        questions += 1;
                    }
                }
                assert_eq!(questions, QUESTIONS_MAX);
            }
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
