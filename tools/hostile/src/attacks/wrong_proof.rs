// SPDX-License-Identifier: GPL-2.0

//! Good Hello and wrong proof.
//!
//! What a node does that has everything but the key, on either channel.

use std::time::Instant;

use anyhow::Result;
use ssi_core::ics::hello::{
    Channel,
    Hello,
    Message,
    Reason, //
};

use crate::attack::Attack;
use crate::line::ANSWER_TIME_MAX;
use crate::report::Report;
use crate::scene::Scene;

/// Attempts on each channel.
const ATTEMPTS: usize = 32;

/// The attack.
pub(crate) struct WrongProof;

impl Attack for WrongProof {
    fn name(&self) -> &'static str {
        "wrong-proof"
    }

    fn about(&self) -> &'static str {
        "says a good Hello, hears the victim's, and proves nothing"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for channel in [Channel::Control, Channel::Bulk] {
            for _ in 0..ATTEMPTS {
                attempt(scene, &mut report, channel);
            }
        }
        report.claim_none_left();
        report.claim_refused(&[Reason::WrongKey]);
        Ok(report)
    }
}

fn attempt(scene: &mut Scene, report: &mut Report, channel: Channel) {
    let hello = Hello {
        channel,
        ..scene.fresh_hello()
    };
    let Some((mut line, _)) = scene.greet(report, &hello) else {
        return;
    };
    let proof = Message::proof(&scene.random.array());
    line.say(proof.as_bytes());
    report.bytes += proof.as_bytes().len() as u64;
    report
        .tally
        .add(line.answer(Instant::now() + ANSWER_TIME_MAX));
}
