// SPDX-License-Identifier: GPL-2.0

//! A port's socket and queue.
//!
//! ```text
//!           the socket is full
//!   idle ---------------------> waiting   (frames queue up, the poller
//!    |  <---------------------    |        looks for room)
//!    |      the queue is empty    |
//!    +-----------> ended <--------+       (the node's end is closed; every
//!                                          frame is dropped until removed)
//! ```
//!
//! A frame for an idle line goes straight from the receive buffer into the
//! socket; it is copied only to wait.

use std::{
    borrow::Cow,
    io,
    os::fd::OwnedFd, //
};

use super::{
    poll::{
        Interest,
        Poller, //
    },
    socket::{
        self,
        Received,
        Sent, //
    },
};
use crate::{
    fabric::{
        Parcel,
        Queue, //
    },
    port::PortId,
    report::PortReport,
};

/// Most queued frames sent per event, so that no port keeps the others waiting.
const SEND_FRAMES_MAX: usize = 64;

/// Whether the socket can be used.
#[derive(Debug)]
enum State {
    /// Frames go straight into it; the queue is empty.
    Idle(OwnedFd),
    /// It was full; the queue is not empty.
    Waiting(OwnedFd),
    /// The other end is closed; the queue is empty.
    Ended,
}

/// A port in use.
#[derive(Debug)]
pub(super) struct Line {
    port: PortId,
    state: State,
    queue: Queue,
    /// What the report tells of the port; its load and stations are not kept.
    pub(super) counts: PortReport,
}

impl Line {
    /// Puts `socket` to use, or gives it back if it cannot be waited for.
    pub(super) fn open(
        poller: &Poller,
        port: PortId,
        socket: OwnedFd,
    ) -> Result<Self, (io::Error, OwnedFd)> {
        if let Err(error) = poller.add(port, &socket) {
            return Err((error, socket));
        }
        Ok(Self {
            port,
            state: State::Idle(socket),
            queue: Queue::default(),
            counts: PortReport {
                port: port.get(),
                ..PortReport::default()
            },
        })
    }

    /// Takes a frame out of the socket into `buffer`.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        match self.socket() {
            Some(socket) => socket::receive(socket, buffer),
            None => Ok(Received::Nothing),
        }
    }

    /// Sends `frame`, lets it wait, or drops it.
    pub(super) fn deliver(
        &mut self,
        poller: &Poller,
        from: PortId,
        frame: Cow<'_, [u8]>,
    ) -> io::Result<()> {
        let sent = match &self.state {
            State::Idle(socket) => socket::send(socket, &frame),
            State::Waiting(_) => Sent::Full,
            State::Ended => Sent::Refused,
        };
        match sent {
            Sent::Done => self.count_out(frame.len()),
            Sent::Full => return self.enqueue(poller, from, frame),
            Sent::Refused => self.counts.dropped += 1,
        }
        Ok(())
    }

    /// Sends what waits, now that the socket has room.
    pub(super) fn resume(&mut self, poller: &Poller) -> io::Result<()> {
        for _ in 0..SEND_FRAMES_MAX {
            let (Some(socket), Some(parcel)) = (self.socket(), self.queue.front()) else {
                break;
            };
            match socket::send(socket, &parcel.bytes) {
                Sent::Done => self.count_out(parcel.bytes.len()),
                Sent::Full => break,
                Sent::Refused => self.counts.dropped += 1,
            }
            drop(self.queue.pop());
        }
        self.settle(poller)
    }

    /// Throws away what waits and `unwanted` picks, and tells how many.
    pub(super) fn discard(
        &mut self,
        poller: &Poller,
        unwanted: impl Fn(&Parcel) -> bool,
    ) -> io::Result<u64> {
        let count = self.queue.discard(unwanted);
        self.settle(poller)?;
        Ok(count as u64)
    }

    /// Throws away what the node sent and nobody has taken yet.
    pub(super) fn drain(&self) -> io::Result<usize> {
        self.socket().map_or(Ok(0), socket::drain)
    }

    /// Closes the socket; what waits is dropped.
    pub(super) fn close(&mut self, poller: &Poller) -> io::Result<()> {
        self.counts.dropped += self.queue.discard(|_| true) as u64;
        if let Some(socket) = self.socket() {
            // A copy elsewhere would keep a closed socket in the poller.
            poller.remove(socket)?;
        }
        self.state = State::Ended;
        Ok(())
    }

    /// The port for the report, but for its stations.
    pub(super) fn report(&self) -> PortReport {
        PortReport {
            open: self.socket().is_some(),
            queued_frames: self.queue.load().frames,
            queued_bytes: self.queue.load().bytes,
            ..self.counts.clone()
        }
    }

    fn socket(&self) -> Option<&OwnedFd> {
        match &self.state {
            State::Idle(socket) | State::Waiting(socket) => Some(socket),
            State::Ended => None,
        }
    }

    fn count_out(&mut self, len: usize) {
        self.counts.out_frames += 1;
        self.counts.out_bytes += len as u64;
    }

    fn enqueue(&mut self, poller: &Poller, from: PortId, frame: Cow<'_, [u8]>) -> io::Result<()> {
        // Asked first: a frame for a full queue is not even copied.
        if !self.queue.has_room(frame.len()) {
            self.counts.dropped += 1;
            return Ok(());
        }
        let parcel = Parcel {
            from,
            to: self.port,
            bytes: frame.into_owned(),
        };
        if self.queue.push(parcel).is_err() {
            self.counts.dropped += 1;
        }
        self.settle(poller)
    }

    /// Waits for room in the socket exactly while there is something to send.
    fn settle(&mut self, poller: &Poller) -> io::Result<()> {
        let ended = State::Ended;
        self.state = match (
            std::mem::replace(&mut self.state, ended),
            self.queue.is_empty(),
        ) {
            (State::Idle(socket), false) => {
                poller.modify(self.port, &socket, Interest::ReceiveAndSend)?;
                State::Waiting(socket)
            }
            (State::Waiting(socket), true) => {
                poller.modify(self.port, &socket, Interest::Receive)?;
                State::Idle(socket)
            }
            (state, _) => state,
        };
        Ok(())
    }
}
