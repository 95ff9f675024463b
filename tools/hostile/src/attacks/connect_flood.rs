// SPDX-License-Identifier: GPL-2.0

//! Connections made and broken.
//!
//! Half of them with a farewell, half with a reset, some after a Hello.

use anyhow::Result;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::Scene;

/// Connections.
const CONNECTIONS: u64 = 1200;

/// The attack.
pub(crate) struct ConnectFlood;

impl Attack for ConnectFlood {
    fn name(&self) -> &'static str {
        "connect-flood"
    }

    fn about(&self) -> &'static str {
        "makes connections and breaks them, as fast as it can"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for number in 0..CONNECTIONS {
            let Some(mut line) = scene.open(&mut report) else {
                continue;
            };
            if number % 3 == 0 {
                line.say(&mut report, &scene.fresh_message());
            }
            if number % 2 == 0 {
                line.tear();
            }
        }
        scene.claim_open(&mut report);
        Ok(report)
    }
}
