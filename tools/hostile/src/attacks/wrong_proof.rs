// SPDX-License-Identifier: GPL-2.0

//! Good Hello and wrong proof.
//!
//! What a node does that has everything but the key, on either channel.

use anyhow::Result;
use ssi_core::ics::hello::{
    Channel,
    Hello,
    Reason, //
};

use crate::attack::Attack;
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
                let hello = Hello {
                    channel,
                    ..scene.fresh_hello()
                };
                scene.prove_falsely(&mut report, &hello);
            }
        }
        report.claim_none_left();
        report.claim_refused(&[Reason::WrongKey]);
        Ok(report)
    }
}
