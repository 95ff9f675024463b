// SPDX-License-Identifier: GPL-2.0

//! Lengths beyond all limits.
//!
//! Of every kind, alone and with many bytes behind, before and after a Hello.

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

/// Lengths that are said.
const LENGTHS: [u32; 5] = [257, 4097, 0x7fff_ffff, 0x8000_0000, u32::MAX];
/// Bytes sent behind the header of some.
const BYTES_BEHIND: usize = 20_000;

/// The attack.
pub(crate) struct Oversize;

impl Attack for Oversize {
    fn name(&self) -> &'static str {
        "oversize"
    }

    fn about(&self) -> &'static str {
        "says frames that are longer than any may be"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let behind = scene.random.bytes(BYTES_BEHIND);
        for length in LENGTHS {
            let frames = Kind::ALL.map(|kind| {
                let header = Header {
                    length,
                    ..Header::of(kind)
                };
                header.encode().to_vec()
            });
            let hello = scene.fresh_message();
            let after_hello = frames.clone().map(|frame| [&hello[..], &frame].concat());
            let with_bytes = frames.clone().map(|frame| [&frame[..], &behind].concat());
            scene.volley(&mut report, frames, Manner::Wait);
            scene.volley(&mut report, with_bytes, Manner::Wait);
            scene.volley(&mut report, after_hello, Manner::Wait);
        }
        report.claim_none_left();
        report.claim_refused(&[Reason::Malformed]);
        Ok(report)
    }
}
