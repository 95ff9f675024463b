// SPDX-License-Identifier: GPL-2.0

//! Heartbeats, once more.
//!
//! Those this node sent, as they were, to another, and with a bit wrong. None may
//! count: that a node was alive once does not mean that it is.

use anyhow::{
    ensure,
    Result, //
};

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::Scene;
use crate::segment::{
    Packet,
    Sort, //
};

/// Heartbeats sent.
const DATAGRAMS: usize = 600;

/// The attack.
pub(crate) struct ReplayBeats;

impl Attack for ReplayBeats {
    fn name(&self) -> &'static str {
        "replay-beats"
    }

    fn about(&self) -> &'static str {
        "sends old heartbeats of this node again, whole and with a bit wrong"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let beats = scene.recording.beats.clone();
        ensure!(!beats.is_empty(), "this node sent no heartbeat");
        for number in 0..DATAGRAMS {
            let mut beat = beats[scene.random.below(beats.len())].clone();
            if number % 2 == 1 && !beat.is_empty() {
                let bit = scene.random.below(beat.len() * 8);
                beat[bit / 8] ^= 1 << (bit % 8);
            }
            let packet = Packet {
                from: std::net::SocketAddrV4::new(
                    *scene.recording.link.local.ip(),
                    scene.victim.port(),
                ),
                to: scene.victim,
                sort: Sort::Udp,
                payload: beat,
            };
            scene.send(&mut report, &packet)?;
        }
        scene.claim_open(&mut report);
        Ok(report)
    }
}
