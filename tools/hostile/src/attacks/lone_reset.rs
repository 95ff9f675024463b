// SPDX-License-Identifier: GPL-2.0

//! Reset of one end only.
//!
//! The other end is told nothing: somebody has to notice, and the link must come
//! back all the same.

use anyhow::Result;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::Scene;
use crate::wiretap::{
    self,
    Ends, //
};

/// The attack.
pub(crate) struct LoneReset;

impl Attack for LoneReset {
    fn name(&self) -> &'static str {
        "lone-reset"
    }

    fn about(&self) -> &'static str {
        "breaks the link of this node's kernel at one end only, then at the other"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for (ends, word) in [(Ends::Ours, "ours"), (Ends::Victims, "the victim's")] {
            let link = wiretap::wait_for_link(scene.victim, None)?;
            report.packets += wiretap::break_link(scene.sender()?, link, ends)?;
            if let Err(error) = wiretap::wait_for_link(scene.victim, Some(link)) {
                report.fault(format!("broken at {word}: {error:#}"));
            }
        }
        Ok(report)
    }
}
