// SPDX-License-Identifier: GPL-2.0

//! TCP stack of one wire.
//!
//! Replaced as a whole when its node is. All nodes have the same two addresses.

use crate::device::Device;
use crate::neighbor::{
    NODE_ADDRESS,
    OUR_ADDRESS,
    OUR_HARDWARE,
    PREFIX_BITS, //
};
use smoltcp::iface::{
    Config,
    Interface,
    SocketHandle,
    SocketSet, //
};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::IpCidr;

/// Bytes of one connection under way to the node.
const SEND_BUFFER_BYTES: usize = 512 * 1024;

/// Bytes of one connection that its client has not read.
const RECEIVE_BUFFER_BYTES: usize = 512 * 1024;

/// First of our own TCP ports; all above are ours too.
const PORT_MIN: u16 = 32_768;

/// An interface and its connections.
pub(crate) struct Stack {
    pub(crate) interface: Interface,
    pub(crate) sockets: SocketSet<'static>,
    next_port: u16,
}

impl Stack {
    pub(crate) fn new(device: &mut Device, now: Instant) -> Stack {
        let mut config = Config::new(OUR_HARDWARE.into());
        config.random_seed = random_seed();
        let mut interface = Interface::new(config, device, now);
        interface.update_ip_addrs(|addresses| {
            // A fresh interface has room for an address.
            let _ = addresses.push(IpCidr::new(OUR_ADDRESS.into(), PREFIX_BITS));
        });
        Stack {
            interface,
            sockets: SocketSet::new(Vec::new()),
            next_port: PORT_MIN,
        }
    }

    /// A connection to be, with its buffers; memory is used when bytes are.
    pub(crate) fn add(&mut self) -> SocketHandle {
        let buffer = |bytes| tcp::SocketBuffer::new(vec![0; bytes]);
        let mut socket = tcp::Socket::new(buffer(RECEIVE_BUFFER_BYTES), buffer(SEND_BUFFER_BYTES));
        socket.set_nagle_enabled(false);
        // No timeout and no keep-alive: a frozen node's connections wait for it.
        socket.set_timeout(None);
        socket.set_keep_alive(None);
        self.sockets.add(socket)
    }

    /// Sends the first segment of a connection to `port`.
    pub(crate) fn dial(&mut self, tcp: SocketHandle, port: u16) {
        let ours = self.free_port();
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(tcp);
        socket.abort();
        // Port 0 is refused here and the connection times out, with that reason.
        let _ = socket.connect(self.interface.context(), (NODE_ADDRESS, port), ours);
    }

    /// Our next port that no connection uses.
    fn free_port(&mut self) -> u16 {
        loop {
            let port = self.next_port;
            self.next_port = port.checked_add(1).unwrap_or(PORT_MIN);
            if !self.uses(port) {
                return port;
            }
        }
    }

    /// Whether `port` is that of a connection.
    pub(crate) fn uses(&self, port: u16) -> bool {
        self.sockets.iter().any(|(_, socket)| {
            let smoltcp::socket::Socket::Tcp(tcp) = socket;
            tcp.local_endpoint().is_some_and(|ours| ours.port == port)
        })
    }

    /// When the next timer is due.
    pub(crate) fn wake_at(&mut self, now: Instant) -> Option<Instant> {
        self.interface.poll_at(now, &self.sockets)
    }
}

/// Seed of sequence numbers, different for each stack.
fn random_seed() -> u64 {
    use std::hash::{
        BuildHasher,
        RandomState, //
    };
    RandomState::new().hash_one(0)
}
