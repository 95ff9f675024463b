// SPDX-License-Identifier: GPL-2.0

//! A Hello that stops somewhere.
//!
//! The victim must neither wait for the rest for ever nor read beyond the end.

use anyhow::Result;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// Bytes between two places it stops at; less than what a victim may hold open.
const STEP_BYTES: usize = 7;

/// The attack.
pub(crate) struct Truncated;

impl Attack for Truncated {
    fn name(&self) -> &'static str {
        "truncated"
    }

    fn about(&self) -> &'static str {
        "stops in the middle of a Hello, and closes or waits"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let whole = scene.fresh_message();
        for manner in [Manner::End, Manner::Wait] {
            let pieces = (0..whole.len()).step_by(STEP_BYTES);
            let messages: Vec<_> = pieces.map(|end| whole[..end].to_vec()).collect();
            scene.volley(&mut report, messages, manner);
        }
        report.claim_none_left();
        Ok(report)
    }
}
