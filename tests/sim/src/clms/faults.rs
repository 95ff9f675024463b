// SPDX-License-Identifier: GPL-2.0

//! What can go wrong.

use std::collections::HashSet;

use ssi_core::ids::NodeId;

/// Faults of the network that hold now, from node to node.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Nothing gets through.
    pub cut: HashSet<(NodeId, NodeId)>,
    /// Only heartbeats get through.
    pub broken: HashSet<(NodeId, NodeId)>,
    /// A connection comes up and breaks at the first message.
    pub flapping: HashSet<(NodeId, NodeId)>,
    /// Heartbeats lost, in thousandths.
    pub loss: u64,
    /// Heartbeats that come twice, in thousandths.
    pub twice: u64,
    /// Longest delay of anything, in microseconds.
    pub delay: u64,
}

impl Network {
    /// Whether a heartbeat gets from `a` to `b`.
    pub fn carries_beat(&self, a: NodeId, b: NodeId) -> bool {
        !self.cut.contains(&(a, b))
    }

    /// Whether a byte of a connection gets from `a` to `b`.
    pub fn carries_bytes(&self, a: NodeId, b: NodeId) -> bool {
        self.carries_beat(a, b) && !self.broken.contains(&(a, b))
    }

    /// Whether anything gets from `a` to `b`.
    pub fn is_sound(&self, a: NodeId, b: NodeId) -> bool {
        self.carries_bytes(a, b) && !self.flapping.contains(&(a, b))
    }

    /// Whether a connection between `a` and `b` can be and last.
    pub fn connects(&self, a: NodeId, b: NodeId) -> bool {
        self.carries_bytes(a, b) && self.carries_bytes(b, a)
    }
}

/// Something to do to the cluster.
#[derive(Clone, Debug)]
pub enum Fault {
    /// SIGKILL.
    Crash(NodeId),
    /// SIGKILL in the middle of what it does, so many effects from now.
    Trip(NodeId, u64),
    /// The kernel boots again without its process ending.
    Reboot(NodeId),
    /// Start it, if it does not run.
    Start(NodeId),
    /// SIGSTOP.
    Freeze(NodeId),
    /// SIGSTOP for so many microseconds, too short to cost anybody anything.
    Nap(NodeId, u64),
    /// SIGCONT.
    Resume(NodeId),
    /// Nothing gets from one to the other.
    Cut(Vec<NodeId>, Vec<NodeId>),
    /// No connection between one and the other.
    Break(NodeId, NodeId),
    /// The connection from one to the other breaks whenever it should carry a message.
    Flap(NodeId, NodeId),
    /// The connection between two is reset once.
    Reset(NodeId, NodeId),
    /// No fault of the network any more.
    Heal,
    /// Takes so long for each event, at most, in microseconds.
    Slow(NodeId, u64),
    /// Its clock is moved ahead, in microseconds.
    Jump(NodeId, u64),
    /// Heartbeats lost, in thousandths.
    Loss(u64),
    /// Longest delay of anything, in microseconds.
    Delay(u64),
    /// A user of one node wants another shut down.
    ShutDown(NodeId, NodeId),
    /// A node ends in order, unasked.
    Leave(NodeId),
}
