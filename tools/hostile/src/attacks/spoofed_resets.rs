// SPDX-License-Identifier: GPL-2.0

//! Segments in other nodes' names.
//!
//! Resets, openings and bytes for connections this node cannot see, with numbers
//! drawn by chance. TCP drops all but very few; what is hit must come back.

use std::net::{
    Ipv4Addr,
    SocketAddrV4, //
};

use anyhow::Result;
use ssi_core::address::NodeAddress;
use ssi_core::ids::NodeId;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::Scene;
use crate::segment::{
    Control,
    Packet,
    Sort, //
};

/// Segments sent.
const SEGMENTS: usize = 3000;
/// Numbers of the nodes whose name is used: the first ones.
const NODES: u16 = 8;

/// The attack.
pub(crate) struct SpoofedResets;

impl Attack for SpoofedResets {
    fn name(&self) -> &'static str {
        "spoofed-resets"
    }

    fn about(&self) -> &'static str {
        "sends resets and bytes into connections of other nodes, by guess"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let others: Vec<_> = (1..=NODES)
            .filter_map(|number| NodeId::new(number.try_into().ok()?))
            .map(|node| Ipv4Addr::from(NodeAddress::of(node).octets()))
            .filter(|other| other != scene.victim.ip())
            .filter(|other| other != scene.recording.link.local.ip())
            .collect();
        for _ in 0..SEGMENTS {
            let packet = segment(scene, &others);
            scene.send(&mut report, &packet)?;
        }
        scene.claim_open(&mut report);
        Ok(report)
    }
}

fn segment(scene: &mut Scene, others: &[Ipv4Addr]) -> Packet {
    let [a, b, c, d, e, f, g, h] = scene.random.next().to_le_bytes();
    let other = others[scene.random.below(others.len())];
    // The upper half of the numbers is where systems take theirs from.
    let port = 0x8000 | u16::from_le_bytes([a, b]);
    let controls = [Control::Reset, Control::None, Control::End, Control::Open];
    let control = controls[scene.random.below(controls.len())];
    let seq = u32::from_le_bytes([c, d, e, f]);
    Packet {
        from: SocketAddrV4::new(other, port),
        to: scene.victim,
        sort: Sort::Tcp {
            control,
            seq,
            ack: (control != Control::Open).then_some(seq.rotate_left(g.into())),
        },
        payload: scene.random.bytes(usize::from(h % 2) * 100),
    }
}
