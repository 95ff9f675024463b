// SPDX-License-Identifier: GPL-2.0

//! Openings nobody follows up.
//!
//! From addresses that answer nothing: the victim's system holds each for a while
//! and must take an honest connection all the same.

use std::net::{
    Ipv4Addr,
    SocketAddrV4, //
};

use anyhow::Result;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::Scene;
use crate::segment::{
    Control,
    Packet,
    Sort, //
};

/// Openings.
const OPENINGS: usize = 4000;

/// The attack.
pub(crate) struct SynFlood;

impl Attack for SynFlood {
    fn name(&self) -> &'static str {
        "syn-flood"
    }

    fn about(&self) -> &'static str {
        "opens thousands of connections from addresses of nobody"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for _ in 0..OPENINGS {
            let [a, b, c, d, e, f, ..] = scene.random.next().to_le_bytes();
            // No node has an address above 63.
            let nobody = Ipv4Addr::new(10, 83, 0, 64 | (a & 0x7f));
            let packet = Packet {
                from: SocketAddrV4::new(nobody, u16::from_le_bytes([b, c | 0x80])),
                to: scene.victim,
                sort: Sort::Tcp {
                    control: Control::Open,
                    seq: u32::from_le_bytes([d, e, f, a]),
                    ack: None,
                },
                payload: Vec::new(),
            };
            scene.send(&mut report, &packet)?;
        }
        scene.claim_open(&mut report);
        Ok(report)
    }
}
