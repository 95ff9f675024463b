// SPDX-License-Identifier: GPL-2.0

//! Membership machine of a node.

use super::{
    event::{
        Event,
        Now,
        Out,
        Reject, //
    },
    facts::Facts,
    history::History,
    parameters::Parameters,
    statistics::Statistics, //
};
use crate::{
    ids::{
        Instance,
        NodeId, //
    },
    view::View, //
};

/// The machine. Large (some 25 KiB): keep it in a static or a box.
pub struct Machine {
    me: Option<Instance>,
    view: View,
    parameters: Parameters,
    statistics: Statistics,
}

/// What a node is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It does not know yet who it is.
    Booting,
    /// It is no member.
    Outside,
    /// It is a member and follows the leader.
    Follower,
    /// It asks the others whether the leader is gone.
    Polling,
    /// It wants to lead.
    Candidate,
    /// It leads: the coordinator.
    Leader,
    /// It was excluded.
    Halted,
}

impl Machine {
    /// Before the first event.
    pub const INITIAL: Self = Self {
        me: None,
        view: View::EMPTY,
        parameters: Parameters::DEFAULT,
        statistics: Statistics::ZERO,
    };

    /// Takes one event.
    ///
    /// # Errors
    ///
    /// [`Reject`] when it had no effect.
    pub fn step(
        &mut self,
        _now: Now,
        _event: Event<'_>,
        _history: &mut History,
        _out: &mut Out<'_>,
    ) -> Result<(), Reject> {
        Err(Reject::OutOfPlace)
    }

    /// Who this node is; `None` before the supervisor said so.
    pub const fn me(&self) -> Option<Instance> {
        self.me
    }

    /// The view that holds; [`View::EMPTY`] outside.
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Whether every member's subsystems have taken the view in.
    pub const fn is_active(&self) -> bool {
        false
    }

    /// Who leads, as far as this node knows.
    pub const fn leader(&self) -> Option<NodeId> {
        None
    }

    /// What this node is to the cluster.
    pub const fn role(&self) -> Role {
        Role::Booting
    }

    /// What `node` said of itself when it joined.
    pub const fn facts(&self, _node: NodeId) -> Facts {
        Facts::NONE
    }

    /// The intervals in force.
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// What it has done so far.
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}
