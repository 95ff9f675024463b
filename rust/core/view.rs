// SPDX-License-Identifier: GPL-2.0

//! View of the membership.
//!
//! Which nodes there are, in which state and life, under which number: what all
//! features share of CLMS. The states are OpenSSI's eight.

use core::fmt;

use crate::{
    ids::{
        Epoch,
        Incarnation,
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet, //
};

/// Where a node stands. The order is that of a life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeState {
    /// It was never a member.
    #[default]
    NeverUp,
    /// It is a member, and not all subsystems of all nodes know it yet.
    ComingUp,
    /// It is a member in full.
    Up,
    /// It was asked to shut down and is still a member in full.
    Shutdown,
    /// It is no member any more.
    GoingDown,
    /// The subsystems of the members clean up after it.
    KCleanup,
    /// User-level cleanup after it runs.
    UCleanup,
    /// Nothing of it is left.
    Down,
}

impl NodeState {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 8] = [
        Self::NeverUp,
        Self::ComingUp,
        Self::Up,
        Self::Shutdown,
        Self::GoingDown,
        Self::KCleanup,
        Self::UCleanup,
        Self::Down,
    ];

    /// Whether a node in this state is a member of the view.
    pub const fn is_member(self) -> bool {
        matches!(self, Self::ComingUp | Self::Up | Self::Shutdown)
    }

    /// The state on the wire, `0..=7`.
    pub const fn code(self) -> u8 {
        match self {
            Self::NeverUp => 0,
            Self::ComingUp => 1,
            Self::Up => 2,
            Self::Shutdown => 3,
            Self::GoingDown => 4,
            Self::KCleanup => 5,
            Self::UCleanup => 6,
            Self::Down => 7,
        }
    }

    /// The state with this code, `None` for any other.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// OpenSSI's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverUp => "NEVERUP",
            Self::ComingUp => "COMINGUP",
            Self::Up => "UP",
            Self::Shutdown => "SHUTDOWN",
            Self::GoingDown => "GOINGDOWN",
            Self::KCleanup => "KCLEANUP",
            Self::UCleanup => "UCLEANUP",
            Self::Down => "DOWN",
        }
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a view says of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its state.
    pub state: NodeState,
    /// The life the state is that of; 0 when it never was up.
    pub incarnation: Incarnation,
}

/// A numbered view of the membership.
#[derive(Clone, PartialEq, Eq)]
pub struct View {
    /// Its number.
    pub epoch: Epoch,
    /// Who coordinates the change to the next one; `None` only before the first.
    pub coordinator: Option<NodeId>,
    entries: [Entry; NODES_LEN],
}

impl View {
    /// The view before the first: nobody is in.
    pub const EMPTY: Self = Self {
        epoch: Epoch::NONE,
        coordinator: None,
        entries: [Entry {
            state: NodeState::NeverUp,
            incarnation: Incarnation(0),
        }; NODES_LEN],
    };

    /// What it says of `node`.
    pub fn entry(&self, node: NodeId) -> Entry {
        self.entries.get(node.index()).copied().unwrap_or_default()
    }

    /// Says `entry` of `node`.
    pub fn set(&mut self, node: NodeId, entry: Entry) {
        if let Some(slot) = self.entries.get_mut(node.index()) {
            *slot = entry;
        }
    }

    /// Nodes that are members.
    pub fn members(&self) -> NodeSet {
        NodeId::all()
            .filter(|&node| self.entry(node).state.is_member())
            .collect()
    }

    /// Nodes in `state`.
    pub fn in_state(&self, state: NodeState) -> NodeSet {
        NodeId::all()
            .filter(|&node| self.entry(node).state == state)
            .collect()
    }

    /// Whether `instance` is a member, in that life.
    pub fn has(&self, instance: Instance) -> bool {
        self.member(instance.node) == Some(instance)
    }

    /// The life in which `node` is a member.
    pub fn member(&self, node: NodeId) -> Option<Instance> {
        let entry = self.entry(node);
        let instance = Instance::new(node, entry.incarnation);
        entry.state.is_member().then_some(instance)
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "view {} of {}", self.epoch, self.members())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_from_its_code() {
        for state in NodeState::ALL {
            assert_eq!(NodeState::from_code(state.code()), Some(state));
        }
        assert_eq!(NodeState::from_code(8), None);
    }

    #[test]
    fn members_are_those_in_three_states() {
        let mut view = View::EMPTY;
        for (node, state) in NodeId::all().zip(NodeState::ALL) {
            let incarnation = Incarnation(7);
            view.set(node, Entry { state, incarnation });
        }
        assert_eq!(view.members().to_string(), "2-4");
        let up = Instance::new(NodeId::new(3).unwrap(), Incarnation(7));
        assert!(view.has(up));
        let earlier = Instance::new(up.node, Incarnation(6));
        assert!(!view.has(earlier));
    }
}
