// SPDX-License-Identifier: GPL-2.0

//! One node's wire.
//!
//! A device, a TCP stack of its own, and the bridges that run over them. The
//! wires of different nodes never touch each other.

use crate::bridge::{
    Bridge,
    Pumped, //
};
use crate::device::Device;
use crate::dial::Target;
use crate::stack::Stack;
use rustix::event::epoll::EventFlags;
use smoltcp::iface::{
    PollIngressSingleResult,
    PollResult, //
};
use smoltcp::time::Instant;
use std::collections::BTreeMap;
use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};
use std::os::unix::net::UnixStream;

/// Frames taken before bridges and other nodes get their turn.
const FRAMES_PER_ROUND: usize = 16;

/// Passes over the connections of one node before bridges get their turn: a node
/// that takes small segments only must not keep the thread.
const PASSES_PER_ROUND: usize = 64;

/// Rounds of one node before other nodes get their turn.
const ROUNDS_PER_TURN: usize = 8;

/// Rounds in which a dead node's last frames are heard.
const LAST_ROUNDS_MAX: usize = 64;

/// A node's device, TCP stack and connections.
pub(crate) struct Node {
    number: u8,
    device: Device,
    stack: Stack,
    bridges: BTreeMap<u32, Bridge>,
    /// When [`turn`](Node::turn) is due although nothing happens.
    pub(crate) wake_at: Option<Instant>,
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
        for _ in 0..PASSES_PER_ROUND {
            if self.device.is_blocked() {
                break;
            }
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
        let before = self.bridges.len();
        let sockets = &mut self.stack.sockets;
        self.bridges.retain(|_, bridge| {
            let ended = bridge.is_ended();
            if ended {
                sockets.remove(bridge.tcp);
            }
            !ended
        });
        if self.bridges.len() < before {
            self.device.keep(|port| self.stack.uses(port));
        }
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

#[cfg(test)]
mod tests;
