// SPDX-License-Identifier: GPL-2.0

//! Packets as they travel.
//!
//! Built and read without the system's own TCP, so that they may say anything.

use std::net::{
    Ipv4Addr,
    SocketAddrV4, //
};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IpAddress,
    IpProtocol,
    Ipv4Packet,
    Ipv4Repr,
    TcpControl,
    TcpPacket,
    TcpRepr,
    TcpSeqNumber,
    UdpPacket,
    UdpRepr, //
};

/// Routers a packet may pass; there are none.
const HOP_LIMIT: u8 = 64;

/// A TCP segment or UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Where it says it comes from.
    pub(crate) from: SocketAddrV4,
    /// Where it goes.
    pub(crate) to: SocketAddrV4,
    /// What it is.
    pub(crate) sort: Sort,
    /// What it carries.
    pub(crate) payload: Vec<u8>,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A datagram.
    Udp,
    /// A segment.
    Tcp {
        /// Whether it opens or ends a connection.
        control: Control,
        /// Number of its first byte.
        seq: u32,
        /// Number of the next byte wanted.
        ack: Option<u32>,
    },
}

/// What a segment does beside carrying bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Nothing.
    None,
    /// It opens a connection.
    Open,
    /// It says that nothing more comes.
    End,
    /// It breaks the connection.
    Reset,
}

impl Packet {
    /// The packet with the header of IP, as a raw socket sends it.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let body = self.encode_body();
        let ip = Ipv4Repr {
            src_addr: *self.from.ip(),
            dst_addr: *self.to.ip(),
            next_header: match self.sort {
                Sort::Udp => IpProtocol::Udp,
                Sort::Tcp { .. } => IpProtocol::Tcp,
            },
            payload_len: body.len(),
            hop_limit: HOP_LIMIT,
        };
        let mut bytes = vec![0; ip.buffer_len() + body.len()];
        ip.emit(
            &mut Ipv4Packet::new_unchecked(&mut bytes),
            &ChecksumCapabilities::default(),
        );
        bytes[ip.buffer_len()..].copy_from_slice(&body);
        bytes
    }

    fn encode_body(&self) -> Vec<u8> {
        let (from, to) = (ip(*self.from.ip()), ip(*self.to.ip()));
        let checksums = ChecksumCapabilities::default();
        match self.sort {
            Sort::Udp => {
                let head = UdpRepr {
                    src_port: self.from.port(),
                    dst_port: self.to.port(),
                };
                let mut bytes = vec![0; head.header_len() + self.payload.len()];
                head.emit(
                    &mut UdpPacket::new_unchecked(&mut bytes),
                    &from,
                    &to,
                    self.payload.len(),
                    |room| room.copy_from_slice(&self.payload),
                    &checksums,
                );
                bytes
            }
            Sort::Tcp { control, seq, ack } => {
                let head = self.tcp(control, seq, ack);
                let mut bytes = vec![0; head.buffer_len()];
                head.emit(
                    &mut TcpPacket::new_unchecked(&mut bytes),
                    &from,
                    &to,
                    &checksums,
                );
                bytes
            }
        }
    }

    fn tcp(&self, control: Control, seq: u32, ack: Option<u32>) -> TcpRepr<'_> {
        TcpRepr {
            src_port: self.from.port(),
            dst_port: self.to.port(),
            control: match control {
                Control::None if self.payload.is_empty() => TcpControl::None,
                Control::None => TcpControl::Psh,
                Control::Open => TcpControl::Syn,
                Control::End => TcpControl::Fin,
                Control::Reset => TcpControl::Rst,
            },
            seq_number: number(seq),
            ack_number: ack.map(number),
            window_len: u16::MAX,
            window_scale: None,
            max_seg_size: None,
            sack_permitted: false,
            sack_ranges: [None; 3],
            timestamp: None,
            payload: &self.payload,
        }
    }

    /// Reads a packet that begins with the header of IP; `None` for one that is
    /// neither TCP nor UDP, or broken.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let packet = Ipv4Packet::new_checked(bytes).ok()?;
        let (from, to) = (packet.src_addr(), packet.dst_addr());
        match packet.next_header() {
            IpProtocol::Udp => {
                let udp = UdpPacket::new_checked(packet.payload()).ok()?;
                Some(Self {
                    from: SocketAddrV4::new(from, udp.src_port()),
                    to: SocketAddrV4::new(to, udp.dst_port()),
                    sort: Sort::Udp,
                    payload: udp.payload().to_vec(),
                })
            }
            IpProtocol::Tcp => {
                let tcp = TcpPacket::new_checked(packet.payload()).ok()?;
                Some(Self {
                    from: SocketAddrV4::new(from, tcp.src_port()),
                    to: SocketAddrV4::new(to, tcp.dst_port()),
                    sort: tcp_sort(&tcp),
                    payload: tcp.payload().to_vec(),
                })
            }
            _ => None,
        }
    }
}

fn tcp_sort(tcp: &TcpPacket<&[u8]>) -> Sort {
    let control = if tcp.rst() {
        Control::Reset
    } else if tcp.syn() {
        Control::Open
    } else if tcp.fin() {
        Control::End
    } else {
        Control::None
    };
    Sort::Tcp {
        control,
        seq: plain(tcp.seq_number()),
        ack: tcp.ack().then(|| plain(tcp.ack_number())),
    }
}

fn ip(address: Ipv4Addr) -> IpAddress {
    IpAddress::Ipv4(address)
}

/// The same 32 bits, as the library wants them.
fn number(seq: u32) -> TcpSeqNumber {
    TcpSeqNumber(i32::from_ne_bytes(seq.to_ne_bytes()))
}

fn plain(seq: TcpSeqNumber) -> u32 {
    u32::from_ne_bytes(seq.0.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sort: Sort, payload: &[u8]) -> Packet {
        Packet {
            from: SocketAddrV4::new(Ipv4Addr::new(10, 83, 0, 3), 40000),
            to: SocketAddrV4::new(Ipv4Addr::new(10, 83, 0, 1), 7083),
            sort,
            payload: payload.to_vec(),
        }
    }

    #[test]
    fn packets_come_back_as_they_were() {
        for control in [Control::None, Control::Open, Control::End, Control::Reset] {
            for ack in [None, Some(5), Some(u32::MAX)] {
                let seq = 0xf000_0001;
                let packet = packet(Sort::Tcp { control, seq, ack }, b"bytes");
                assert_eq!(Packet::parse(&packet.encode()), Some(packet));
            }
        }
        let datagram = packet(Sort::Udp, b"");
        assert_eq!(Packet::parse(&datagram.encode()), Some(datagram));
    }

    #[test]
    fn what_is_no_packet_is_none() {
        assert_eq!(Packet::parse(b""), None);
        assert_eq!(Packet::parse(&[0x45; 19]), None);
        let mut bytes = packet(Sort::Udp, b"x").encode();
        // Another protocol.
        bytes[9] = 1;
        assert_eq!(Packet::parse(&bytes), None);
    }
}
