// SPDX-License-Identifier: GPL-2.0

//! The honest link, once more.
//!
//! All that this node's kernel said on its connection to the victim is said again
//! on a new one: in one breath, and frame by frame as the victim answers.

use anyhow::Result;
use ssi_core::ics::frame::HEADER_BYTES;
use ssi_core::ics::hello::{
    Reason,
    HELLO_BYTES, //
};

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// Times it is said in one breath.
const REPLAYS: usize = 16;

/// The attack.
pub(crate) struct ReplaySession;

impl Attack for ReplaySession {
    fn name(&self) -> &'static str {
        "replay-session"
    }

    fn about(&self) -> &'static str {
        "says all that this node's kernel said on its connection once more"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let said = scene.recording.ours.clone();
        scene.volley(&mut report, vec![said.clone(); REPLAYS], Manner::Wait);
        in_turns(scene, &mut report, &said);
        report.claim_none_left();
        report.claim_refused(&[Reason::WrongKey]);
        Ok(report)
    }
}

fn in_turns(scene: &mut Scene, report: &mut Report, said: &[u8]) {
    let (hello, rest) = said.split_at(said.len().min(HEADER_BYTES + HELLO_BYTES));
    let Some(mut line) = scene.open(report) else {
        return;
    };
    line.say(report, hello);
    if let Err(answer) = line.hello() {
        report.tally.add(answer);
        return;
    }
    line.say(report, rest);
    report.tally.add(line.last_answer());
}
