// SPDX-License-Identifier: GPL-2.0

//! Hello of a living node.
//!
//! As the victim itself, as another kernel with this life, as any other node.

use anyhow::Result;
use ssi_core::ics::hello::{
    Hello,
    Message,
    Reason, //
};
use ssi_core::ids::NodeId;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// The attack.
pub(crate) struct DuplicateNode;

impl Attack for DuplicateNode {
    fn name(&self) -> &'static str {
        "duplicate-node"
    }

    fn about(&self) -> &'static str {
        "says Hello as the victim, as a second kernel of this node, and as other nodes"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let hellos = hellos(scene);
        let messages = hellos
            .iter()
            .map(|hello| Message::hello(hello).as_bytes().to_vec());
        scene.volley(&mut report, messages, Manner::End);
        report.claim_none_left();
        report.claim_refused(&[Reason::DuplicateNode]);
        report.claim_refused(&[Reason::Address]);
        Ok(report)
    }
}

/// Other kernels with our number.
const KERNELS: usize = 8;

fn hellos(scene: &mut Scene) -> Vec<Hello> {
    let mut hellos = Vec::new();
    for _ in 0..KERNELS {
        let mut hello = scene.fresh_hello();
        hello.peer.boot = scene.random.next();
        hellos.push(hello);
    }
    let mut victims = scene.victims_hello;
    victims.nonce = scene.random.array();
    hellos.push(victims);
    let ours = scene.hello.peer.instance.node;
    for node in NodeId::all().filter(|node| *node != ours) {
        let mut hello = scene.fresh_hello();
        hello.peer.instance.node = node;
        hellos.push(hello);
    }
    hellos
}
