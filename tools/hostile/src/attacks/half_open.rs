// SPDX-License-Identifier: GPL-2.0

//! Connections that say nothing.
//!
//! Hundreds of them, held. The victim must let go of all, and greet an honest
//! newcomer meanwhile.

use std::time::Instant;

use anyhow::Result;

use crate::answer::Answer;
use crate::attack::Attack;
use crate::line::ANSWER_TIME_MAX;
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
        let mut lines = Vec::new();
        for _ in 0..CONNECTIONS {
            report.connections += 1;
            match scene.open() {
                Ok(line) => lines.push(line),
                Err(_) => report.tally.add(Answer::Unreachable),
            }
        }
        scene.claim_open(&mut report);
        let deadline = Instant::now() + ANSWER_TIME_MAX;
        report
            .tally
            .extend(lines.iter_mut().map(|line| line.answer(deadline)));
        report.claim_none_left();
        Ok(report)
    }
}
