// SPDX-License-Identifier: GPL-2.0

//! Supervisor's part in the membership.
//!
//! The kernels agree among themselves who is in; the supervisor gives lives, proves
//! deaths, and kills whom the others go on without. [`Warden`](super::warden::Warden)
//! decides that; this file carries packets to it and does what it says.

use ssi_core::{
    ids::NodeId,
    node_set::NodeSet, //
};
use ssi_switch::{
    FaultChange,
    Report, //
};

use super::{
    cuts,
    host_link::Packet,
    machine::{
        Event,
        State, //
    },
    node::Node,
    standstill::Muster,
    warden::{
        Act,
        Pleas, //
    },
    Supervisor,
};
use crate::fenced::{
    Cause,
    Cure, //
};

impl Supervisor {
    /// Takes what the kernel of a node says, and sends what waits for it.
    pub(super) fn hear_host(&mut self, id: NodeId) {
        let Some(node) = self.cluster.get(id) else {
            return;
        };
        node.host().flush();
        node.host().begin_turn();
        while let Some(packet) = self.next_packet(id) {
            self.take_packet(id, &packet);
        }
        self.cluster
            .with(id, |node| node.listen_to_host(&self.world));
        self.obey();
    }

    /// Tells the members of every node that has died since the last call.
    pub(super) fn bury(&mut self) {
        let mut dead = Vec::new();
        self.cluster.each(|node| {
            if node.take_burial() {
                dead.push(node.id());
            }
        });
        for id in dead {
            // What it said before it died counts.
            while let Some(packet) = self.last_packet(id) {
                self.take_packet(id, &packet);
            }
            self.world.warden.bury(id);
        }
        self.obey();
    }

    /// After a change of the network's faults: the nodes that boot again because of it.
    pub(super) fn heal(&mut self, change: &FaultChange) -> Result<NodeSet, String> {
        let report = self.world.switch.report().map_err(|e| e.to_string())?;
        let running = self.running();
        let fenced: Vec<(NodeId, Cause)> =
            self.cluster.nodes().filter_map(waits_for_cure).collect();
        let mut cured = NodeSet::EMPTY;
        for (id, cause) in fenced {
            let wanted = cause == Cause::Cut || is_healing(change);
            if wanted && !cuts::touch(&report.faults, id, &running) {
                let world = &mut self.world;
                self.cluster
                    .with(id, |node| drop(node.step(Event::Healed, world)));
                cured.insert(id);
            }
        }
        Ok(cured)
    }

    /// What may keep a node that is ready out of the cluster.
    pub(super) fn why_outside(&self, id: NodeId, node: &Node) -> Option<String> {
        if self.is_cut_off(id) {
            return Some("a cut is between it and others: 'ssi net heal'".to_owned());
        }
        let paused = self.paused();
        match paused.is_empty() {
            true => node.last_words_of_ssi(),
            false => Some(format!("paused are {paused}: 'ssi resume'")),
        }
    }

    /// Why the members cannot go on, if they cannot.
    pub(super) fn standstill(&self) -> Option<String> {
        let warden = &self.world.warden;
        let view = warden.views().newest()?;
        let report = self.world.switch.report().ok()?;
        let lives = |member: &NodeId| {
            let life = view.member(*member).map(|member| member.incarnation);
            life == warden.life(*member)
        };
        let muster = Muster {
            view,
            dead: view.members().iter().filter(|id| !lives(id)).collect(),
            paused: self.paused(),
            faults: &report.faults,
        };
        muster.standstill()
    }

    fn paused(&self) -> NodeSet {
        let paused = self.cluster.nodes().filter(|(_, node)| {
            let state = node.machine().state();
            matches!(state, State::Pausing | State::Paused)
        });
        paused.map(|(id, _)| id).collect()
    }

    fn next_packet(&mut self, id: NodeId) -> Option<Packet> {
        let now = self.world.now();
        self.cluster.get(id)?.host().receive(now)
    }

    fn last_packet(&mut self, id: NodeId) -> Option<Packet> {
        self.cluster.get(id)?.host().receive_last()
    }

    fn take_packet(&mut self, id: NodeId, packet: &Packet) {
        if let Some(node) = self.cluster.look(id) {
            let pleas = match node.machine().is_doomed() {
                true => Pleas::Dropped,
                false => Pleas::Heard,
            };
            self.world.warden.hear(id, packet, pleas, node.oddity());
        }
    }

    /// Does what the warden has decided.
    fn obey(&mut self) {
        while let Some(act) = self.world.warden.take_act() {
            match act {
                Act::Send(id, packet) => self.send(id, packet),
                Act::Kill { target, asker } => {
                    say!("{asker} and those with it go on without {target} (node.life)");
                    self.fence(target.node, Cause::Lost);
                }
                Act::Restrain(id) => self.fence(id, Cause::Restless),
            }
        }
    }

    fn send(&mut self, id: NodeId, packet: Vec<u8>) {
        let Some(node) = self.cluster.get(id) else {
            return;
        };
        let sent = node.host().send(packet);
        node.listen_to_host(&self.world);
        if sent.is_err() {
            self.fence(id, Cause::Stuck);
        }
    }

    /// Kills a node the others go on without.
    fn fence(&mut self, id: NodeId, cause: Cause) {
        let cause = match cause {
            Cause::Lost if self.is_cut_off(id) => Cause::Cut,
            Cause::Lost | Cause::Cut | Cause::Paused | Cause::Stuck | Cause::Restless => cause,
        };
        let world = &mut self.world;
        let Some(node) = self.cluster.get(id) else {
            return;
        };
        // Nobody asked who could be refused.
        let _ = node.step(Event::Fence(cause), world);
        if let Some(fenced) = node.machine().fenced() {
            say!("node {id} is fenced: {}", fenced.words(id, world.now()));
        }
    }

    fn is_cut_off(&self, id: NodeId) -> bool {
        let report = self.world.switch.report();
        let touches = |report: Report| cuts::touch(&report.faults, id, &self.running());
        report.is_ok_and(touches)
    }

    fn running(&self) -> NodeSet {
        let nodes = self.cluster.nodes();
        let running = nodes.filter(|(_, node)| node.machine().has_process());
        running.map(|(id, _)| id).collect()
    }
}

/// A fenced node that waits for the network, or for time.
fn waits_for_cure((id, node): (NodeId, &Node)) -> Option<(NodeId, Cause)> {
    let fenced = node.machine().fenced()?;
    let waits = fenced.cause != Cause::Paused && fenced.cure != Cure::Now;
    waits.then_some((id, fenced.cause))
}

fn is_healing(change: &FaultChange) -> bool {
    match change {
        FaultChange::Heal { .. } | FaultChange::HealAll | FaultChange::Join { .. } => true,
        FaultChange::Cut { .. } | FaultChange::Delay { .. } => false,
        FaultChange::Loss { .. } | FaultChange::Reorder { .. } => false,
    }
}
