// SPDX-License-Identifier: GPL-2.0

//! Membership machine of a node.
//!
//! ```text
//!            Welcome           Admit, or Found
//!  Booting ---------> Outside -----------------> Follower <------------------+
//!                                    (Found:        |  ^                     |
//!                                     Leader)       |  | leader is back      |
//!                             leader silent, for me |  |                     |
//!                                                   v  |                     |
//!                                                 Polling                    |
//!                        leader proven dead |       | half of them agree     |
//!                                           v       v                        |
//!                                          Candidate --- higher ballot ----->+
//!                                               |                            |
//!                   all have promised or died   |                            |
//!                                               v                            |
//!                                            Leader ---- higher ballot ----->+
//! ```
//!
//! Members take numbered steps. A step is a new view or the activation of one. The
//! leader takes it when every member of the view that holds has accepted it or is
//! proven dead; so whoever is alive later knows of it, and a leader to come
//! proposes the same. All rests on that, and on deaths being proven; no safety
//! rests on time or on counting votes.
//!
//! ```text
//!        Prepare               all Prepared, or dead         all Done
//! Idle ----------> Preparing --------------------------> Idle ------> Preparing ...
//!   ^                |    |                Commit                      (Active)
//!   +----------------+    +--> only the gone are missing: Fence
//!     nothing to change
//!     any more; else Prepare again with the next revision
//! ```
//!
//! The driver owns the [`History`], because others read it.

mod admission;
mod candidate;
mod clock;

mod fence;
mod follower;
mod host;
mod install;
mod leader;
mod messages;
mod outside;
mod state;
#[cfg(test)]
mod tests;

use super::{
    ballot::Step,
    detector::Look,
    event::{
        Event,
        Now,
        Out,
        Reject, //
    },
    facts::Facts,
    history::History,
    message::Room,
    parameters::Parameters,
    statistics::{
        count,
        Statistics, //
    },
};
use crate::{
    ids::{
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    time::{
        Instant,
        Span, //
    },
    view::View, //
};

use self::state::{
    Core,
    RoleState,
    Turn, //
};

/// The machine. Large (some 25 KiB): keep it in a static or a box.
pub struct Machine {
    core: Core,
    room: Room,
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

/// A decision that waits for other members. A moment of it belongs to every change; a
/// long one means that this side may not go on without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// Since when.
    pub since: Instant,
    /// The living members that have not answered.
    pub missing: NodeSet,
    /// Those of them that are gone for this node.
    pub unheard: NodeSet,
}

impl Role {
    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Booting => "booting",
            Self::Outside => "outside",
            Self::Follower => "follower",
            Self::Polling => "polling",
            Self::Candidate => "candidate",
            Self::Leader => "leader",
            Self::Halted => "halted",
        }
    }
}

impl Machine {
    /// Before the first event.
    pub const INITIAL: Self = Self {
        core: Core::INITIAL,
        room: Room::NEW,
    };

    /// Takes one event.
    ///
    /// # Errors
    ///
    /// [`Reject`] when it had no effect; it is counted.
    pub fn step(
        &mut self,
        now: Now,
        event: Event<'_>,
        history: &mut History,
        out: &mut Out<'_>,
    ) -> Result<(), Reject> {
        let mut turn = Turn { now, history, out };
        let Self { core, room } = self;
        core.notice_sleep(&turn);
        let outcome = core.take(event, room, &mut turn);
        match outcome {
            Err(Reject::Malformed) => count(&mut core.statistics.malformed),
            Err(_) => count(&mut core.statistics.refused),
            Ok(()) => {}
        }
        core.pass_time(&mut turn);
        core.advance(&mut turn);
        core.notice_waiting(now.instant);
        core.ask_to_be_woken(&mut turn);
        core.statistics.messages_sent = core.post.sent;
        outcome
    }

    /// Who this node is; `None` before the supervisor said so.
    pub const fn me(&self) -> Option<Instance> {
        self.core.me
    }

    /// The view that holds; [`View::EMPTY`] outside.
    pub const fn view(&self) -> &View {
        &self.core.state.view
    }

    /// How many steps have led to it.
    pub const fn steps(&self) -> Step {
        self.core.state.step
    }

    /// Whether every member's subsystems have taken the view in.
    pub const fn is_active(&self) -> bool {
        self.core.state.is_active && self.core.state.step.0 > 0
    }

    /// Who leads, as far as this node knows.
    pub fn leader(&self) -> Option<NodeId> {
        self.core.leader()
    }

    /// What this node is to the cluster.
    pub const fn role(&self) -> Role {
        match self.core.role {
            RoleState::Booting => Role::Booting,
            RoleState::Outside(_) => Role::Outside,
            RoleState::Follower => Role::Follower,
            RoleState::Polling(_) => Role::Polling,
            RoleState::Electing(_) => Role::Candidate,
            RoleState::Leading(_) => Role::Leader,
            RoleState::Halted => Role::Halted,
        }
    }

    /// What `node` said of itself when it joined.
    pub fn facts(&self, node: NodeId) -> Facts {
        self.core.state.facts(node)
    }

    /// How `node` looks to this one, and for how long it was silent. Nothing is
    /// known of one that is not watched.
    pub fn look(&self, node: NodeId, now: Instant) -> (Look, Span) {
        let me = self.core.number();
        let look = me.map_or(Look::Unwatched, |me| {
            self.core.detector.look(me, node, now, &self.core.pace)
        });
        (look, self.core.detector.silence(node, now))
    }

    /// For whom this node waits before it can lead or decide; `None` when it does not.
    pub fn standstill(&self, now: Instant) -> Option<Standstill> {
        let since = self.core.waits_since?;
        let missing = self.core.awaited();
        let is_unheard = |node: &NodeId| self.core.is_gone(*node, now);
        Some(Standstill {
            since,
            missing,
            unheard: missing.iter().filter(is_unheard).collect(),
        })
    }

    /// The intervals in force.
    pub const fn parameters(&self) -> &Parameters {
        &self.core.parameters
    }

    /// What it has done so far.
    pub const fn statistics(&self) -> &Statistics {
        &self.core.statistics
    }
}
