// SPDX-License-Identifier: GPL-2.0

//! Connections that say nothing.
//!
//! Hundreds of them, held. The victim must let go of all, and greet an honest
//! newcomer meanwhile.

use anyhow::Result;

use crate::attack::Attack;
use crate::line::{
    self,
    ANSWER_TIME_MAX, //
};
use crate::report::Report;
use crate::scene::Scene;

/// Connections.
const CONNECTIONS: usize = 300;

/// The attack.
pub(crate) struct HalfOpen;

impl Attack for HalfOpen {
    fn name(&self) -> &'static str {
        "half-open"
    }

    fn about(&self) -> &'static str {
        "holds hundreds of connections and says nothing"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let lines: Vec<_> = (0..CONNECTIONS)
            .filter_map(|_| scene.open(&mut report))
            .collect();
        scene.claim_open(&mut report);
        line::hear_all(lines, ANSWER_TIME_MAX, &mut report);
        report.claim_none_left();
        Ok(report)
    }
}
