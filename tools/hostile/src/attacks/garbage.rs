// SPDX-License-Identifier: GPL-2.0

//! Random bytes instead of a Hello.
//!
//! Of all lengths, closed at once or held open.

use anyhow::Result;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// Connections of each manner.
const CONNECTIONS: usize = 24;
/// Most bytes on one of them.
const BYTES_MAX: usize = 6000;

/// The attack.
pub(crate) struct Garbage;

impl Attack for Garbage {
    fn name(&self) -> &'static str {
        "garbage"
    }

    fn about(&self) -> &'static str {
        "says random bytes on new connections"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for manner in [Manner::Wait, Manner::End] {
            let messages: Vec<_> = (0..CONNECTIONS).map(|_| message(scene)).collect();
            scene.volley(&mut report, messages, manner);
        }
        report.claim_none_left();
        Ok(report)
    }
}

fn message(scene: &mut Scene) -> Vec<u8> {
    let count = 1 + scene.random.below(BYTES_MAX);
    scene.random.bytes(count)
}
