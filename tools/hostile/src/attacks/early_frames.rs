// SPDX-License-Identifier: GPL-2.0

//! Frames of members before any proof.
//!
//! Hello, a random proof and frames in one breath: none of them may act.

use anyhow::Result;
use ssi_core::ics::frame::{
    Header,
    Kind, //
};
use ssi_core::ics::hello::{
    Message,
    Reason, //
};
use ssi_core::ids::Epoch;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// Connections.
const CONNECTIONS: usize = 16;
/// Membership frames on each.
const FRAMES: u64 = 20;
/// Bytes in each frame.
const PAYLOAD_BYTES: usize = 200;

/// The attack.
pub(crate) struct EarlyFrames;

impl Attack for EarlyFrames {
    fn name(&self) -> &'static str {
        "early-frames"
    }

    fn about(&self) -> &'static str {
        "says Hello, a random proof and frames of the membership in one breath"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let messages: Vec<_> = (0..CONNECTIONS).map(|_| message(scene)).collect();
        scene.volley(&mut report, messages, Manner::Wait);
        report.claim_none_left();
        report.claim_refused(&[Reason::WrongKey]);
        Ok(report)
    }
}

fn message(scene: &mut Scene) -> Vec<u8> {
    let mut message = scene.fresh_message();
    message.extend(Message::proof(&scene.random.array()).as_bytes());
    for seq in 1..=FRAMES {
        let payload = scene.random.bytes(PAYLOAD_BYTES);
        let header = Header {
            length: u32::try_from(payload.len()).unwrap_or(0),
            epoch: Epoch(1),
            seq,
            ..Header::of(Kind::Membership)
        };
        message.extend(header.encode());
        message.extend(payload);
    }
    message
}
