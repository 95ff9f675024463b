// SPDX-License-Identifier: GPL-2.0

//! A Hello with one bit wrong.
//!
//! Drawn from all bits of header and payload.

use anyhow::Result;
use ssi_core::ics::hello::{
    Message,
    PROOF_BYTES, //
};

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// Connections at once: less than what a victim may hold open.
const AT_ONCE: usize = 32;
/// How often.
const VOLLEYS: usize = 6;

/// The attack.
pub(crate) struct BitFlips;

impl Attack for BitFlips {
    fn name(&self) -> &'static str {
        "bit-flips"
    }

    fn about(&self) -> &'static str {
        "says a Hello with one bit wrong, and a random proof"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for _ in 0..VOLLEYS {
            let messages: Vec<_> = (0..AT_ONCE).map(|_| message(scene)).collect();
            scene.volley(&mut report, messages, Manner::End);
        }
        report.claim_none_left();
        Ok(report)
    }
}

fn message(scene: &mut Scene) -> Vec<u8> {
    let mut message = scene.fresh_message();
    let bit = scene.random.below(message.len() * 8);
    message[bit / 8] ^= 1 << (bit % 8);
    let proof = Message::proof(&scene.random.array::<PROOF_BYTES>());
    message.extend(proof.as_bytes());
    message
}
