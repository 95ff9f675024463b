// SPDX-License-Identifier: GPL-2.0

//! Hold on an honest connection.
//!
//! Finds the numbers of the connection between this node's kernel and a victim's,
//! breaks it, puts bytes into it, and records the one that follows. Nothing of it
//! needs the cluster's key: it is what root of a node can do.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};

use crate::links::{
    self,
    Link, //
};
use crate::raw::{
    Sender,
    Tap, //
};
use crate::segment::{
    Control,
    Packet,
    Sort, //
};

/// Longest wait for a link to come back after it was broken.
pub(crate) const RECOVERY_TIME_MAX: Duration = Duration::from_secs(6);
/// Longest wait for a victim's system to tell its numbers.
const PROBE_TIME_MAX: Duration = Duration::from_millis(500);
/// Attempts to learn the numbers or to break a connection that is in use.
const ATTEMPTS_MAX: u32 = 8;
/// Between two looks at the table of connections.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Numbers of a connection, as the victim's system sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// Of the next byte the victim sends.
    pub(crate) theirs: u32,
    /// Of the next byte the victim wants.
    pub(crate) ours: u32,
}

/// Which ends of a connection learn that it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Ours and the victim's.
    Both,
    /// Ours.
    Ours,
    /// The victim's.
    Victims,
}

/// Waits for a good connection to `victim` other than `gone`.
pub(crate) fn wait_for_link(victim: SocketAddrV4, gone: Option<Link>) -> Result<Link> {
    let deadline = Instant::now() + RECOVERY_TIME_MAX;
    loop {
        let found = links::to(victim)?;
        if let Some(link) = found.into_iter().find(|link| Some(*link) != gone) {
            return Ok(link);
        }
        if Instant::now() > deadline {
            bail!("there is no link to {victim} after {RECOVERY_TIME_MAX:?}");
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// Learns the numbers of `link`: a byte far out of place is answered with them.
pub(crate) fn probe(sender: &Sender, link: Link) -> Result<Numbers> {
    let mut tap = Tap::open()?;
    for attempt in 0..ATTEMPTS_MAX {
        let seq = attempt.wrapping_mul(0x1234_5678);
        sender.send(&segment(link, Control::None, seq, Some(seq), b"?"))?;
        let deadline = Instant::now() + PROBE_TIME_MAX;
        while let Some(packet) = tap.next(deadline)? {
            if (packet.from, packet.to) != (link.remote, link.local) {
                continue;
            }
            if let Sort::Tcp {
                control: Control::None,
                seq: theirs,
                ack: Some(ours),
            } = packet.sort
            {
                let theirs = theirs.wrapping_add(length(&packet));
                return Ok(Numbers { theirs, ours });
            }
        }
    }
    bail!("the victim's system does not tell the numbers of the link");
}

/// Breaks `link` with resets, and waits until there is another.
pub(crate) fn break_link(sender: &Sender, link: Link, ends: Ends) -> Result<u64> {
    let mut packets = 0;
    for _ in 0..ATTEMPTS_MAX {
        let numbers = probe(sender, link)?;
        packets += 1;
        if ends != Ends::Ours {
            sender.send(&segment(link, Control::Reset, numbers.ours, None, b""))?;
            packets += 1;
        }
        if ends != Ends::Victims {
            sender.send(&backwards(link, Control::Reset, numbers.theirs, None))?;
            packets += 1;
        }
        // While it is in use its numbers run away.
        std::thread::sleep(LOOK_INTERVAL);
        if ends == Ends::Victims || !links::to(link.remote)?.contains(&link) {
            return Ok(packets);
        }
    }
    bail!("the link to {} cannot be broken", link.remote);
}

/// A segment of `link` from our end.
pub(crate) fn segment(
    link: Link,
    control: Control,
    seq: u32,
    ack: Option<u32>,
    payload: &[u8],
) -> Packet {
    Packet {
        from: link.local,
        to: link.remote,
        sort: Sort::Tcp { control, seq, ack },
        payload: payload.to_vec(),
    }
}

/// A segment of `link` from the victim's end, for our own system.
fn backwards(link: Link, control: Control, seq: u32, ack: Option<u32>) -> Packet {
    Packet {
        from: link.remote,
        to: link.local,
        sort: Sort::Tcp { control, seq, ack },
        payload: Vec::new(),
    }
}

fn length(packet: &Packet) -> u32 {
    u32::try_from(packet.payload.len()).unwrap_or(0)
}

/// What was said on a new connection, and the datagrams meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recording {
    /// The connection.
    pub(crate) link: Link,
    /// What our node said.
    pub(crate) ours: Vec<u8>,
    /// What the victim said.
    pub(crate) theirs: Vec<u8>,
    /// Heartbeats of our node to the victim.
    pub(crate) beats: Vec<Vec<u8>>,
}

/// Breaks the link to `victim` and records for `time` what follows.
pub(crate) fn record(sender: &Sender, victim: SocketAddrV4, time: Duration) -> Result<Recording> {
    let gone = wait_for_link(victim, None)?;
    let mut tap = Tap::open()?;
    break_link(sender, gone, Ends::Both)?;
    let mut flows = Flows::default();
    let deadline = Instant::now() + time;
    while let Some(packet) = tap.next(deadline)? {
        flows.take(&packet, victim);
    }
    let link = wait_for_link(victim, Some(gone))?;
    flows
        .recording(link)
        .context("the handshake after the break was not seen")
}

/// Bytes of the connections to one victim, by the end of ours.
#[derive(Debug, Default)]
struct Flows {
    ours: BTreeMap<u16, Flow>,
    theirs: BTreeMap<u16, Flow>,
    beats: Vec<Vec<u8>>,
}

/// Bytes of one direction of one connection.
#[derive(Debug)]
struct Flow {
    /// Number of its first byte.
    base: u32,
    pieces: BTreeMap<u32, Vec<u8>>,
}

impl Flows {
    fn take(&mut self, packet: &Packet, victim: SocketAddrV4) {
        let (flows, port) = if packet.to == victim {
            (&mut self.ours, packet.from.port())
        } else if packet.from == victim {
            (&mut self.theirs, packet.to.port())
        } else {
            return;
        };
        match packet.sort {
            Sort::Udp if packet.to == victim => self.beats.push(packet.payload.clone()),
            Sort::Udp => {}
            Sort::Tcp { control, seq, .. } => Flow::take(flows, port, control, seq, packet),
        }
    }

    fn recording(&self, link: Link) -> Option<Recording> {
        let port = link.local.port();
        Some(Recording {
            link,
            ours: self.ours.get(&port)?.bytes(),
            theirs: self.theirs.get(&port)?.bytes(),
            beats: self.beats.clone(),
        })
    }
}

impl Flow {
    fn take(
        flows: &mut BTreeMap<u16, Self>,
        port: u16,
        control: Control,
        seq: u32,
        packet: &Packet,
    ) {
        if control == Control::Open {
            let base = seq.wrapping_add(1);
            flows.entry(port).or_insert(Self {
                base,
                pieces: BTreeMap::new(),
            });
        } else if let Some(flow) = flows.get_mut(&port) {
            if !packet.payload.is_empty() {
                let offset = seq.wrapping_sub(flow.base);
                flow.pieces.insert(offset, packet.payload.clone());
            }
        }
    }

    /// All up to the first gap.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (offset, piece) in &self.pieces {
            let Ok(offset) = usize::try_from(*offset) else {
                break;
            };
            let Some(old) = bytes.len().checked_sub(offset) else {
                break;
            };
            bytes.extend(piece.iter().skip(old));
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn link() -> Link {
        Link {
            local: SocketAddrV4::new(Ipv4Addr::new(10, 83, 0, 3), 40000),
            remote: SocketAddrV4::new(Ipv4Addr::new(10, 83, 0, 1), 7083),
        }
    }

    #[test]
    fn bytes_are_put_in_order() {
        let mut flows = Flows::default();
        let start = u32::MAX - 2;
        let at = |offset: u32| start.wrapping_add(1).wrapping_add(offset);
        for packet in [
            segment(link(), Control::Open, start, None, b""),
            backwards(link(), Control::Open, 7, Some(start)),
            segment(link(), Control::None, at(3), Some(8), b"def"),
            segment(link(), Control::None, at(0), Some(8), b"abc"),
            // Sent again, in another cut.
            segment(link(), Control::None, at(2), Some(8), b"cdefg"),
            // Behind a gap.
            segment(link(), Control::None, at(9), Some(8), b"x"),
        ] {
            flows.take(&packet, link().remote);
        }
        let recording = flows.recording(link()).unwrap();
        assert_eq!(recording.ours, b"abcdefg");
        assert_eq!(recording.theirs, b"");
    }

    #[test]
    fn only_our_heartbeats_to_the_victim_are_kept() {
        let mut flows = Flows::default();
        let mut beat = backwards(link(), Control::None, 0, None);
        beat.sort = Sort::Udp;
        flows.take(&beat, link().remote);
        assert!(flows.beats.is_empty());
        (beat.from, beat.to) = (beat.to, beat.from);
        beat.payload = b"alive".to_vec();
        flows.take(&beat, link().remote);
        assert_eq!(flows.beats, [b"alive".to_vec()]);
    }
}
