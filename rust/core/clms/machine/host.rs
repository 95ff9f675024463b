// SPDX-License-Identifier: GPL-2.0

//! What the supervisor says.
//!
//! Who this node is, who died, whether to found a cluster, what became of a fence.

use super::{
    super::{
        ballot::Ballot,
        event::{
            Boot,
            Halt,
            Output,
            Reject,
            Supervision, //
        },
        proposal::Proposal,
        transition::TransId,
    },
    leader::Lead,
    outside::Outlook, //
    state::{
        life,
        set_life,
        Core,
        RoleState,
        Turn, //
    },
};
use crate::{
    hostlink::{
        FromNode,
        Reach,
        Standing,
        ToNode,
        Welcome,
        KEY_BYTES, //
    },
    ids::{
        Epoch,
        Incarnation,
        Instance, //
    },
    node_set::NodeSet, //
};

impl Core {
    pub(super) fn boot(&mut self, boot: Boot, turn: &mut Turn<'_, '_>) -> Result<(), Reject> {
        if self.boot.is_some() {
            return Err(Reject::OutOfPlace);
        }
        self.boot = Some(boot);
        let Boot {
            node, build, nonce, ..
        } = boot;
        match boot.supervision {
            Supervision::Host => turn
                .out
                .put(Output::Host(FromNode::Hello { node, build, nonce })),
            Supervision::Nobody => {
                let alone = Welcome {
                    nonce,
                    me: Instance::new(node, Incarnation(1)),
                    key: [0; KEY_BYTES],
                    roster: NodeSet::only(node),
                    reach: Reach::OneHost,
                    serial: 0,
                };
                self.welcome(&alone, turn)?;
                self.found(Epoch::NONE, turn)?;
            }
        }
        Ok(())
    }

    pub(super) fn host(&mut self, message: ToNode, turn: &mut Turn<'_, '_>) -> Result<(), Reject> {
        if matches!(self.role, RoleState::Halted) {
            return Err(Reject::OutOfPlace);
        }
        match message {
            ToNode::Welcome(welcome) => self.welcome(&welcome, turn),
            ToNode::Roster(roster) => {
                self.roster = roster;
                turn.out.put(Output::Roster(roster));
                Ok(())
            }
            ToNode::Death { instance, serial } => self.death(instance, serial, turn),
            ToNode::Found { base } => self.found(base, turn),
            ToNode::FenceAnswer { request, verdict } => self.fence_answered(request, verdict, turn),
        }
    }

    fn welcome(&mut self, welcome: &Welcome, turn: &mut Turn<'_, '_>) -> Result<(), Reject> {
        let (Some(boot), RoleState::Booting) = (self.boot, &self.role) else {
            return Err(Reject::OutOfPlace);
        };
        if welcome.nonce != boot.nonce {
            return Err(Reject::Stale);
        }
        if welcome.me.node != boot.node {
            self.role = RoleState::Halted;
            turn.out.put(Output::Halt(Halt::WrongNode {
                booted: boot.node,
                given: welcome.me.node,
            }));
            return Ok(());
        }
        self.me = Some(welcome.me);
        self.roster = welcome.roster;
        self.serial = welcome.serial;
        self.role = RoleState::Outside(Outlook::NEW);
        turn.out.put(Output::Identity(welcome));
        self.report(turn);
        Ok(())
    }

    /// A life is over. Its session ends first, so nothing of it can still arrive
    /// when the supervisor hears that this death was taken in.
    fn death(
        &mut self,
        instance: Instance,
        serial: u64,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Reject> {
        let Some(me) = self.me else {
            return Err(Reject::OutOfPlace);
        };
        if instance.node == me.node && instance.incarnation >= me.incarnation {
            return Err(Reject::Contradiction);
        }
        let is_news = serial > self.serial;
        self.serial = self.serial.max(serial);
        if !self.is_over(instance) {
            set_life(&mut self.over, instance);
        }
        if life(&self.links, instance.node) <= instance.incarnation {
            set_life(
                &mut self.links,
                Instance::new(instance.node, Incarnation(0)),
            );
        }
        let member = self.state.view.member(instance.node);
        if member.is_some_and(|member| self.is_over(member)) {
            self.dead.insert(instance.node);
            self.is_watch_stale = true;
        }
        self.joiners.remove(instance);
        turn.out.put(Output::End(instance));
        if is_news {
            self.report(turn);
        }
        self.outlook_lost(instance, turn);
        Ok(())
    }

    pub(super) fn report(&mut self, turn: &mut Turn<'_, '_>) {
        if !self.has_host() {
            return;
        }
        let standing = if self.is_member() {
            Standing::Member(self.state.view.epoch)
        } else {
            Standing::Outside
        };
        let serial = self.serial;
        turn.out
            .put(Output::Host(FromNode::Report { serial, standing }));
    }

    pub(super) fn has_host(&self) -> bool {
        self.boot
            .is_some_and(|boot| boot.supervision == Supervision::Host)
    }

    /// This node is the cluster, alone; the others join it.
    fn found(&mut self, base: Epoch, turn: &mut Turn<'_, '_>) -> Result<(), Reject> {
        let (Some(me), Some(boot), RoleState::Outside(_)) = (self.me, self.boot, &self.role) else {
            return Err(Reject::OutOfPlace);
        };
        turn.history.restart(TransId::first_above(base));
        self.state
            .found(me, boot.facts, base, turn.now.wall_us, turn.history);
        self.last = Proposal::NONE;
        self.promised = Ballot::above(Ballot::NONE, me.node);
        self.role = RoleState::Leading(Lead::NEW);
        let first = turn.history.first_id();
        self.view_installed(first, turn);
        self.tell_host_view(turn);
        Ok(())
    }
}
