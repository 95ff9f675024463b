// SPDX-License-Identifier: GPL-2.0

//! Views of the members.
//!
//! Members tell the supervisor which view they have installed, and what is in it
//! whenever that changes. The supervisor believes nobody in particular: it shows one
//! view where all have the same, and all of them where they have not, as during a
//! change.

use std::{
    cmp::Reverse,
    collections::BTreeMap, //
};

use ssi_core::{
    ids::{
        Epoch,
        Incarnation,
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    view::{
        Entry,
        NodeState,
        View, //
    },
};

/// What the members say.
#[derive(Debug, Default)]
pub(crate) struct Views {
    told: BTreeMap<NodeId, Told>,
}

/// What one node says.
#[derive(Clone, Debug, Default)]
struct Told {
    /// The view it has installed, if it is a member.
    epoch: Option<Epoch>,
    /// What is in a view: mostly the one it has installed.
    view: Option<View>,
}

/// A view, and the members that have installed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shared {
    /// Its number.
    pub(crate) epoch: Epoch,
    /// What is in it, unless nobody has told yet.
    pub(crate) view: Option<View>,
    /// The members that have installed it.
    pub(crate) nodes: NodeSet,
}

/// What a view has of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// The life it lives, or that it lives none, in this state.
    Own(NodeState),
    /// Another life of it.
    Other(Entry),
}

impl Views {
    /// `node` has installed the view with this number, or is outside of all.
    pub(crate) fn stand(&mut self, node: NodeId, epoch: Option<Epoch>) {
        self.told.entry(node).or_default().epoch = epoch;
    }

    /// `node` says what is in a view.
    pub(crate) fn tell(&mut self, node: NodeId, view: &View) {
        self.told.entry(node).or_default().view = Some(view.clone());
    }

    /// `node` says nothing any more: it is dead, or in another life.
    pub(crate) fn forget(&mut self, node: NodeId) {
        self.told.remove(&node);
    }

    /// All views that members have, newest first.
    pub(crate) fn shared(&self) -> Vec<Shared> {
        let mut nodes: BTreeMap<Reverse<Epoch>, NodeSet> = BTreeMap::new();
        for (node, told) in &self.told {
            if let Some(epoch) = told.epoch {
                nodes.entry(Reverse(epoch)).or_default().insert(*node);
            }
        }
        let shared = |(Reverse(epoch), nodes)| Shared {
            epoch,
            view: self.content(epoch).cloned(),
            nodes,
        };
        nodes.into_iter().map(shared).collect()
    }

    /// What is in the newest view that members have.
    pub(crate) fn newest(&self) -> Option<&View> {
        let epochs = self.told.values().filter_map(|told| told.epoch);
        self.content(epochs.max()?)
    }

    /// What the newest view has of `node`, which lives `life`.
    pub(crate) fn seat(&self, node: NodeId, life: Option<Incarnation>) -> Option<Seat> {
        let entry = self.newest()?.entry(node);
        let is_empty = matches!(entry.state, NodeState::NeverUp | NodeState::Down);
        Some(match is_empty || life == Some(entry.incarnation) {
            true => Seat::Own(entry.state),
            false => Seat::Other(entry),
        })
    }

    /// The view all of `lives` have installed, if all are up in it.
    pub(crate) fn joins(&self, lives: &BTreeMap<NodeId, Incarnation>) -> Option<Epoch> {
        let epoch = self.epoch_of(lives.keys().next()?)?;
        let all_in = lives.keys().all(|node| self.epoch_of(node) == Some(epoch));
        let mut lives = lives.iter();
        let all_up = lives.all(|(node, life)| self.is_up_in(epoch, Instance::new(*node, *life)));
        (all_in && all_up).then_some(epoch)
    }

    /// The view `instance` is up in, once all members of it that are in `awake` have
    /// installed it.
    pub(crate) fn has_joined(&self, instance: Instance, awake: &NodeSet) -> Option<Epoch> {
        let epoch = self.epoch_of(&instance.node)?;
        let members = self.content(epoch)?.members();
        let mut awake = members.intersection(awake).iter();
        let all_in = awake.all(|member| self.epoch_of(&member) == Some(epoch));
        (all_in && self.is_up_in(epoch, instance)).then_some(epoch)
    }

    /// How many of `lives` have installed the newest view and are up in it.
    pub(crate) fn count_up(&self, lives: &BTreeMap<NodeId, Incarnation>) -> usize {
        lives.len() - self.missing(lives).len()
    }

    /// Those of `lives` that have not installed the newest view, or are not up in it.
    pub(crate) fn missing(&self, lives: &BTreeMap<NodeId, Incarnation>) -> NodeSet {
        let newest = self.told.values().filter_map(|told| told.epoch).max();
        let is_in = |node: NodeId, life| {
            let installed = newest.filter(|_| self.epoch_of(&node) == newest);
            installed.is_some_and(|epoch| self.is_up_in(epoch, Instance::new(node, life)))
        };
        let out = lives.iter().filter(|(node, life)| !is_in(**node, **life));
        out.map(|(node, _)| *node).collect()
    }

    /// Whether nobody is a member of a view.
    pub(crate) fn is_empty(&self) -> bool {
        self.told.values().all(|told| told.epoch.is_none())
    }

    fn epoch_of(&self, node: &NodeId) -> Option<Epoch> {
        self.told.get(node)?.epoch
    }

    /// Everything that was told of the view with this number.
    fn contents(&self, epoch: Epoch) -> impl Iterator<Item = &View> {
        let views = self.told.values().filter_map(|told| told.view.as_ref());
        views.filter(move |view| view.epoch == epoch)
    }

    /// What the coordinator says is in it, or else somebody.
    fn content(&self, epoch: Epoch) -> Option<&View> {
        let first = self.contents(epoch).next()?;
        let coordinator = first.coordinator.and_then(|node| self.told.get(&node));
        let theirs = coordinator.and_then(|told| told.view.as_ref());
        theirs.filter(|view| view.epoch == epoch).or(Some(first))
    }

    /// Whether all who say what is in it say that `instance` is up.
    fn is_up_in(&self, epoch: Epoch, instance: Instance) -> bool {
        let is_up = |view: &View| {
            let entry = view.entry(instance.node);
            entry.state == NodeState::Up && entry.incarnation == instance.incarnation
        };
        self.content(epoch).is_some() && self.contents(epoch).all(is_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn life(number: u8) -> Instance {
        Instance::new(node(number), Incarnation(u64::from(number) * 10))
    }

    /// A view with these nodes up in their lives.
    fn view(epoch: u32, up: &[u8]) -> View {
        let mut view = View::EMPTY;
        view.epoch = Epoch(epoch);
        view.coordinator = up.first().map(|number| node(*number));
        for number in up {
            let (state, incarnation) = (NodeState::Up, life(*number).incarnation);
            view.set(node(*number), Entry { state, incarnation });
        }
        view
    }

    fn lives(numbers: &[u8]) -> BTreeMap<NodeId, Incarnation> {
        let life = |number: &u8| (node(*number), life(*number).incarnation);
        numbers.iter().map(life).collect()
    }

    fn all_tell(told: &[(u8, &View)]) -> Views {
        let mut views = Views::default();
        for (number, view) in told {
            views.stand(node(*number), Some(view.epoch));
            views.tell(node(*number), view);
        }
        views
    }

    #[test]
    fn one_view_is_one_however_many_tell_it() {
        let three = view(4, &[1, 2, 3]);
        let views = all_tell(&[(1, &three), (2, &three), (3, &three)]);
        let shared = views.shared();
        assert_eq!((shared.len(), shared[0].view.as_ref()), (1, Some(&three)));
        assert_eq!(shared[0].nodes.to_string(), "1-3");
        assert_eq!(views.joins(&lives(&[1, 2, 3])), Some(Epoch(4)));
    }

    #[test]
    fn the_coordinator_may_tell_for_all() {
        let mut views = Views::default();
        views.tell(node(1), &view(4, &[1, 2]));
        assert!(views.is_empty() && views.newest().is_none(), "nobody is in");
        views.stand(node(1), Some(Epoch(4)));
        assert_eq!(views.joins(&lives(&[1, 2])), None);
        assert_eq!(views.missing(&lives(&[1, 2])).to_string(), "2");
        views.stand(node(2), Some(Epoch(4)));
        assert_eq!(views.joins(&lives(&[1, 2])), Some(Epoch(4)));
        assert_eq!(views.count_up(&lives(&[1, 2])), 2);
    }

    #[test]
    fn a_node_is_up_when_nobody_says_otherwise() {
        let mut coming = view(4, &[1, 2]);
        let (state, incarnation) = (NodeState::ComingUp, life(2).incarnation);
        coming.set(node(2), Entry { state, incarnation });
        let views = all_tell(&[(1, &view(4, &[1, 2])), (2, &coming)]);
        assert_eq!(views.joins(&lives(&[1, 2])), None);
        assert_eq!(views.newest(), Some(&view(4, &[1, 2])), "the coordinator's");
    }

    #[test]
    fn those_who_disagree_are_all_heard_the_newest_first() {
        let (old, new) = (view(4, &[1, 2, 3]), view(5, &[1, 2]));
        let mut views = all_tell(&[(1, &new), (2, &new), (3, &old)]);
        let epochs: Vec<u32> = views.shared().iter().map(|s| s.epoch.0).collect();
        assert_eq!(epochs, [5, 4]);
        assert_eq!(views.joins(&lives(&[1, 2, 3])), None);
        assert_eq!(views.joins(&lives(&[1, 2])), Some(Epoch(5)));
        assert_eq!(views.missing(&lives(&[1, 2, 3])).to_string(), "3");
        views.forget(node(3));
        assert_eq!(views.shared().len(), 1);
    }

    #[test]
    fn a_node_is_in_when_all_who_are_awake_have_its_view() {
        let (old, new) = (view(4, &[1, 2]), view(5, &[1, 2, 3]));
        let awake: NodeSet = [1, 2, 3].map(node).into_iter().collect();
        let mut views = all_tell(&[(1, &new), (2, &old), (3, &new)]);
        assert_eq!(views.has_joined(life(3), &awake), None);
        let without_2 = awake.without(node(2));
        assert_eq!(views.has_joined(life(3), &without_2), Some(Epoch(5)));
        views.stand(node(2), Some(Epoch(5)));
        assert_eq!(views.has_joined(life(3), &awake), Some(Epoch(5)));
        let earlier = Instance::new(node(3), Incarnation(29));
        assert_eq!(views.has_joined(earlier, &awake), None);
    }

    #[test]
    fn a_former_life_does_not_count() {
        let two = view(4, &[1, 2]);
        let views = all_tell(&[(1, &two), (2, &two)]);
        assert_eq!(views.count_up(&lives(&[1, 2, 3])), 2);
        let mut later = lives(&[1, 2]);
        later.insert(node(2), Incarnation(21));
        assert_eq!(views.count_up(&later), 1);
        assert_eq!(views.joins(&BTreeMap::new()), None);
    }
    #[test]
    fn a_seat_is_one_lifes() {
        let two = view(4, &[1, 2]);
        let views = all_tell(&[(1, &two), (2, &two)]);
        let taken = Seat::Other(two.entry(node(2)));
        for (number, incarnation, seat) in [
            (2, Some(20), Seat::Own(NodeState::Up)),
            (2, Some(21), taken),
            (2, None, taken),
            (3, Some(22), Seat::Own(NodeState::NeverUp)),
        ] {
            let found = views.seat(node(number), incarnation.map(Incarnation));
            assert_eq!(found, Some(seat), "{number} {incarnation:?}");
        }
        assert_eq!(Views::default().seat(node(1), None), None);
    }
}
