// SPDX-License-Identifier: GPL-2.0

//! Way to a process.
//!
//! A process runs on the node its pid names. What is private to a node is looked
//! for here, by the kernel; what belongs to a node that is no member is nowhere.

use super::pid::{
    origin,
    Origin, //
};
use crate::{
    ids::NodeId,
    node_set::NodeSet, //
};

/// The nodes as the view has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// This one.
    pub me: NodeId,
    /// Those that can be called.
    pub members: NodeSet,
    /// The one whose first process is the init of the cluster, `None` as long as
    /// there is none.
    pub init: Option<NodeId>,
}

/// Where a pid leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// To this kernel, which knows whether it exists.
    Here,
    /// To another one.
    Node(NodeId),
    /// To nobody: there is no such process.
    Nowhere,
}

impl Map {
    /// A node that knows nobody.
    pub const fn alone(me: NodeId) -> Self {
        Self {
            me,
            members: NodeSet::EMPTY,
            init: None,
        }
    }

    /// Where `pid` leads from here.
    pub fn route(&self, pid: u32) -> Route {
        match origin(pid) {
            Some(Origin::Private) | None => Route::Here,
            Some(Origin::Init) => self.init.map_or(Route::Here, |node| self.to(node)),
            Some(Origin::Node(node)) => self.to(node),
        }
    }

    /// All that can be called.
    pub fn others(&self) -> NodeSet {
        self.members.without(self.me)
    }

    fn to(&self, node: NodeId) -> Route {
        match node {
            _ if node == self.me => Route::Here,
            _ if self.members.contains(node) => Route::Node(node),
            _ => Route::Nowhere,
        }
    }
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
            me: node(2),
            members: [1, 2, 3].map(node).into_iter().collect(),
            init: Some(node(1)),
        }
    }

    #[test]
    fn a_pid_leads_to_the_node_it_names() {
        assert_eq!(map().route(2 << 16 | 5), Route::Here);
        assert_eq!(map().route(3 << 16 | 5), Route::Node(node(3)));
        assert_eq!(map().route(4 << 16 | 5), Route::Nowhere);
    }

    #[test]
    fn what_is_private_stays_here() {
        for pid in [0, 2, 300, 65_535] {
            assert_eq!(map().route(pid), Route::Here);
        }
    }

    #[test]
    fn init_is_that_of_the_init_node() {
        assert_eq!(map().route(1), Route::Node(node(1)));
        assert_eq!(
            Map {
                me: node(1),
                ..map()
            }
            .route(1),
            Route::Here
        );
        assert_eq!(
            Map {
                init: None,
                ..map()
            }
            .route(1),
            Route::Here
        );
        assert_eq!(
            Map {
                init: Some(node(9)),
                ..map()
            }
            .route(1),
            Route::Nowhere
        );
    }

    #[test]
    fn who_knows_nobody_asks_nobody() {
        let map = Map::alone(node(2));
        assert_eq!(map.route(1), Route::Here);
        assert_eq!(map.route(3 << 16), Route::Nowhere);
        assert_eq!(map.route(2 << 16), Route::Here);
        assert!(map.others().is_empty());
    }
}
