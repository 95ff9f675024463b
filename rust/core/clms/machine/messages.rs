// SPDX-License-Identifier: GPL-2.0

//! Messages of peers, sorted.
//!
//! Who may say what: the dead nothing, outsiders little, members the rest.

use super::{
    super::{
        beat::{
            Beat,
            Sort, //
        },
        event::{
            Halt,
            Output,
            Reject, //
        },
        message::{
            Message,
            Room,
            Status, //
        },
        proposal::{
            Change,
            Proposal, //
        },
        statistics::count,
    },
    outside::Admission, //
    state::{
        set_life,
        Core,
        RoleState,
        Turn, //
    },
};
use crate::{
    ids::{
        Epoch,
        Instance, //
    },
    node_set::NodeSet, //
};

impl Core {
    pub(super) fn message(
        &mut self,
        from: Instance,
        body: &[u8],
        room: &mut Room,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        count(&mut self.statistics.messages_received);
        if self.is_over(from) || self.is_me(from.node) {
            return Err(Reject::DeadSender);
        }
        let message = Message::decode(body, room).map_err(|_| Reject::Malformed)?;
        match self.role {
            RoleState::Booting | RoleState::Halted => Err(Reject::OutOfPlace),
            RoleState::Outside(_) => self.message_outside(from, message, turn),
            RoleState::Follower
            | RoleState::Polling(_)
            | RoleState::Electing(_)
            | RoleState::Leading(_) => self.message_inside(from, message, turn),
        }
    }

    fn message_outside(
        &mut self,
        from: Instance,
        message: Message<'_>,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        match message {
            Message::Status(status) => self.look_at(status, turn),
            Message::History(chunk) => self.load(from, chunk, turn),
            Message::Admit {
                ballot,
                state,
                next,
                last,
            } => {
                let admission = Admission {
                    ballot,
                    state,
                    next,
                    last,
                };
                self.admitted(from, admission, turn)
            }
            // The sender believes that this node is in: it has missed its
            // admission, and asks for it.
            Message::Prepare { .. } | Message::Elect { .. } => {
                self.tell_status(NodeSet::only(from.node), turn);
                Ok(())
            }
            Message::Join { .. }
            | Message::Prepared { .. }
            | Message::Refused { .. }
            | Message::Commit { .. }
            | Message::Done { .. }
            | Message::Poll { .. }
            | Message::Vote { .. }
            | Message::Promise { .. }
            | Message::ShutDown(_)
            | Message::Leave => Err(Reject::OutOfPlace),
        }
    }

    fn message_inside(
        &mut self,
        from: Instance,
        message: Message<'_>,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        if is_answer(&message) {
            self.detector.answered(from.node);
        }
        match message {
            Message::Status(status) => return self.status_inside(from, status, turn),
            Message::Join { facts, links } => return self.join_asked(from, facts, links, turn),
            Message::Commit { proposal } => {
                if !self.state.view.has(from) && !takes_in(proposal, from) {
                    return Err(Reject::NotMember);
                }
                return self.committed(from, proposal, turn);
            }
            _ if !self.state.view.has(from) => return Err(Reject::NotMember),
            _ => self
                .detector
                .sign_of_life(from.node, turn.instant(), &self.pace),
        }
        match message {
            Message::Prepare { ballot, proposal } => self.prepare(from, ballot, proposal, turn),
            Message::Prepared { ballot } => self.prepared(from, ballot),
            Message::Refused { promised, step } => self.refused(from, promised, step, turn),
            Message::Done { epoch } => self.done(from, epoch),
            Message::Poll { step } => self.polled(from, step, turn),
            Message::Vote { step } => self.voted(from, step),
            Message::Elect { ballot, step } => self.elected(from, ballot, step, turn),
            Message::Promise {
                ballot,
                step,
                barrier,
            } => self.promise(from, ballot, step, barrier),
            Message::ShutDown(instance) => self.shut_down_asked(instance),
            Message::Leave => {
                set_life(&mut self.leaving, from);
                Ok(())
            }
            // This node is in already, and the rest was taken above.
            Message::History(_)
            | Message::Admit { .. }
            | Message::Status(_)
            | Message::Join { .. }
            | Message::Commit { .. } => Err(Reject::Stale),
        }
    }

    fn status_inside(
        &mut self,
        from: Instance,
        status: Status,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let to = NodeSet::only(from.node);
        match status {
            Status::Outside if !self.state.view.has(from) => self.tell_status(to, turn),
            // A member that does not know it: it missed its admission, or was
            // admitted by a leader that died.
            Status::Outside => match self.role {
                RoleState::Leading(_) => {
                    self.admit(to, turn);
                    self.prepare_again(to, turn);
                }
                RoleState::Electing(_) => {
                    self.admit(to, turn);
                    self.send_elect(to, turn);
                }
                RoleState::Follower | RoleState::Polling(_) => self.tell_status(to, turn),
                RoleState::Booting | RoleState::Outside(_) | RoleState::Halted => {}
            },
            // Nobody has to believe a stranger.
            Status::Member { .. } if !self.state.view.has(from) => return Err(Reject::NotMember),
            Status::Member { epoch, members, .. } => {
                let has_me = self.me.is_some_and(|me| members.contains(me.node));
                let is_later = epoch > self.epoch().next();
                if is_later || (epoch > self.epoch() && !has_me) {
                    self.halt(epoch, turn);
                }
            }
        }
        Ok(())
    }

    pub(super) fn beat(
        &mut self,
        from: Instance,
        body: &[u8],
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        count(&mut self.statistics.beats_received);
        let beat = Beat::decode(body).map_err(|_| Reject::Malformed)?;
        if self.is_over(from) || self.is_me(from.node) {
            return Err(Reject::DeadSender);
        }
        if !self.is_member() {
            return Err(Reject::OutOfPlace);
        }
        if !self.state.view.has(from) {
            return Err(Reject::NotMember);
        }
        // Members are never more than one step apart.
        if beat.epoch > self.epoch().next() {
            self.halt(beat.epoch, turn);
            return Ok(());
        }
        let is_ours = beat.epoch == self.epoch();
        let deaf_to = if is_ours {
            beat.deaf_to
        } else {
            NodeSet::EMPTY
        };
        self.detector
            .heard(from.node, deaf_to, turn.instant(), &self.pace);
        let is_watched = self.detector.watched().contains(from.node);
        if beat.sort == Sort::Regular && !is_watched {
            self.send_beat(NodeSet::only(from.node), Sort::Echo, turn);
        }
        Ok(())
    }

    /// The others have gone on without this node.
    fn halt(&mut self, theirs: Epoch, turn: &mut Turn<'_, '_>) {
        let ours = self.epoch();
        self.role = RoleState::Halted;
        turn.out.put(Output::Halt(Halt::Excluded { ours, theirs }));
    }
}

/// Whether it may be what came of a question: the others are said unasked.
const fn is_answer(message: &Message<'_>) -> bool {
    match message {
        Message::Prepare { .. }
        | Message::Prepared { .. }
        | Message::Refused { .. }
        | Message::Elect { .. }
        | Message::Promise { .. }
        | Message::Vote { .. }
        | Message::Commit { .. }
        | Message::Status(_)
        | Message::History(_)
        | Message::Admit { .. } => true,
        Message::Join { .. }
        | Message::Done { .. }
        | Message::Poll { .. }
        | Message::ShutDown(_)
        | Message::Leave => false,
    }
}

/// Whether `proposal` takes in that life.
fn takes_in(proposal: &Proposal, instance: Instance) -> bool {
    matches!(
        proposal.change(instance.node),
        Change::Join(incarnation, _) if incarnation == instance.incarnation
    )
}
