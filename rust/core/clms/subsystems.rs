// SPDX-License-Identifier: GPL-2.0

//! Callbacks a view owes.
//!
//! Every subsystem of every member is told which nodes left and which came. All
//! nodes go through the same list: first the losses, subsystem by subsystem in
//! the order of registration and node by node within each, then the gains in the
//! same way. What is owed is the difference to what was told before, so a view
//! that comes before the last one was worked off merges with it.

use crate::{
    ids::{
        Incarnation,
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::{
        NodeSet,
        Nodes, //
    },
    view::View,
};

/// Most subsystems of a kernel; OpenSSI had room for 15.
pub const SUBSYSTEMS_MAX: usize = 32;

/// The lives the subsystems of this node have been told of.
#[derive(Clone)]
pub struct Told {
    up: [Incarnation; NODES_LEN],
}

/// What happened to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It left.
    Down,
    /// It came.
    Up,
}

/// One call to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Which subsystem, in the order of registration.
    pub subsystem: usize,
    /// What happened.
    pub direction: Direction,
    /// To whom.
    pub instance: Instance,
}

impl Told {
    /// They were told of nobody.
    pub const NOBODY: Self = Self {
        up: [Incarnation(0); NODES_LEN],
    };

    /// What `count` subsystems are owed when the view is `view`.
    pub fn owed(&self, view: &View, count: usize) -> Callbacks {
        let mut owed = Callbacks {
            told: self.clone(),
            new: Self::of(view),
            down: NodeSet::EMPTY,
            up: NodeSet::EMPTY,
            count,
            subsystem: 0,
            direction: Direction::Down,
            nodes: NodeSet::EMPTY.iter(),
        };
        for node in NodeId::all() {
            let (old, new) = (self.incarnation(node), owed.new.incarnation(node));
            if old == new {
                continue;
            }
            if old != Incarnation(0) {
                owed.down.insert(node);
            }
            if new != Incarnation(0) {
                owed.up.insert(node);
            }
        }
        owed.nodes = owed.down.iter();
        owed
    }

    /// What one subsystem is owed that registers when the others were told this.
    pub fn owed_to_newcomer(&self) -> impl Iterator<Item = Instance> + '_ {
        NodeId::all()
            .map(|node| Instance::new(node, self.incarnation(node)))
            .filter(|instance| instance.incarnation != Incarnation(0))
    }

    /// All of `view` was told.
    pub fn tell(&mut self, view: &View) {
        *self = Self::of(view);
    }

    fn of(view: &View) -> Self {
        let mut told = Self::NOBODY;
        for (node, slot) in NodeId::all().zip(told.up.iter_mut().skip(1)) {
            *slot = view
                .member(node)
                .map_or(Incarnation(0), |member| member.incarnation);
        }
        told
    }

    fn incarnation(&self, node: NodeId) -> Incarnation {
        self.up.get(node.index()).copied().unwrap_or_default()
    }
}

/// The calls a view owes, in order.
#[derive(Clone)]
pub struct Callbacks {
    told: Told,
    new: Told,
    down: NodeSet,
    up: NodeSet,
    count: usize,
    subsystem: usize,
    direction: Direction,
    nodes: Nodes,
}

impl Iterator for Callbacks {
    type Item = Callback;

    fn next(&mut self) -> Option<Callback> {
        loop {
            if self.subsystem >= self.count {
                if self.direction == Direction::Up {
                    return None;
                }
                self.direction = Direction::Up;
                self.subsystem = 0;
                self.nodes = self.up.iter();
                if self.count == 0 {
                    return None;
                }
            }
            let (set, lives) = match self.direction {
                Direction::Down => (self.down, &self.told),
                Direction::Up => (self.up, &self.new),
            };
            if let Some(node) = self.nodes.next() {
                return Some(Callback {
                    subsystem: self.subsystem,
                    direction: self.direction,
                    instance: Instance::new(node, lives.incarnation(node)),
                });
            }
            self.subsystem = self.subsystem.saturating_add(1);
            self.nodes = set.iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::NodeNumber,
        view::{
            Entry,
            NodeState, //
        },
    };

    fn view(lives: &[(NodeNumber, u64)]) -> View {
        let mut view = View::EMPTY;
        for &(number, incarnation) in lives {
            let entry = Entry {
                state: NodeState::Up,
                incarnation: Incarnation(incarnation),
            };
            view.set(NodeId::new(number).unwrap(), entry);
        }
        view
    }

    fn told(lives: &[(NodeNumber, u64)]) -> Told {
        let mut told = Told::NOBODY;
        told.tell(&view(lives));
        told
    }

    fn list(callbacks: Callbacks) -> Vec<String> {
        let name = |call: Callback| {
            let sign = match call.direction {
                Direction::Down => '-',
                Direction::Up => '+',
            };
            format!("{}{sign}{}", call.subsystem, call.instance)
        };
        callbacks.map(name).collect()
    }

    #[test]
    fn losses_come_before_gains_and_subsystems_in_order() {
        let owed = told(&[(1, 1), (2, 1), (5, 1)]).owed(&view(&[(1, 1), (3, 2), (5, 4)]), 2);
        let expected = [
            "0-2.1", "0-5.1", "1-2.1", "1-5.1", "0+3.2", "0+5.4", "1+3.2", "1+5.4",
        ];
        assert_eq!(list(owed), expected);
    }

    #[test]
    fn nothing_is_owed_for_what_was_told() {
        assert!(list(told(&[(1, 1)]).owed(&view(&[(1, 1)]), 3)).is_empty());
        assert!(list(Told::NOBODY.owed(&view(&[(1, 1)]), 0)).is_empty());
    }

    #[test]
    fn a_newcomer_hears_of_all() {
        let lives: Vec<_> = told(&[(2, 3), (4, 5)]).owed_to_newcomer().collect();
        assert_eq!(lives.len(), 2);
        assert_eq!(lives[1].to_string(), "4.5");
    }

    #[test]
    fn a_node_that_came_and_went_unseen_is_not_told() {
        // Told of {1}; a view with 2 was replaced before anybody was told.
        assert!(list(told(&[(1, 1)]).owed(&view(&[(1, 1)]), 1)).is_empty());
    }
}
