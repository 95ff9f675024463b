// SPDX-License-Identifier: GPL-2.0

//! Sender and tap of packets.
//!
//! Both need the rights of root on the node.

use std::io::{
    self,
    Read, //
};
use std::net::SocketAddrV4;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    Context,
    Result, //
};
use rustix::io::Errno;
use socket2::{
    Domain,
    Protocol,
    Socket,
    Type, //
};

use crate::segment::Packet;

/// Protocol of a socket that sees all packets, also those that leave.
const ETH_P_ALL: i32 = 0x0003_u16.to_be() as i32;

/// Protocol of a socket that is given the header of IP.
const IPPROTO_RAW: i32 = 255;

/// Longest packet there is.
const PACKET_BYTES_MAX: usize = 65536;
/// Room for packets nobody has looked at yet.
const QUEUE_BYTES: usize = 4 << 20;

/// Sends packets as they are.
#[derive(Debug)]
pub(crate) struct Sender(Socket);

impl Sender {
    /// One for all packets of this node.
    pub(crate) fn open() -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(IPPROTO_RAW)))
            .context("cannot send raw packets; run it as root")?;
        socket.set_header_included_v4(true)?;
        Ok(Self(socket))
    }

    /// Sends one. That the system has no room for it is the fate of a packet.
    pub(crate) fn send(&self, packet: &Packet) -> Result<()> {
        let to = SocketAddrV4::new(*packet.to.ip(), 0);
        match self.0.send_to(&packet.encode(), &to.into()) {
            Ok(_) => Ok(()),
            Err(error) if is_fate(&error) => Ok(()),
            Err(error) => Err(error).context("cannot send a raw packet"),
        }
    }
}

fn is_fate(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NOBUFS | Errno::HOSTUNREACH | Errno::AGAIN)
    )
}

/// Sees what comes to this node and what leaves it.
#[derive(Debug)]
pub(crate) struct Tap {
    socket: Socket,
    room: Vec<u8>,
}

impl Tap {
    /// Sees everything from now on.
    pub(crate) fn open() -> Result<Self> {
        // Without the headers of Ethernet.
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(ETH_P_ALL)))
            .context("cannot listen to the network; run it as root")?;
        // More than the system allows is cut to that.
        socket.set_recv_buffer_size(QUEUE_BYTES)?;
        Ok(Self {
            socket,
            room: vec![0; PACKET_BYTES_MAX],
        })
    }

    /// The next packet of TCP or UDP, `None` when none comes before `deadline`.
    pub(crate) fn next(&mut self, deadline: Instant) -> Result<Option<Packet>> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let left = left.max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left))?;
            match self.socket.read(&mut self.room) {
                Ok(count) => {
                    if let Some(packet) = Packet::parse(&self.room[..count]) {
                        return Ok(Some(packet));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("cannot listen to the network"),
            }
        }
    }
}
