// SPDX-License-Identifier: GPL-2.0

//! Frames of every kind, too early.
//!
//! All 256 codes as the first frame, and those that are kinds after a Hello.

use anyhow::Result;
use ssi_core::ics::frame::{
    Header,
    Kind, //
};
use ssi_core::ics::hello::Reason;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// Place of the kind in a header.
const KIND_PLACE: usize = 5;
/// Place of the version in a header.
const VERSION_PLACE: usize = 4;
/// Connections at once: less than what a victim may hold open.
const AT_ONCE: usize = 32;

/// The attack.
pub(crate) struct Kinds;

impl Attack for Kinds {
    fn name(&self) -> &'static str {
        "kinds"
    }

    fn about(&self) -> &'static str {
        "begins with a frame of each of the 256 kinds and versions"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let hello = scene.fresh_message();
        let with = |place: usize, code: u8| {
            let mut message = hello.clone();
            message[place] = code;
            message
        };
        let honest = hello[KIND_PLACE];
        let kinds = (0..=u8::MAX).filter(|code| *code != honest);
        let versions = (0..=u8::MAX).filter(|code| *code != hello[VERSION_PLACE]);
        let messages: Vec<_> = kinds
            .map(|code| with(KIND_PLACE, code))
            .chain(versions.step_by(8).map(|code| with(VERSION_PLACE, code)))
            .chain(Kind::ALL.map(|kind| after_hello(&hello, kind)))
            .collect();
        for some in messages.chunks(AT_ONCE) {
            scene.volley(&mut report, some.to_vec(), Manner::End);
        }
        report.claim_none_left();
        report.claim_refused(&[Reason::Malformed]);
        report.claim_refused(&[Reason::Protocol]);
        Ok(report)
    }
}

/// A Hello and a frame of `kind` that is whole, as far as it can be.
fn after_hello(hello: &[u8], kind: Kind) -> Vec<u8> {
    let seq = u64::from(kind.is_sequenced());
    let header = Header {
        seq,
        ..Header::of(kind)
    };
    let mut message = [hello, &header.encode()].concat();
    message.resize(message.len() + 64, 0);
    message
}
