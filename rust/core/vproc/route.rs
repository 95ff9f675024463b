// SPDX-License-Identifier: GPL-2.0

//! Way to a process.
//!
//! A process runs on the node its pid names, unless it went to another one: then what it
//! left at home says where it went, and the node that has it knows it as a guest. What is
//! private to a node is looked for here, by the kernel. A process whose home died may live
//! on as a guest of any node, whether or not that home is back in a new life.

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

/// What this kernel knows of a process that its number does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// It went from here to that node.
    Away(NodeId),
    /// It is of another node and runs here.
    Guest,
    /// It is not here, and there are processes of an earlier life of this node elsewhere.
    Lost,
}

/// Where a pid leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// To this kernel, which knows whether it exists.
    Here,
    /// To another one.
    Node(NodeId),
    /// To whichever node has it: that of its number is gone.
    Anywhere,
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
    pub fn route(&self, pid: u32, known: Known) -> Route {
        let init = self.init.unwrap_or(self.me);
        match (origin(pid), known) {
            (Some(Origin::Private) | None, _) => Route::Here,
            (Some(Origin::Init), _) => self.to(init).unwrap_or(Route::Nowhere),
            (Some(Origin::Node(_)), Known::Guest) => Route::Here,
            // What it left here is told of its node's end, and ends as well.
            (Some(Origin::Node(_)), Known::Away(node)) => self.to(node).unwrap_or(Route::Here),
            (Some(Origin::Node(node)), Known::Lost) if node == self.me => self.anywhere(),
            (Some(Origin::Node(node)), Known::Nothing | Known::Lost) => {
                self.to(node).unwrap_or_else(|| self.anywhere())
            }
        }
    }

    /// Whether nobody elsewhere can be in the group `pgid`. A group begins on the node its
    /// number names; its members are elsewhere when processes have `left` that one.
    pub fn has_group_alone(&self, pgid: u32, left: bool) -> bool {
        match origin(pgid) {
            Some(Origin::Node(node)) => self.others().is_empty() || node == self.me && !left,
            Some(Origin::Private | Origin::Init) | None => true,
        }
    }

    /// All that can be called.
    pub fn others(&self) -> NodeSet {
        self.members.without(self.me)
    }

    /// Whether `node` is another one that can be called.
    pub fn can_ask(&self, node: NodeId) -> bool {
        self.others().contains(node)
    }

    fn to(&self, node: NodeId) -> Option<Route> {
        if node == self.me {
            return Some(Route::Here);
        }
        self.can_ask(node).then_some(Route::Node(node))
    }

    fn anywhere(&self) -> Route {
        if self.others().is_empty() {
            Route::Nowhere
        } else {
            Route::Anywhere
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

    /// Where a number leads of which nothing else is known.
    fn by_number(map: &Map, pid: u32) -> Route {
        map.route(pid, Known::Nothing)
    }

    #[test]
    fn a_pid_leads_to_the_node_it_names() {
        assert_eq!(by_number(&map(), 2 << 16 | 5), Route::Here);
        assert_eq!(by_number(&map(), 3 << 16 | 5), Route::Node(node(3)));
    }

    #[test]
    fn who_went_is_where_it_went() {
        for pid in [2 << 16 | 5, 3 << 16 | 5, 4 << 16 | 5] {
            let to = |number| map().route(pid, Known::Away(node(number)));
            assert_eq!(to(1), Route::Node(node(1)));
            assert_eq!(to(2), Route::Here);
            // What stands for it here is soon gone, too.
            assert_eq!(to(9), Route::Here);
        }
    }

    #[test]
    fn a_guest_is_here_whatever_its_number() {
        for pid in [1 << 16, 3 << 16 | 5, 4 << 16 | 5, 2 << 16] {
            assert_eq!(map().route(pid, Known::Guest), Route::Here);
        }
    }

    #[test]
    fn who_has_lost_its_home_may_be_anywhere() {
        assert_eq!(by_number(&map(), 4 << 16 | 5), Route::Anywhere);
        // As its home knows that began a new life; the others ask that one.
        assert_eq!(map().route(2 << 16, Known::Lost), Route::Anywhere);
        assert_eq!(map().route(3 << 16, Known::Lost), Route::Node(node(3)));
        assert_eq!(
            Map::alone(node(2)).route(2 << 16, Known::Lost),
            Route::Nowhere
        );
    }

    #[test]
    fn what_is_private_stays_here() {
        for pid in [0, 2, 300, 65_535] {
            for known in [Known::Nothing, Known::Guest, Known::Away(node(3))] {
                assert_eq!(map().route(pid, known), Route::Here);
            }
        }
    }

    #[test]
    fn init_is_that_of_the_init_node() {
        let with = |init| Map { init, ..map() };
        assert_eq!(by_number(&map(), 1), Route::Node(node(1)));
        assert_eq!(map().route(1, Known::Guest), Route::Node(node(1)));
        assert_eq!(by_number(&with(Some(node(2))), 1), Route::Here);
        assert_eq!(by_number(&with(None), 1), Route::Here);
        assert_eq!(by_number(&with(Some(node(9))), 1), Route::Nowhere);
    }

    #[test]
    fn who_knows_nobody_asks_nobody() {
        let map = Map::alone(node(2));
        assert_eq!(by_number(&map, 1), Route::Here);
        assert_eq!(by_number(&map, 3 << 16), Route::Nowhere);
        assert_eq!(by_number(&map, 2 << 16), Route::Here);
        assert_eq!(map.route(2 << 16, Known::Away(node(3))), Route::Here);
        assert!(map.others().is_empty());
    }

    #[test]
    fn nobody_asks_itself_or_who_is_gone() {
        let asked: Vec<_> = NodeId::all().filter(|node| map().can_ask(*node)).collect();
        assert_eq!(asked, [node(1), node(3)]);
    }

    #[test]
    fn a_group_is_on_other_nodes_once_processes_left() {
        let alone = |pgid, left| map().has_group_alone(pgid, left);
        assert!(alone(2 << 16, false) && !alone(2 << 16, true));
        // Here are guests with it, or their children.
        assert!(!alone(3 << 16, false) && !alone(4 << 16, false));
        assert!(alone(300, true) && alone(1, true));
        assert!(Map::alone(node(2)).has_group_alone(3 << 16, true));
    }
}
