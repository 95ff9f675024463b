// SPDX-License-Identifier: GPL-2.0

//! What a node may send.
//!
//! The TCP stack takes bytes beyond the window it has told, as long as it has room
//! for them, and then panics when it computes how far the window has moved. The
//! releases of smoltcp without this fault need a newer compiler than we do. So
//! what leaves is looked at, and what arrives is cut off where the window ends.

use smoltcp::wire::{
    EthernetFrame,
    EthernetProtocol,
    IpProtocol,
    Ipv4Packet,
    TcpOption,
    TcpPacket,
    TcpSeqNumber, //
};
use std::collections::BTreeMap;

/// The largest shift there is (RFC 7323).
const SHIFT_MAX: u8 = 14;

/// The windows of all connections, by our port.
#[derive(Debug, Default)]
pub(crate) struct Windows(BTreeMap<u16, Window>);

/// What was told to the node about one connection.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// Windows count in units of `1 << shift` bytes.
    shift: u8,
    /// The first byte it may not send; none before it may send any.
    end: Option<TcpSeqNumber>,
}

impl Windows {
    /// Looks at a frame to the node.
    pub(crate) fn note(&mut self, frame: &[u8]) {
        let Some(segment) = segment(frame) else {
            return;
        };
        let ours = segment.src_port();
        let told = usize::from(segment.window_len());
        if segment.rst() {
            self.0.remove(&ours);
        } else if segment.syn() {
            // The window of a SYN counts in bytes.
            let shift = window_scale(&segment).unwrap_or(0);
            let end = segment.ack().then(|| segment.ack_number() + told);
            self.0.insert(ours, Window { shift, end });
        } else if let Some(window) = self.0.get_mut(&ours).filter(|_| segment.ack()) {
            window.end = Some(segment.ack_number() + (told << window.shift));
        }
    }

    /// Cuts off what the node may not send from a frame of it.
    pub(crate) fn cut(&mut self, frame: &mut [u8]) {
        match self.excess_bytes(frame) {
            0 => {}
            excess => shorten(frame, excess),
        }
    }

    /// A frame was lost after the stack had made it. What it told is not known, but
    /// no window ends more than a unit before the last one.
    pub(crate) fn lose_one(&mut self) {
        for window in self.0.values_mut() {
            window.end = window.end.map(|end| end - window.unit_less_one());
        }
    }

    /// Forgets connections whose ports are not among `ours`.
    pub(crate) fn keep(&mut self, ours: impl Fn(u16) -> bool) {
        self.0.retain(|port, _| ours(*port));
    }

    fn excess_bytes(&mut self, frame: &[u8]) -> usize {
        let Some(segment) = segment(frame) else {
            return 0;
        };
        let Some(window) = self.0.get_mut(&segment.dst_port()) else {
            return 0;
        };
        if segment.syn() && window_scale(&segment).is_none() {
            window.shift = 0;
        }
        let room = window.room_bytes(segment.seq_number());
        segment.payload().len().saturating_sub(room)
    }
}

impl Window {
    /// How many bytes the node may send from `first` on.
    fn room_bytes(&self, first: TcpSeqNumber) -> usize {
        // The stack's own subtraction panics where this one is negative.
        let room = self.end.map_or(0, |end| end.0.wrapping_sub(first.0));
        usize::try_from(room).unwrap_or(0)
    }

    fn unit_less_one(&self) -> usize {
        (1 << self.shift) - 1
    }
}

fn segment(frame: &[u8]) -> Option<TcpPacket<&[u8]>> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    if ethernet.ethertype() != EthernetProtocol::Ipv4 {
        return None;
    }
    let packet = Ipv4Packet::new_checked(ethernet.payload()).ok()?;
    if packet.next_header() != IpProtocol::Tcp {
        return None;
    }
    TcpPacket::new_checked(packet.payload()).ok()
}

fn window_scale(segment: &TcpPacket<&[u8]>) -> Option<u8> {
    let mut options = segment.options();
    while !options.is_empty() {
        let (rest, option) = TcpOption::parse(options).ok()?;
        match option {
            TcpOption::WindowScale(shift) => return Some(shift.min(SHIFT_MAX)),
            TcpOption::EndOfList => return None,
            _ => options = rest,
        }
    }
    None
}

/// Takes bytes off the end of a [`segment`], and with them its FIN. Checksums are
/// not looked at here.
fn shorten(frame: &mut [u8], excess: usize) {
    let mut ethernet = EthernetFrame::new_unchecked(frame);
    let mut packet = Ipv4Packet::new_unchecked(ethernet.payload_mut());
    let excess = u16::try_from(excess).unwrap_or(u16::MAX);
    TcpPacket::new_unchecked(packet.payload_mut()).set_fin(false);
    packet.set_total_len(packet.total_len().saturating_sub(excess));
}
