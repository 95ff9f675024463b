// SPDX-License-Identifier: GPL-2.0

//! Hello of an invented life.
//!
//! A later life ends the session of the one before it. One that is only claimed
//! must not: the link of this node to the victim has to stay.

use anyhow::Result;
use ssi_core::ics::hello::Reason;
use ssi_core::ids::Incarnation;

use crate::attack::Attack;
use crate::links;
use crate::report::Report;
use crate::scene::Scene;

/// How much later.
const LEAPS: [u64; 4] = [1, 2, 1000, u64::MAX / 2];

/// The attack.
pub(crate) struct LaterLife;

impl Attack for LaterLife {
    fn name(&self) -> &'static str {
        "later-life"
    }

    fn about(&self) -> &'static str {
        "says Hello as a later life of this node, to have its session ended"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let before = links::to(scene.victim)?;
        for leap in LEAPS {
            attempt(scene, &mut report, leap);
        }
        report.claim_none_left();
        report.claim_refused(&[Reason::WrongKey]);
        let after = links::to(scene.victim)?;
        if before.iter().any(|link| !after.contains(link)) {
            report.fault("the honest link was ended");
        }
        Ok(report)
    }
}

fn attempt(scene: &mut Scene, report: &mut Report, leap: u64) {
    let mut hello = scene.fresh_hello();
    let life = hello.peer.instance.incarnation.0.saturating_add(leap);
    hello.peer.instance.incarnation = Incarnation(life);
    scene.prove_falsely(report, &hello);
}
