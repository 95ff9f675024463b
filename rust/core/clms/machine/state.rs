// SPDX-License-Identifier: GPL-2.0

//! State of a node's machine.
//!
//! What all parts of the machine share; each part is a file with an `impl` of
//! [`Core`] that keeps one noun's rules.

use super::{
    super::{
        ballot::Ballot,
        barrier::Barrier,
        detector::Detector,
        event::{
            Boot,
            Event,
            Now,
            Out,
            Output,
            Reject, //
        },
        history::History,
        membership::Membership,
        message::{
            encode_history,
            Message,
            Room,
            MESSAGE_BYTES_MAX, //
        },
        parameters::Parameters,
        proposal::{
            Accepted,
            Proposal, //
        },
        statistics::Statistics,
        transition::TransId,
    },
    admission::Joiners,
    candidate::Election,
    fence::FenceDesk,
    leader::Lead,
    outside::Outlook, //
};
use crate::{
    ids::{
        Incarnation,
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    time::Instant, //
};

/// Most decisions in a row without a new event; a cluster of one needs a few.
const ADVANCES_MAX: usize = 8;

/// What a node is, with what it needs to be that.
pub(super) enum RoleState {
    Booting,
    Outside(Outlook),
    Follower,
    /// Who has said that the leader is gone.
    Polling(NodeSet),
    Electing(Election),
    Leading(Lead),
    Halted,
}

/// A life for each node.
pub(super) type Lives = [Incarnation; NODES_LEN];

pub(super) struct Core {
    pub(super) boot: Option<Boot>,
    pub(super) me: Option<Instance>,
    pub(super) role: RoleState,
    /// What was agreed.
    pub(super) state: Membership,
    /// The step that led there, for those who are one behind.
    pub(super) last: Proposal,
    /// This node follows no lower ballot.
    pub(super) promised: Ballot,
    /// The last proposal accepted; the one being prepared when this node leads.
    pub(super) accepted: Accepted,
    /// Where a leader writes its next proposal.
    pub(super) draft: Proposal,
    pub(super) roster: NodeSet,
    /// Serial number of the last death.
    pub(super) serial: u64,
    /// The lives up to these are over.
    pub(super) over: Lives,
    /// Members of the view that are dead.
    pub(super) dead: NodeSet,
    /// Members whose detection has begun.
    pub(super) known: NodeSet,
    /// Whom to watch has to be worked out again.
    pub(super) is_watch_stale: bool,
    /// The lives that said they leave.
    pub(super) leaving: Lives,
    /// The lives this node has a connection with.
    pub(super) links: Lives,
    pub(super) detector: Detector,
    pub(super) barrier: Barrier,
    pub(super) joiners: Joiners,
    pub(super) fence: FenceDesk,
    /// Nodes a user of this node wants to shut down.
    pub(super) asked: NodeSet,
    /// Nodes the leader was asked to shut down.
    pub(super) shutdowns: NodeSet,
    pub(super) cleanup: Cleanup,
    /// Since when this node waits for others before it can decide.
    pub(super) waits_since: Option<Instant>,
    /// When the first of the joiners came.
    pub(super) gather_since: Option<Instant>,
    /// When the leader was found to be gone.
    pub(super) noticed: Option<Instant>,
    /// Who asked whether the leader is gone, and had no answer yet.
    pub(super) pollers: NodeSet,
    pub(super) next_beat: Instant,
    pub(super) next_retry: Instant,
    /// When something is due next.
    pub(super) wake: Option<Instant>,
    /// What the driver was told of it, unless it has woken this node since.
    pub(super) alarm: Option<Instant>,
    pub(super) parameters: Parameters,
    /// The same with the beat interval of a cluster of this size.
    pub(super) pace: Parameters,
    pub(super) statistics: Statistics,
    pub(super) post: Post,
}

/// User-level cleanups the leader has asked its node for.
pub(super) struct Cleanup {
    pub(super) asked: NodeSet,
    pub(super) done: NodeSet,
    /// When each was asked for.
    pub(super) since: [Instant; NODES_LEN],
}

impl Cleanup {
    /// Until when the one after `node` may take.
    pub(super) fn due(&self, node: NodeId, p: &Parameters) -> Instant {
        let since = self.since.get(node.index()).copied();
        since.unwrap_or(Instant(0)).after(p.cleanup_max)
    }
}

/// One event's time and surroundings.
pub(super) struct Turn<'t, 'o> {
    pub(super) now: Now,
    pub(super) history: &'t mut History,
    pub(super) out: &'t mut Out<'o>,
}

impl Turn<'_, '_> {
    pub(super) const fn instant(&self) -> Instant {
        self.now.instant
    }
}

/// Where messages are written.
pub(super) struct Post {
    body: [u8; MESSAGE_BYTES_MAX],
    pub(super) sent: u64,
}

impl Post {
    pub(super) fn send(&mut self, to: NodeSet, message: &Message<'_>, out: &mut Out<'_>) {
        if let Ok(len) = message.encode(&mut self.body) {
            self.put(to, len, out);
        }
    }

    /// Sends the kept transitions.
    pub(super) fn send_history(&mut self, to: NodeSet, history: &History, out: &mut Out<'_>) {
        let mut next = history.first_id();
        while next < history.next_id() {
            let Ok((len, behind)) = encode_history(history, next, &mut self.body) else {
                return;
            };
            self.put(to, len, out);
            // Nothing goes in a message only if there is nothing.
            next = behind.max(TransId(next.0.saturating_add(1)));
        }
    }

    fn put(&mut self, to: NodeSet, len: usize, out: &mut Out<'_>) {
        let Some(body) = self.body.get(..len).filter(|_| !to.is_empty()) else {
            return;
        };
        let targets = u64::try_from(to.len()).unwrap_or(u64::MAX);
        self.sent = self.sent.saturating_add(targets);
        out.put(Output::Send { to, body });
    }
}

impl Core {
    pub(super) const INITIAL: Self = Self {
        boot: None,
        me: None,
        role: RoleState::Booting,
        state: Membership::NONE,
        last: Proposal::NONE,
        promised: Ballot::NONE,
        accepted: Accepted::NONE,
        draft: Proposal::NONE,
        roster: NodeSet::EMPTY,
        serial: 0,
        over: [Incarnation(0); NODES_LEN],
        dead: NodeSet::EMPTY,
        known: NodeSet::EMPTY,
        is_watch_stale: false,
        leaving: [Incarnation(0); NODES_LEN],
        links: [Incarnation(0); NODES_LEN],
        detector: Detector::NEW,
        barrier: Barrier::NEW,
        joiners: Joiners::NONE,
        fence: FenceDesk::NEW,
        asked: NodeSet::EMPTY,
        shutdowns: NodeSet::EMPTY,
        cleanup: Cleanup {
            asked: NodeSet::EMPTY,
            done: NodeSet::EMPTY,
            since: [Instant(0); NODES_LEN],
        },
        waits_since: None,
        gather_since: None,
        noticed: None,
        pollers: NodeSet::EMPTY,
        next_beat: Instant(0),
        next_retry: Instant(0),
        wake: None,
        alarm: None,
        parameters: Parameters::DEFAULT,
        pace: Parameters::DEFAULT,
        statistics: Statistics::ZERO,
        post: Post {
            body: [0; MESSAGE_BYTES_MAX],
            sent: 0,
        },
    };

    /// Takes one event, whatever the role.
    pub(super) fn take(
        &mut self,
        event: Event<'_>,
        room: &mut Room,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        match event {
            Event::Boot(boot) => self.boot(boot, turn),
            Event::Host(message) => self.host(message, turn),
            Event::Linked(peer) => self.linked(peer, turn),
            Event::Unlinked(peer) => self.unlinked(peer, turn),
            Event::Message { from, body } => self.message(from, body, room, turn),
            Event::Beat { from, body } => self.beat(from, body, turn),
            Event::Tick => {
                // It may have come early: then it is asked for again.
                self.alarm = None;
                Ok(())
            }
            Event::SubsystemsDone(epoch) => self.subsystems_done(epoch, turn),
            Event::CleanedUp(instance) => self.cleaned_up(instance),
            Event::ShutDown(node) => self.shut_down(node, turn),
            Event::Leave => self.leave(turn),
            Event::Tune(parameters) => self.tune(parameters),
        }
    }

    /// Decides what follows from what is known by now.
    pub(super) fn advance(&mut self, turn: &mut Turn<'_, '_>) {
        for _ in 0..ADVANCES_MAX {
            let goes_on = match self.role {
                RoleState::Booting | RoleState::Outside(_) | RoleState::Halted => false,
                RoleState::Follower => self.follow_on(turn),
                RoleState::Polling(_) => self.poll_on(turn),
                RoleState::Electing(_) => self.elect_on(turn),
                RoleState::Leading(_) => self.lead_on(turn),
            };
            if !goes_on {
                return;
            }
        }
    }

    pub(super) const fn number(&self) -> Option<NodeId> {
        match self.me {
            Some(me) => Some(me.node),
            None => None,
        }
    }

    pub(super) fn is_me(&self, node: NodeId) -> bool {
        self.number() == Some(node)
    }

    pub(super) const fn is_member(&self) -> bool {
        match self.role {
            RoleState::Booting | RoleState::Outside(_) | RoleState::Halted => false,
            RoleState::Follower
            | RoleState::Polling(_)
            | RoleState::Electing(_)
            | RoleState::Leading(_) => true,
        }
    }

    pub(super) const fn is_leader(&self) -> bool {
        matches!(self.role, RoleState::Leading(_))
    }

    /// Who leads, or wants to, by this node's promise.
    pub(super) fn leader(&self) -> Option<NodeId> {
        self.promised.proposer.filter(|_| self.is_member())
    }

    /// The leader as a target; nobody when this node leads.
    pub(super) fn to_leader(&self) -> NodeSet {
        let leader = self.leader().filter(|&leader| !self.is_me(leader));
        leader.into_iter().collect()
    }

    /// Members that are not proven dead.
    pub(super) fn living(&self) -> NodeSet {
        self.state.members.difference(&self.dead)
    }

    /// Living members but this one.
    pub(super) fn others(&self) -> NodeSet {
        let mut others = self.living();
        if let Some(me) = self.me {
            others.remove(me.node);
        }
        others
    }

    /// Whether that life is proven over.
    pub(super) fn is_over(&self, instance: Instance) -> bool {
        life(&self.over, instance.node) >= instance.incarnation
    }

    pub(super) fn is_linked(&self, instance: Instance) -> bool {
        life(&self.links, instance.node) == instance.incarnation
    }

    /// Nodes this one has a connection with.
    pub(super) fn linked_nodes(&self) -> NodeSet {
        NodeId::all()
            .filter(|&node| life(&self.links, node) != Incarnation(0))
            .collect()
    }

    /// Linked nodes that are no members.
    pub(super) fn outsiders(&self) -> NodeSet {
        let is_outsider = |node: &NodeId| {
            let linked = Instance::new(*node, life(&self.links, *node));
            linked.incarnation != Incarnation(0) && !self.state.view.has(linked)
        };
        NodeId::all().filter(is_outsider).collect()
    }

    /// Whether `node`, a member, is gone for this one.
    pub(super) fn is_gone(&self, node: NodeId, now: Instant) -> bool {
        self.number()
            .is_some_and(|me| self.detector.is_gone(me, node, now, &self.pace))
    }
}

pub(super) fn life(lives: &Lives, node: NodeId) -> Incarnation {
    lives.get(node.index()).copied().unwrap_or_default()
}

pub(super) fn set_life(lives: &mut Lives, instance: Instance) {
    if let Some(slot) = lives.get_mut(instance.node.index()) {
        *slot = instance.incarnation;
    }
}
