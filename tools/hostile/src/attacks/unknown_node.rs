// SPDX-License-Identifier: GPL-2.0

//! A Hello of nobody.
//!
//! Numbers that are no nodes, and one of a node that is not in the roster: from
//! its own address, if this system was given that, too.

use std::net::Ipv4Addr;

use anyhow::Result;
use ssi_core::address::NodeAddress;
use ssi_core::ics::frame::HEADER_BYTES;
use ssi_core::ics::hello::{
    Message,
    Reason, //
};
use ssi_core::ids::{
    NodeId,
    NODE_MAX, //
};

use crate::answer::Answer;
use crate::attack::Attack;
use crate::line::Line;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// Place of the number in the frame.
const NODE_PLACE: usize = HEADER_BYTES + 2;
/// Numbers that are no nodes.
const NUMBERS: [u16; 5] = [0, 64, 255, 256, u16::MAX];

/// The attack.
pub(crate) struct UnknownNode;

impl Attack for UnknownNode {
    fn name(&self) -> &'static str {
        "unknown-node"
    }

    fn about(&self) -> &'static str {
        "says Hello as nodes that cannot be, and as the last one, from its address"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let messages = NUMBERS.map(|number| {
            let mut message = scene.fresh_message();
            message[NODE_PLACE..NODE_PLACE + 2].copy_from_slice(&number.to_le_bytes());
            message
        });
        scene.volley(&mut report, messages, Manner::End);
        report.claim_none_left();
        report.claim_refused(&[Reason::Malformed]);
        if let Some(last) = NodeId::new(NODE_MAX) {
            from_its_address(scene, &mut report, last);
        }
        Ok(report)
    }
}

/// Says Hello as `node`; nothing when its address is not one of ours.
fn from_its_address(scene: &mut Scene, report: &mut Report, node: NodeId) {
    let address = Ipv4Addr::from(NodeAddress::of(node).octets());
    let Ok(mut line) = Line::open(scene.victim, Some(address)) else {
        return;
    };
    let mut hello = scene.fresh_hello();
    hello.peer.instance.node = node;
    let hello = Message::hello(&hello);
    report.connections += 1;
    line.say(report, hello.as_bytes());
    let answer = line.last_answer();
    report.tally.add(answer);
    // It may be closed before it can say anything, too.
    let is_refused = matches!(
        answer,
        Answer::Refused(Reason::NotInRoster) | Answer::Closed | Answer::Reset
    );
    if !is_refused {
        report.fault(format!("node {node} was not refused as a stranger"));
    }
}
