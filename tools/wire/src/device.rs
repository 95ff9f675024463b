// SPDX-License-Identifier: GPL-2.0

//! Network device on a socket pair.
//!
//! What the TCP stack sends waits in a queue until the socket takes it, so
//! nothing is lost while a node is frozen. Queries for the node's hardware
//! address never reach the socket: the answer is known. The stack is asked for more only when
//! the queue is empty: one pass over its connections then fills it with at most
//! one frame of each, and no connection starves another. A node that asks and does
//! not take the answers is not heard until it does.

use crate::neighbor;
use crate::socket::{
    FRAME_BYTES_MAX,
    MTU_BYTES, //
};
use crate::window::Windows;
use rustix::io::{
    self as rio,
    Errno, //
};
use rustix::net::{
    recv,
    send,
    RecvFlags,
    SendFlags, //
};
use smoltcp::phy::{
    self,
    Checksum,
    ChecksumCapabilities,
    DeviceCapabilities,
    Medium, //
};
use smoltcp::time::Instant;
use std::collections::VecDeque;
use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};

/// Frames kept for reuse after they were sent.
const SPARE_FRAMES_MAX: usize = 8;

/// Frames that wait for the node to take them while it is heard: each frame of it
/// may need an answer.
const WAITING_FRAMES_MAX: usize = 64;

/// The launcher's end of a node's wire.
#[derive(Debug)]
pub(crate) struct Device {
    socket: OwnedFd,
    received: Box<[u8]>,
    outbound: Outbound,
    /// Whether reading may find something: set by the event loop, cleared by
    /// the read that finds nothing.
    readable: bool,
    /// The node's agent has said that it listens.
    announced: bool,
}

/// Frames on their way to the node.
#[derive(Debug)]
struct Outbound {
    node: u8,
    queue: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    /// The answer to a query of ours, for us to hear next.
    answer: Option<Vec<u8>>,
    windows: Windows,
}

impl Device {
    pub(crate) fn new(node: u8, socket: OwnedFd) -> Device {
        Device {
            socket,
            received: vec![0; FRAME_BYTES_MAX].into(),
            outbound: Outbound {
                node,
                queue: VecDeque::new(),
                spare: Vec::new(),
                answer: None,
                windows: Windows::default(),
            },
            readable: true,
            announced: false,
        }
    }

    /// Notes that the socket has something to read.
    pub(crate) fn set_readable(&mut self) {
        self.readable = true;
    }

    /// Whether frames wait for the socket to take them.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.outbound.queue.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn waiting_frames(&self) -> usize {
        self.outbound.queue.len()
    }

    /// Whether the stack has asked for an address and not yet heard the answer.
    pub(crate) fn has_answer(&self) -> bool {
        self.outbound.answer.is_some()
    }

    /// Whether the node's agent has said that it listens, since the last call.
    pub(crate) fn take_announcement(&mut self) -> bool {
        std::mem::take(&mut self.announced)
    }

    /// Forgets connections whose ports are not among `ours`.
    pub(crate) fn keep(&mut self, ours: impl Fn(u16) -> bool) {
        self.outbound.windows.keep(ours);
    }

    /// Hands the socket as much as it takes.
    pub(crate) fn flush(&mut self) {
        while let Some(frame) = self.outbound.queue.pop_front() {
            let sent = rio::retry_on_intr(|| {
                send(
                    &self.socket,
                    &frame,
                    SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
                )
            });
            match sent {
                Err(Errno::AGAIN | Errno::NOBUFS) => {
                    self.outbound.queue.push_front(frame);
                    return;
                }
                // Sent, or a frame this socket will never take: TCP sends it
                // again, and a socket without a peer is about to be detached.
                Ok(_) | Err(_) => self.outbound.recycle(frame),
            }
        }
    }

    /// Throws away what waits in either direction.
    pub(crate) fn discard(&mut self) {
        self.outbound.queue.clear();
        self.outbound.answer = None;
        self.outbound.windows = Windows::default();
        self.readable = true;
        while self.receive_frame().is_some() {}
        self.announced = false;
    }

    /// The length of the next frame for the stack, now in `received`.
    fn next_frame(&mut self) -> Option<usize> {
        if let Some(answer) = self.outbound.answer.take() {
            self.received[..answer.len()].copy_from_slice(&answer);
            return Some(answer.len());
        }
        // What is not read now stays readable, and is once the node has taken some.
        while self.outbound.queue.len() < WAITING_FRAMES_MAX {
            let length = self.receive_frame()?;
            let frame = &mut self.received[..length];
            if !neighbor::is_announcement(frame) {
                self.outbound.windows.cut(frame);
                return Some(length);
            }
            self.announced = true;
        }
        None
    }

    /// The length of the socket's next frame, now in `received`.
    fn receive_frame(&mut self) -> Option<usize> {
        if !self.readable {
            return None;
        }
        let received =
            rio::retry_on_intr(|| recv(&self.socket, &mut self.received[..], RecvFlags::DONTWAIT));
        match received {
            Ok((1.., length)) => Some(length.min(self.received.len())),
            Ok((0, _)) | Err(_) => {
                self.readable = false;
                None
            }
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Outbound {
    fn recycle(&mut self, frame: Vec<u8>) {
        if self.spare.len() < SPARE_FRAMES_MAX {
            self.spare.push(frame);
        }
    }
}

impl phy::Device for Device {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Slot<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Slot<'_>)> {
        let length = self.next_frame()?;
        Some((Received(&self.received[..length]), Slot(&mut self.outbound)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Slot<'_>> {
        Some(Slot(&mut self.outbound))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut checksum = ChecksumCapabilities::default();
        // The guest verifies what we send. What arrives came through a socket of
        // this host, which does not damage anything.
        checksum.ipv4 = Checksum::Tx;
        checksum.tcp = Checksum::Tx;
        checksum.icmpv4 = Checksum::Tx;
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME_BYTES_MAX;
        capabilities.checksum = checksum;
        capabilities
    }
}

/// A frame from the node.
pub(crate) struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for a frame to the node.
pub(crate) struct Slot<'a>(&'a mut Outbound);

impl phy::TxToken for Slot<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = self.0.spare.pop().unwrap_or_default();
        frame.clear();
        frame.resize(length, 0);
        let result = f(&mut frame);
        match neighbor::answer(self.0.node, &frame) {
            Some(answer) => {
                // It stands in the place of the frame that needs the answer.
                self.0.windows.lose_one();
                self.0.answer = Some(answer);
            }
            None => {
                self.0.windows.note(&frame);
                self.0.queue.push_back(frame);
            }
        }
        result
    }
}

const _: () = assert!(MTU_BYTES < FRAME_BYTES_MAX);
