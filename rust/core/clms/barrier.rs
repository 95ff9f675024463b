// SPDX-License-Identifier: GPL-2.0

//! Who has taken the view in.
//!
//! A view is active when the subsystems of all its living members have been told.
//! Every node keeps the list, so that whoever comes to lead finds it.

use crate::{
    ids::Epoch,
    ids::NodeId,
    node_set::NodeSet, //
};

/// The members that have said Done.
#[derive(Clone, Debug)]
pub(super) struct Barrier {
    epoch: Epoch,
    done: NodeSet,
}

impl Barrier {
    pub(super) const NEW: Self = Self {
        epoch: Epoch::NONE,
        done: NodeSet::EMPTY,
    };

    /// A view with this number holds: nobody has taken it in.
    pub(super) fn restart(&mut self, epoch: Epoch) {
        if epoch != self.epoch {
            *self = Self {
                epoch,
                done: NodeSet::EMPTY,
            };
        }
    }

    /// `node` has taken in the view `epoch`; whether that is the one that holds.
    pub(super) fn done(&mut self, node: NodeId, epoch: Epoch) -> bool {
        let holds = epoch == self.epoch;
        if holds {
            self.done.insert(node);
        }
        holds
    }

    pub(super) fn has(&self, node: NodeId) -> bool {
        self.done.contains(node)
    }

    /// Whether all of `living` have.
    pub(super) fn is_passed_by(&self, living: &NodeSet) -> bool {
        living.is_subset(&self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_are_not_waited_for_and_the_living_are() {
        let nodes: Vec<_> = NodeId::all().take(3).collect();
        let mut barrier = Barrier::NEW;
        barrier.restart(Epoch(2));
        assert!(!barrier.done(nodes[0], Epoch(1)));
        assert!(barrier.done(nodes[0], Epoch(2)) && barrier.done(nodes[1], Epoch(2)));
        let all: NodeSet = nodes.iter().copied().collect();
        assert!(!barrier.is_passed_by(&all));
        assert!(barrier.is_passed_by(&all.without(nodes[2])));
        barrier.restart(Epoch(3));
        assert!(!barrier.has(nodes[0]));
    }
}
