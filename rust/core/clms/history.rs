// SPDX-License-Identifier: GPL-2.0

//! The last transitions.
//!
//! A ring, in order and without gaps. A joiner is given it, so that it reads the
//! same on all nodes from wherever it begins.

use super::transition::{
    Cause,
    TransId,
    Transition, //
};
use crate::{
    ids::{
        Epoch,
        Instance, //
    },
    view::NodeState,
};

/// Number of transitions kept.
pub const TRANSITIONS_MAX: usize = 1024;

/// The transitions that are kept.
///
/// # Invariants
///
/// Place `id % TRANSITIONS_MAX` holds transition `id` for each of the last `len`
/// ones below `next`; `len` is at most [`TRANSITIONS_MAX`].
#[derive(Clone)]
pub struct History {
    next: TransId,
    len: usize,
    ring: [Option<Transition>; TRANSITIONS_MAX],
}

impl History {
    /// Nothing has happened yet.
    pub const EMPTY: Self = Self {
        next: TransId(1),
        len: 0,
        ring: [None; TRANSITIONS_MAX],
    };

    /// Number of the next transition.
    pub const fn next_id(&self) -> TransId {
        self.next
    }

    /// Number of the newest transition, [`TransId`] 0 when there was none.
    pub const fn last_id(&self) -> TransId {
        TransId(self.next.0.saturating_sub(1))
    }

    /// Number of the oldest that is kept; [`next_id`](Self::next_id) when none is.
    pub fn first_id(&self) -> TransId {
        let len = u64::try_from(self.len).unwrap_or(u64::MAX);
        TransId(self.next.0.saturating_sub(len))
    }

    /// The transition `id`, `None` when it is not kept or has not happened.
    pub fn get(&self, id: TransId) -> Option<&Transition> {
        let kept = self.first_id() <= id && id < self.next;
        let found = self.ring.get(place(id)?)?.as_ref();
        found.filter(|_| kept)
    }

    /// The kept ones from `id` on, or from the first one kept.
    pub fn since(&self, id: TransId) -> impl Iterator<Item = &Transition> {
        let first = self.first_id().max(id);
        (first.0..self.next.0).filter_map(|id| self.get(TransId(id)))
    }

    /// The number the next transition has, after the rest was forgotten.
    pub(super) fn restart(&mut self, next: TransId) {
        self.next = next;
        self.len = 0;
    }

    /// Adds what happened to one node under the next number.
    pub(super) fn record(&mut self, what: Happening) -> Transition {
        let transition = Transition {
            id: self.next,
            epoch: what.epoch,
            wall_us: what.wall_us,
            instance: what.instance,
            from: what.from,
            to: what.to,
            cause: what.cause,
        };
        self.append(transition);
        transition
    }

    /// Adds a transition another node recorded; whether it was the next one.
    pub(super) fn adopt(&mut self, transition: Transition) -> bool {
        let is_next = transition.id == self.next;
        if is_next {
            self.append(transition);
        }
        is_next
    }

    fn append(&mut self, transition: Transition) {
        if let Some(slot) = place(transition.id).and_then(|place| self.ring.get_mut(place)) {
            // INVARIANT: It is the place of this number, and one more is kept.
            *slot = Some(transition);
        }
        self.next = transition.id.next();
        self.len = self.len.saturating_add(1).min(TRANSITIONS_MAX);
    }
}

/// A transition that has no number yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happening {
    pub(super) epoch: Epoch,
    pub(super) wall_us: u64,
    pub(super) instance: Instance,
    pub(super) from: NodeState,
    pub(super) to: NodeState,
    pub(super) cause: Cause,
}

fn place(id: TransId) -> Option<usize> {
    usize::try_from(id.0).ok()?.checked_rem(TRANSITIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{
        Incarnation,
        NodeId, //
    };

    fn happening() -> Happening {
        Happening {
            epoch: Epoch(1),
            wall_us: 0,
            instance: Instance::new(NodeId::new(1).unwrap(), Incarnation(1)),
            from: NodeState::ComingUp,
            to: NodeState::Up,
            cause: Cause::SubsystemsDone,
        }
    }

    #[test]
    fn the_last_ones_are_kept_without_gaps() {
        let mut history = Box::new(History::EMPTY);
        assert_eq!(history.first_id(), history.next_id());
        for _ in 0..TRANSITIONS_MAX + 10 {
            history.record(happening());
        }
        assert_eq!(history.first_id(), TransId(11));
        assert!(history.get(TransId(10)).is_none());
        assert!(history.get(history.next_id()).is_none());
        let ids: Vec<_> = history.since(TransId(0)).map(|t| t.id.0).collect();
        assert_eq!(ids, (11..=1034).collect::<Vec<_>>());
    }

    #[test]
    fn only_the_next_one_is_adopted() {
        let (mut old, mut new) = (Box::new(History::EMPTY), Box::new(History::EMPTY));
        let (first, second) = (old.record(happening()), old.record(happening()));
        assert!(!new.adopt(second) && new.adopt(first) && new.adopt(second));
        assert_eq!(new.last_id(), TransId(2));
    }
}
