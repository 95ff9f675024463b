// SPDX-License-Identifier: GPL-2.0

//! Anchor of a pidfd.
//!
//! The node that tells of the end of a process. That of its number, as long as it is a
//! member: there the process is, or what it left when it went, which ends when it does.
//! When that node is gone it is whichever node has the process.
//!
//! ```text
//!                 ask(n)               settle(n)
//!        Sought ----------> Asking(n) ----------> At(n)
//!         ^  ^                  |                   |
//!         |  '---- lose(n) -----'                   | lose(n)
//!         |                                         v
//!         '---------------- take ---------------- Lost
//! ```
//!
//! Who looks in vain leaves it `Sought`: there is no such process any more. Who cannot look
//! on makes it `Lost` again.

use super::{
    pid::{
        origin,
        Origin, //
    },
    pidfd::Held,
    route::{
        Known,
        Map,
        Route, //
    },
};
use crate::{
    ids::NodeId,
    node_set::NodeSet, //
};

/// Where a process is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Somebody looks for a node.
    Sought,
    /// The same one asks this node.
    Asking(NodeId),
    /// There: that node tells.
    At(Held),
    /// The node is gone, and nobody looks for another yet.
    Lost,
}

impl Anchor {
    /// The one who looks asks `node` next.
    pub fn ask(&mut self, node: NodeId) {
        if matches!(self, Self::Sought | Self::Asking(_)) {
            *self = Self::Asking(node);
        }
    }

    /// The node that was asked tells from now on; not if it has gone meanwhile: then this
    /// is false, and the one who looks goes on.
    pub fn settle(&mut self, held: Held) -> bool {
        let is_settled = *self == Self::Asking(held.node);
        if is_settled {
            *self = Self::At(held);
        }
        is_settled
    }

    /// `node` is gone. Whether somebody has to look for another one now.
    pub fn lose(&mut self, node: NodeId) -> bool {
        match *self {
            Self::Asking(asked) if asked == node => *self = Self::Sought,
            Self::At(held) if held.node == node => *self = Self::Lost,
            Self::Sought | Self::Asking(_) | Self::At(_) | Self::Lost => (),
        }
        *self == Self::Lost
    }

    /// Whether the caller looks from now on.
    pub fn take(&mut self) -> bool {
        let is_lost = *self == Self::Lost;
        if is_lost {
            *self = Self::Sought;
        }
        is_lost
    }

    /// The one who looks stops; somebody is to look again.
    pub fn give_up(&mut self) {
        if matches!(self, Self::Sought | Self::Asking(_)) {
            *self = Self::Lost;
        }
    }

    /// The process as the node that tells knows it.
    pub const fn held(self) -> Option<Held> {
        match self {
            Self::At(held) => Some(held),
            Self::Sought | Self::Asking(_) | Self::Lost => None,
        }
    }

    /// Which node may have been asked to tell.
    pub const fn node(self) -> Option<NodeId> {
        match self {
            Self::At(held) => Some(held.node),
            Self::Asking(node) => Some(node),
            Self::Sought | Self::Lost => None,
        }
    }
}

/// The nodes to ask for process or thread `pid`, `None` when it is a matter of the kernel
/// here.
pub fn candidates(map: &Map, pid: u32) -> Option<NodeSet> {
    // Not where it went, but where it came from.
    match map.route(pid, Known::Nothing) {
        Route::Here => None,
        Route::Node(node) => Some([node].into_iter().collect()),
        Route::Anywhere => Some(map.others()),
        Route::Nowhere => Some(NodeSet::EMPTY),
    }
}

/// The nodes that may have `pid` now that one is lost that told of it. That of its number
/// had it in an earlier life, if any.
pub fn heirs(map: &Map, pid: u32) -> NodeSet {
    match origin(pid) {
        Some(Origin::Node(home)) => map.others().without(home),
        // The next node has another init.
        Some(Origin::Init | Origin::Private) | None => NodeSet::EMPTY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn held(number: NodeNumber) -> Held {
        Held {
            node: node(number),
            identity: 77,
        }
    }

    fn map() -> Map {
        Map {
            me: node(2),
            members: [1, 2, 3].map(node).into_iter().collect(),
            init: Some(node(1)),
        }
    }

    fn set<const N: usize>(nodes: [NodeNumber; N]) -> NodeSet {
        nodes.map(node).into_iter().collect()
    }

    #[test]
    fn who_was_asked_tells() {
        let mut anchor = Anchor::Sought;
        assert!(!anchor.settle(held(1)));
        anchor.ask(node(1));
        assert_eq!((anchor.held(), anchor.node()), (None, Some(node(1))));
        anchor.ask(node(3));
        assert!(!anchor.settle(held(1)) && anchor.settle(held(3)));
        assert_eq!(
            (anchor.held(), anchor.node()),
            (Some(held(3)), Some(node(3)))
        );
        // Nobody looks any more.
        anchor.ask(node(1));
        assert_eq!(anchor, Anchor::At(held(3)));
    }

    #[test]
    fn a_node_that_is_lost_has_one_follower() {
        let mut anchor = Anchor::At(held(3));
        assert!(!anchor.lose(node(1)) && !anchor.take());
        assert!(anchor.lose(node(3)));
        assert_eq!((anchor.held(), anchor.node()), (None, None));
        assert!(anchor.take() && !anchor.take());
        assert_eq!(anchor, Anchor::Sought);
    }

    #[test]
    fn who_cannot_look_on_lets_others() {
        for mut anchor in [Anchor::Sought, Anchor::Asking(node(1))] {
            anchor.give_up();
            assert!(anchor.take());
        }
        let mut anchor = Anchor::At(held(3));
        anchor.give_up();
        assert_eq!(anchor, Anchor::At(held(3)));
    }

    #[test]
    fn who_asks_a_node_that_is_lost_goes_on() {
        let mut anchor = Anchor::Sought;
        anchor.ask(node(3));
        assert!(!anchor.lose(node(3)) && !anchor.settle(held(3)));
        assert!(!anchor.take());
        anchor.ask(node(1));
        assert!(anchor.settle(held(1)));
    }

    #[test]
    fn the_node_of_the_number_is_asked_first() {
        let asked = |pid| candidates(&map(), pid);
        assert_eq!(asked(3 << 16 | 5), Some(set([3])));
        assert_eq!(asked(4 << 16 | 5), Some(set([1, 3])));
        assert_eq!(asked(1), Some(set([1])));
        // Be it elsewhere: what it left here tells its end.
        assert_eq!(asked(2 << 16 | 5), None);
        assert_eq!(asked(300), None);
        let alone = Map::alone(node(2));
        assert_eq!(candidates(&alone, 4 << 16 | 5), Some(NodeSet::EMPTY));
    }

    #[test]
    fn a_process_does_not_outlive_its_node_there() {
        let left = |pid| heirs(&map(), pid);
        assert_eq!(left(4 << 16 | 5), set([1, 3]));
        // That one is a member again.
        assert_eq!(left(3 << 16 | 5), set([1]));
        assert_eq!(left(1), NodeSet::EMPTY);
    }
}
