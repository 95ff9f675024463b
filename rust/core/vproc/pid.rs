// SPDX-License-Identifier: GPL-2.0

//! Number of a process.
//!
//! A pid is `node << 16 | local`, OpenSSI's layout: the node a process was born on
//! follows from its number. Numbers below `1 << 16` are private to a node, for they
//! were given before it knew its own; of them only 1 has a meaning in the cluster.

use core::ops::Range;

use crate::ids::{
    NodeId,
    NodeNumber, //
};

/// Bits of a pid that a node gives as it likes.
pub const LOCAL_BITS: u32 = 16;

/// The first number that is not private to a node.
pub const PRIVATE_END: u32 = 1 << LOCAL_BITS;

/// The init of the cluster.
pub const INIT: u32 = 1;

/// Whose a pid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Each node has its own with this number, for itself.
    Private,
    /// The first process of the cluster.
    Init,
    /// A process that was born on this node.
    Node(NodeId),
}

/// Whose `pid` is, `None` when no node can have it.
pub fn origin(pid: u32) -> Option<Origin> {
    match pid {
        0 => None,
        INIT => Some(Origin::Init),
        _ if pid < PRIVATE_END => Some(Origin::Private),
        _ => NodeNumber::try_from(pid >> LOCAL_BITS)
            .ok()
            .and_then(NodeId::new)
            .map(Origin::Node),
    }
}

/// Whether a process of that number may be named by other nodes than its own.
pub fn is_shared(pid: u32) -> bool {
    matches!(origin(pid), Some(Origin::Init | Origin::Node(_)))
}

/// The pids `node` gives.
pub fn range(node: NodeId) -> Range<u32> {
    let first = u32::from(node.get()) << LOCAL_BITS;
    first..first.saturating_add(PRIVATE_END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_a_node_is_its_own() {
        for node in NodeId::all() {
            let range = range(node);
            for pid in [range.start, range.start + 1, range.end - 1] {
                assert_eq!(origin(pid), Some(Origin::Node(node)), "{pid}");
                assert!(is_shared(pid));
            }
            assert_ne!(origin(range.start - 1), Some(Origin::Node(node)));
            assert_ne!(origin(range.end), Some(Origin::Node(node)));
        }
    }

    #[test]
    fn small_numbers_are_private_but_for_init() {
        assert_eq!(origin(0), None);
        assert_eq!(origin(1), Some(Origin::Init));
        assert_eq!(origin(2), Some(Origin::Private));
        assert_eq!(origin(65_535), Some(Origin::Private));
        assert!(is_shared(1) && !is_shared(2) && !is_shared(0));
    }

    #[test]
    fn the_ranges_are_those_of_openssi() {
        let range = range(NodeId::new(1).unwrap());
        assert_eq!((range.start, range.end), (65_536, 131_072));
    }

    #[cfg(not(feature = "wide"))]
    #[test]
    fn numbers_beyond_the_last_node_are_nobodys() {
        assert_eq!(origin(1 << 22), None);
        assert_eq!(origin(u32::MAX), None);
        assert_eq!(range(NodeId::new(63).unwrap()).end, 1 << 22);
    }
}
