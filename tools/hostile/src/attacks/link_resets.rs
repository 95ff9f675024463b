// SPDX-License-Identifier: GPL-2.0

//! Resets of the honest link.
//!
//! At both ends, one after the other: the link must come back each time.

use anyhow::Result;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::Scene;
use crate::wiretap::{
    self,
    Ends, //
};

/// Resets.
const RESETS: usize = 5;

/// The attack.
pub(crate) struct LinkResets;

impl Attack for LinkResets {
    fn name(&self) -> &'static str {
        "link-resets"
    }

    fn about(&self) -> &'static str {
        "breaks the link of this node's kernel at both ends, time and again"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for _ in 0..RESETS {
            let link = wiretap::wait_for_link(scene.victim, None)?;
            report.packets += wiretap::break_link(scene.sender()?, link, Ends::Both)?;
            if let Err(error) = wiretap::wait_for_link(scene.victim, Some(link)) {
                report.fault(format!("{error:#}"));
            }
        }
        Ok(report)
    }
}
