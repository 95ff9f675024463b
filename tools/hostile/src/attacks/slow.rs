// SPDX-License-Identifier: GPL-2.0

//! A Hello that takes for ever.
//!
//! Byte by byte, on several connections: each byte comes soon enough, the whole
//! never does. The victim must not wait longer than a handshake may take.

use std::thread;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::Result;

use crate::attack::Attack;
use crate::line;
use crate::report::Report;
use crate::scene::Scene;

/// Connections.
const CONNECTIONS: usize = 16;
/// Between two bytes.
const PAUSE: Duration = Duration::from_millis(50);
/// When the victim must have had enough.
const PATIENCE_MAX: Duration = Duration::from_millis(3500);

/// The attack.
pub(crate) struct Slow;

impl Attack for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn about(&self) -> &'static str {
        "says a Hello byte by byte"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let hello = scene.fresh_message();
        let mut lines: Vec<_> = (0..CONNECTIONS)
            .filter_map(|_| scene.open(&mut report))
            .collect();
        let began = Instant::now();
        for byte in &hello {
            if began.elapsed() > PATIENCE_MAX {
                break;
            }
            for line in &mut lines {
                line.say(&mut report, &[*byte]);
            }
            thread::sleep(PAUSE);
        }
        line::hear_all(lines, Duration::from_millis(100), &mut report);
        report.claim_none_left();
        scene.claim_open(&mut report);
        Ok(report)
    }
}
