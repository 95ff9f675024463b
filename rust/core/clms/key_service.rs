// SPDX-License-Identifier: GPL-2.0

//! Where a key service runs.
//!
//! A key service has one instance in the cluster. Its place is a pure function of
//! the view as it was committed, so all nodes agree without asking, and it moves when
//! the view does: a node that joins is COMINGUP then, and counts from the next view on.

use crate::{
    ids::{
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    view::{
        NodeState,
        View, //
    },
};

/// The node a service runs on: the lowest UP one of `candidates`, `None` when
/// none of them is UP.
pub fn place(view: &View, candidates: &NodeSet) -> Option<Instance> {
    let up = view.in_state(NodeState::Up).intersection(candidates);
    up.first().and_then(|node| view.member(node))
}

/// What a node has to do when a service moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It runs here from now on.
    Start,
    /// It runs here no longer.
    Stop,
    /// It runs elsewhere from now on; the new place if there is one.
    Follow(Option<Instance>),
    /// Nothing has changed.
    Keep,
}

/// What `me` has to do when a service goes from `old` to `new`.
pub fn action(me: NodeId, old: Option<Instance>, new: Option<Instance>) -> Action {
    let is_me = |place: Option<Instance>| place.is_some_and(|place| place.node == me);
    match (old == new, is_me(old), is_me(new)) {
        (true, _, _) => Action::Keep,
        (false, _, true) => Action::Start,
        (false, true, false) => Action::Stop,
        (false, false, false) => Action::Follow(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{
            Incarnation,
            NodeNumber, //
        },
        view::Entry, //
    };

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn view(states: &[NodeState]) -> View {
        let mut view = View::EMPTY;
        for (node, &state) in NodeId::all().zip(states) {
            let incarnation = Incarnation(u64::from(node.get()));
            view.set(node, Entry { state, incarnation });
        }
        view
    }

    #[test]
    fn it_runs_on_the_lowest_node_that_is_up() {
        use NodeState::*;
        let all = NodeId::all().collect();
        let placed = place(&view(&[Shutdown, ComingUp, Up, Up]), &all).unwrap();
        assert_eq!(placed.node, node(3));
        assert_eq!(place(&view(&[ComingUp]), &all), None);
        let only = NodeSet::only(node(4));
        assert_eq!(
            place(&view(&[Up, Up, Up, Up]), &only).unwrap().node,
            node(4)
        );
    }

    #[test]
    fn each_node_knows_its_part_in_a_move() {
        let at = |number| Some(Instance::new(node(number), Incarnation(1)));
        assert_eq!(action(node(1), at(2), at(1)), Action::Start);
        assert_eq!(action(node(2), at(2), at(1)), Action::Stop);
        assert_eq!(action(node(3), at(2), at(1)), Action::Follow(at(1)));
        assert_eq!(action(node(1), at(1), at(1)), Action::Keep);
    }
}
