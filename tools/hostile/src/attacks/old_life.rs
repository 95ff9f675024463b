// SPDX-License-Identifier: GPL-2.0

//! A Hello of an earlier life.
//!
//! Of this node, down to the first there can be.

use anyhow::Result;
use ssi_core::ics::hello::{
    Hello,
    Message,
    Reason, //
};
use ssi_core::ids::Incarnation;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// The attack.
pub(crate) struct OldLife;

impl Attack for OldLife {
    fn name(&self) -> &'static str {
        "old-life"
    }

    fn about(&self) -> &'static str {
        "says Hello as a life of this node that is over"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let hellos = hellos(scene);
        let messages = hellos
            .iter()
            .map(|hello| Message::hello(hello).as_bytes().to_vec());
        scene.volley(&mut report, messages, Manner::End);
        report.claim_none_left();
        // The first life there is has none before it.
        if !hellos.is_empty() {
            report.claim_refused(&[Reason::OldIncarnation]);
        }
        Ok(report)
    }
}

/// How many lives back.
const LIVES_MAX: u64 = 16;

fn hellos(scene: &mut Scene) -> Vec<Hello> {
    let now = scene.hello.peer.instance.incarnation.0;
    let lives = 1..now.min(LIVES_MAX + 1);
    lives
        .map(|life| {
            let mut hello = scene.fresh_hello();
            hello.peer.instance.incarnation = Incarnation(life);
            hello
        })
        .collect()
}
