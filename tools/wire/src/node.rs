// SPDX-License-Identifier: GPL-2.0

//! One node's wire.
//!
//! A TCP stack of its own, with the launcher's fixed address, the node's device,
//! and the bridges that run over it. All nodes have the same two addresses: the
//! wires never touch each other.

use crate::bridge::{
    Bridge,
    Pumped,
    Target, //
};
use crate::device::Device;
use crate::neighbor::{
    NODE_ADDRESS,
    OUR_ADDRESS,
    OUR_HARDWARE,
    PREFIX_BITS, //
};
use rustix::event::epoll::EventFlags;
use smoltcp::iface::{
    Config,
    Interface,
    PollIngressSingleResult,
    PollResult,
    SocketHandle,
    SocketSet, //
};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::IpCidr;
use std::collections::BTreeMap;
use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};
use std::os::unix::net::UnixStream;

/// Bytes of one connection under way to the node.
const SEND_BUFFER_BYTES: usize = 512 * 1024;

/// Bytes of one connection that its client has not read.
const RECEIVE_BUFFER_BYTES: usize = 512 * 1024;

/// Frames taken before bridges and other nodes get their turn.
const FRAMES_PER_ROUND: usize = 16;

/// Rounds of one node before other nodes get their turn.
const ROUNDS_PER_TURN: usize = 8;

/// Rounds in which a dead node's last frames are heard.
const LAST_ROUNDS_MAX: usize = 64;

/// First of our own TCP ports; all above are ours too.
const PORT_MIN: u16 = 32_768;

/// A node's device, TCP stack and connections.
pub(crate) struct Node {
    number: u8,
    device: Device,
    stack: Stack,
    bridges: BTreeMap<u32, Bridge>,
    /// When [`turn`](Node::turn) is due although nothing happens.
    pub(crate) wake_at: Option<Instant>,
}

/// The TCP stack, replaced as a whole when the node is.
struct Stack {
    interface: Interface,
    sockets: SocketSet<'static>,
    next_port: u16,
}

impl Node {
    pub(crate) fn new(number: u8, socket: OwnedFd, now: Instant) -> Node {
        let mut device = Device::new(number, socket);
        let stack = Stack::new(&mut device, now);
        Node {
            number,
            device,
            stack,
            bridges: BTreeMap::new(),
            wake_at: None,
        }
    }

    /// Begins a connection under the number `id`.
    pub(crate) fn connect(
        &mut self,
        id: u32,
        port: u16,
        stream: UnixStream,
        until: Instant,
        now: Instant,
    ) {
        let target = Target {
            node: self.number,
            port,
            until,
        };
        let tcp = self.stack.add();
        self.stack.dial(tcp, port);
        self.bridges.insert(id, Bridge::new(stream, tcp, target));
        self.wake_at = Some(now);
    }

    /// Notes an event of the device.
    pub(crate) fn notice_device(&mut self, now: Instant) {
        self.device.set_readable();
        self.wake_at = Some(now);
    }

    /// Notes an event of the stream numbered `id`, if there still is one.
    pub(crate) fn notice_stream(&mut self, id: u32, flags: EventFlags, now: Instant) {
        if let Some(bridge) = self.bridges.get_mut(&id) {
            bridge.notice(flags);
            self.wake_at = Some(now);
        }
    }

    /// Does what can be done now, but not for ever, and sets `wake_at`.
    pub(crate) fn turn(&mut self, now: Instant) {
        for _ in 0..ROUNDS_PER_TURN {
            if !self.round(now) {
                self.wake_at = self.next_wake(now);
                return;
            }
        }
        self.wake_at = Some(now);
    }

    /// Ends all connections and forgets the node's past.
    pub(crate) fn reset(&mut self, now: Instant) {
        let mut rounds = 0;
        while rounds < LAST_ROUNDS_MAX && self.round(now) {
            rounds += 1;
        }
        for bridge in std::mem::take(&mut self.bridges).into_values() {
            let tcp = self.stack.sockets.get_mut(bridge.tcp);
            bridge.cut(tcp);
        }
        self.device.discard();
        self.stack = Stack::new(&mut self.device, now);
        self.wake_at = None;
    }

    /// Hears, copies and speaks once; says whether anything happened.
    fn round(&mut self, now: Instant) -> bool {
        let heard = self.hear(now);
        if self.device.take_announcement() {
            for bridge in self.bridges.values_mut() {
                bridge.dial_again(now);
            }
        }
        let moved = self.pump(now);
        let spoke = self.speak(now);
        self.forget_ended();
        heard || moved || spoke
    }

    fn hear(&mut self, now: Instant) -> bool {
        let Stack {
            interface, sockets, ..
        } = &mut self.stack;
        for frames in 0..FRAMES_PER_ROUND {
            match interface.poll_ingress_single(now, &mut self.device, sockets) {
                PollIngressSingleResult::None => return frames > 0,
                PollIngressSingleResult::PacketProcessed
                | PollIngressSingleResult::SocketStateChanged => {}
            }
        }
        true
    }

    fn pump(&mut self, now: Instant) -> bool {
        let mut moved = false;
        for bridge in self.bridges.values_mut() {
            match bridge.pump(self.stack.sockets.get_mut(bridge.tcp), now) {
                Pumped::Still | Pumped::Ended => {}
                Pumped::Moved => moved = true,
                Pumped::Redial(port) => {
                    self.stack.dial(bridge.tcp, port);
                    moved = true;
                }
            }
        }
        moved
    }

    fn speak(&mut self, now: Instant) -> bool {
        let Stack {
            interface, sockets, ..
        } = &mut self.stack;
        let mut spoke = false;
        self.device.flush();
        while !self.device.is_blocked() {
            match interface.poll_egress(now, &mut self.device, sockets) {
                PollResult::None => break,
                PollResult::SocketStateChanged => spoke = true,
            }
            self.device.flush();
        }
        // Who had to ask for an address can speak once the answer is heard.
        spoke || self.device.has_answer()
    }

    /// Drops what ended, now that [`speak`](Self::speak) has sent the last words.
    fn forget_ended(&mut self) {
        if self.device.is_blocked() {
            return;
        }
        let sockets = &mut self.stack.sockets;
        self.bridges.retain(|_, bridge| {
            let ended = bridge.is_ended();
            if ended {
                sockets.remove(bridge.tcp);
            }
            !ended
        });
    }

    fn next_wake(&mut self, now: Instant) -> Option<Instant> {
        let bridges = self.bridges.values().filter_map(Bridge::wake_at);
        // While the device takes nothing, only its own event can help the stack.
        let stack = if self.device.is_blocked() {
            None
        } else {
            self.stack.wake_at(now)
        };
        bridges.chain(stack).min()
    }
}

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

impl Stack {
    fn new(device: &mut Device, now: Instant) -> Stack {
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
    fn add(&mut self) -> SocketHandle {
        let buffer = |bytes| tcp::SocketBuffer::new(vec![0; bytes]);
        let mut socket = tcp::Socket::new(buffer(RECEIVE_BUFFER_BYTES), buffer(SEND_BUFFER_BYTES));
        socket.set_nagle_enabled(false);
        // No timeout and no keep-alive: a frozen node's connections wait for it.
        socket.set_timeout(None);
        socket.set_keep_alive(None);
        self.sockets.add(socket)
    }

    /// Sends the first segment of a connection to `port`.
    fn dial(&mut self, tcp: SocketHandle, port: u16) {
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
            let is_used = self.sockets.iter().any(|(_, socket)| {
                let smoltcp::socket::Socket::Tcp(tcp) = socket;
                tcp.local_endpoint().is_some_and(|ours| ours.port == port)
            });
            if !is_used {
                return port;
            }
        }
    }

    fn wake_at(&mut self, now: Instant) -> Option<Instant> {
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
