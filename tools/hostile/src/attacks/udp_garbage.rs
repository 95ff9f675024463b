// SPDX-License-Identifier: GPL-2.0

//! Random datagrams.
//!
//! Of all lengths, from this node and in the name of others, some with the head of
//! a heartbeat.

use std::net::{
    Ipv4Addr,
    SocketAddrV4, //
};

use anyhow::Result;
use ssi_core::address::NodeAddress;
use ssi_core::ics::beat::BEAT_MAGIC;
use ssi_core::ids::NodeId;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::Scene;
use crate::segment::{
    Packet,
    Sort, //
};

/// Datagrams sent.
const DATAGRAMS: usize = 2000;
/// Most bytes of one; all fit a packet of the cluster's network.
const BYTES_MAX: usize = 9000;

/// The attack.
pub(crate) struct UdpGarbage;

impl Attack for UdpGarbage {
    fn name(&self) -> &'static str {
        "udp-garbage"
    }

    fn about(&self) -> &'static str {
        "sends random datagrams, also in the name of other nodes"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for number in 0..DATAGRAMS {
            let packet = Packet {
                from: SocketAddrV4::new(sender(scene, number), scene.victim.port()),
                to: scene.victim,
                sort: Sort::Udp,
                payload: payload(scene, number),
            };
            scene.send(&mut report, &packet)?;
        }
        scene.claim_open(&mut report);
        Ok(report)
    }
}

/// Our own address, or that of any node but the victim.
fn sender(scene: &mut Scene, number: usize) -> Ipv4Addr {
    let ours = *scene.recording.link.local.ip();
    let others: Vec<_> = NodeId::all()
        .map(|node| Ipv4Addr::from(NodeAddress::of(node).octets()))
        .filter(|address| address != scene.victim.ip())
        .collect();
    if number % 2 == 0 {
        ours
    } else {
        others[scene.random.below(others.len())]
    }
}

fn payload(scene: &mut Scene, number: usize) -> Vec<u8> {
    let most = if number % 3 == 0 { BYTES_MAX } else { 120 };
    let count = scene.random.below(most);
    let mut payload = scene.random.bytes(count);
    if number % 4 == 3 && payload.len() > BEAT_MAGIC.len() {
        payload[..BEAT_MAGIC.len()].copy_from_slice(&BEAT_MAGIC);
        payload[BEAT_MAGIC.len()] = 1;
    }
    payload
}
