// SPDX-License-Identifier: GPL-2.0

//! The victim's own words, sent back.
//!
//! Its Hello as ours, with its nonce under our name, and as the proof.

use anyhow::Result;
use ssi_core::ics::hello::{
    Hello,
    Message,
    Reason,
    PROOF_BYTES, //
};

use crate::attack::Attack;
use crate::line::Line;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// Times each of them is done.
const ATTEMPTS: usize = 8;

/// The attack.
pub(crate) struct Reflection;

impl Attack for Reflection {
    fn name(&self) -> &'static str {
        "reflection"
    }

    fn about(&self) -> &'static str {
        "sends the victim's own Hello, nonce and proof back to it"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for _ in 0..ATTEMPTS {
            let hello = scene.fresh_hello();
            let Some((line, theirs)) = scene.greet(&mut report, &hello) else {
                continue;
            };
            mirror_proof(&mut report, line, &theirs);
            mirror_hello(scene, &mut report, &theirs);
        }
        report.claim_none_left();
        report.claim_refused(&[Reason::DuplicateNode]);
        report.claim_refused(&[Reason::WrongKey]);
        Ok(report)
    }
}

/// What the victim said, as the proof that is due.
fn mirror_proof(report: &mut Report, mut line: Line, theirs: &Hello) {
    let hello = Message::hello(theirs);
    let mut proof = [0; PROOF_BYTES];
    let tail = hello.as_bytes().len() - PROOF_BYTES;
    proof.copy_from_slice(&hello.as_bytes()[tail..]);
    line.prove(report, &proof);
}

/// The Hello itself, and under our name with its nonce, while the victim still
/// remembers it and after.
fn mirror_hello(scene: &mut Scene, report: &mut Report, theirs: &Hello) {
    let ours = Hello {
        peer: scene.hello.peer,
        ..*theirs
    };
    let messages = [theirs, &ours].map(|hello| Message::hello(hello).as_bytes().to_vec());
    scene.volley(report, messages, Manner::End);
}
