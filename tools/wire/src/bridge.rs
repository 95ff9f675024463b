// SPDX-License-Identifier: GPL-2.0

//! A stream joined to TCP.
//!
//! ```text
//!            refused: again after a pause
//!               +----+
//!               v    |
//!  connect --> Dialing -------- the node answers --------> Open
//!                 |                                         |
//!                 | too late, or the client left            | both sides ended,
//!                 v                                         | or one of them broke
//!               Ended <-------------------------------------+
//! ```
//!
//! The end of one side's bytes travels as the end of the other's. For a client
//! that is gone altogether the same is tried: what it sent still arrives, and the
//! end of it. A node that talks on is reset. Buffers are those of the TCP
//! connection, so a side that does not read stops its own peer and nobody else.

use crate::dial::{
    Answer,
    Dial,
    Step,
    Target, //
};
use crate::verdict;
use rustix::event::epoll::EventFlags;
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
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;
use smoltcp::time::{
    Duration,
    Instant, //
};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

/// How long a node may go on after its client has left, if it says nothing.
const LEAVE_GRACE: Duration = Duration::from_secs(1);

/// A stream, its TCP connection, and how far they are.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) tcp: SocketHandle,
    stream: UnixStream,
    ready: Ready,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nothing was said to the client yet.
    Dialing(Dial),
    /// Bytes pass.
    Open(Open),
    /// The client has heard everything it ever will.
    Ended,
}

/// What both sides have said of the end.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    /// The node has sent its last byte and the client was told.
    node_ended: bool,
    /// The client is gone and the node has all it sent: when it is given up.
    leave_at: Option<Instant>,
}

/// What the stream can do without blocking, as far as is known.
#[derive(Debug)]
struct Ready {
    readable: bool,
    writable: bool,
    /// Nobody holds the other end.
    gone: bool,
}

/// What a connection wants after a [`Bridge::pump`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pumped {
    /// Nothing could be done.
    Still,
    /// Something was done; there may be more.
    Moved,
    /// A new attempt to connect to this port.
    Redial(u16),
    /// To be forgotten, once the TCP connection's last segment is out.
    Ended,
}

/// What a turn of copying came to.
enum Copied {
    Nothing,
    Some,
    End,
}

impl Bridge {
    pub(crate) fn new(stream: UnixStream, tcp: SocketHandle, target: Target) -> Bridge {
        Bridge {
            tcp,
            stream,
            ready: Ready {
                readable: true,
                writable: true,
                gone: false,
            },
            stage: Stage::Dialing(Dial::new(target)),
        }
    }

    /// Notes what epoll said about the stream.
    pub(crate) fn notice(&mut self, flags: EventFlags) {
        let ready = &mut self.ready;
        ready.readable |= flags.intersects(EventFlags::IN | EventFlags::RDHUP | EventFlags::HUP);
        ready.writable |= flags.contains(EventFlags::OUT);
        ready.gone |= flags.intersects(EventFlags::HUP | EventFlags::ERR);
    }

    /// When [`pump`](Self::pump) must be called even if nothing happens.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Dialing(dial) => Some(dial.wake_at()),
            Stage::Open(open) => open.leave_at,
            Stage::Ended => None,
        }
    }

    /// The node listens now: an attempt it has not answered is repeated.
    pub(crate) fn dial_again(&mut self, now: Instant) {
        if let Stage::Dialing(dial) = &mut self.stage {
            dial.hurry(now);
        }
    }

    /// Whether nothing is left to do but to forget it.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended)
    }

    /// Moves what can be moved.
    pub(crate) fn pump(&mut self, tcp: &mut tcp::Socket<'_>, now: Instant) -> Pumped {
        match self.stage {
            Stage::Dialing(dial) => self.dial(tcp, dial, now),
            Stage::Open(open) => self.copy(tcp, open, now),
            Stage::Ended => Pumped::Ended,
        }
    }

    /// Ends the connection of a node that is gone: what it sent is delivered as
    /// far as the client takes it at once.
    pub(crate) fn cut(mut self, tcp: &mut tcp::Socket<'_>) {
        match self.stage {
            Stage::Dialing(dial) => refuse(&self.stream, &dial.died()),
            Stage::Open(_) => while matches!(self.feed_client(tcp), Copied::Some) {},
            Stage::Ended => {}
        }
    }

    fn dial(&mut self, tcp: &mut tcp::Socket<'_>, mut dial: Dial, now: Instant) -> Pumped {
        if self.ready.gone {
            return self.end(tcp);
        }
        let answer = match tcp.state() {
            tcp::State::SynSent => Answer::None,
            tcp::State::Closed | tcp::State::TimeWait => Answer::Refused,
            _ => Answer::Accepted,
        };
        let step = dial.step(answer, now);
        self.stage = Stage::Dialing(dial);
        match step {
            Step::Wait => Pumped::Still,
            Step::Redial(port) => Pumped::Redial(port),
            Step::Grant => self.grant(tcp),
            Step::GiveUp(reason) => {
                refuse(&self.stream, &reason);
                self.end(tcp)
            }
        }
    }

    fn grant(&mut self, tcp: &mut tcp::Socket<'_>) -> Pumped {
        // Nothing was written to this stream before: there is room for a line.
        match send(&self.stream, verdict::GRANTED, SendFlags::NOSIGNAL) {
            Ok(_) => {
                self.stage = Stage::Open(Open::default());
                Pumped::Moved
            }
            Err(_) => self.end(tcp),
        }
    }

    fn copy(&mut self, tcp: &mut tcp::Socket<'_>, mut open: Open, now: Instant) -> Pumped {
        let sent = self.feed_node(tcp);
        if matches!(sent, Copied::End) {
            tcp.close();
        }
        let received = self.feed_client(tcp);
        if matches!(received, Copied::End) {
            if has_ended(tcp) {
                return self.end(tcp);
            }
            if !open.node_ended {
                open.node_ended = true;
                // Fails if the client is gone, which epoll tells as well.
                let _ = self.stream.shutdown(Shutdown::Write);
            }
        }
        if !self.ready.gone || open.node_ended || tcp.send_queue() > 0 {
            open.leave_at = None;
        } else {
            let leave_at = *open.leave_at.get_or_insert(now + LEAVE_GRACE);
            if matches!(received, Copied::Some) || now >= leave_at {
                return self.end(tcp);
            }
        }
        self.stage = Stage::Open(open);
        match (sent, received) {
            (Copied::Nothing, Copied::Nothing | Copied::End) => Pumped::Still,
            _ => Pumped::Moved,
        }
    }

    /// From the stream into the send buffer.
    fn feed_node(&mut self, tcp: &mut tcp::Socket<'_>) -> Copied {
        if !self.ready.readable || !tcp.can_send() {
            return Copied::Nothing;
        }
        let stream = &self.stream;
        let read = tcp.send(|room| {
            let read = rio::retry_on_intr(|| recv(stream, &mut *room, RecvFlags::DONTWAIT));
            let read = read.map(|(length, _)| length);
            (read.unwrap_or(0), read)
        });
        match read {
            Ok(Ok(1..)) => Copied::Some,
            Ok(Err(Errno::AGAIN)) => {
                self.ready.readable = false;
                Copied::Nothing
            }
            Ok(Ok(0) | Err(_)) | Err(_) => {
                self.ready.readable = false;
                Copied::End
            }
        }
    }

    /// From the receive buffer into the stream, or nowhere if nobody listens.
    fn feed_client(&mut self, tcp: &mut tcp::Socket<'_>) -> Copied {
        if !tcp.can_recv() {
            return if tcp.may_recv() {
                Copied::Nothing
            } else {
                Copied::End
            };
        }
        if self.ready.gone {
            let _ = tcp.recv(|bytes| (bytes.len(), ()));
            return Copied::Some;
        }
        if !self.ready.writable {
            return Copied::Nothing;
        }
        let stream = &self.stream;
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let written = tcp.recv(|bytes| {
            let written = rio::retry_on_intr(|| send(stream, bytes, flags));
            (written.unwrap_or(0), written)
        });
        match written {
            Ok(Ok(_)) => Copied::Some,
            Ok(Err(Errno::AGAIN)) => {
                self.ready.writable = false;
                Copied::Nothing
            }
            Ok(Err(_)) | Err(_) => {
                self.ready.gone = true;
                Copied::Some
            }
        }
    }

    /// Closes the connection, resetting it unless it ended by itself.
    fn end(&mut self, tcp: &mut tcp::Socket<'_>) -> Pumped {
        if tcp.is_active() {
            tcp.abort();
        }
        // The client must see the end now, not when the last segment is out.
        let _ = self.stream.shutdown(Shutdown::Both);
        self.stage = Stage::Ended;
        Pumped::Ended
    }
}

/// Writes the reason why `stream` does not become a connection.
pub(crate) fn refuse(stream: &UnixStream, reason: &str) {
    let line = verdict::refusal(reason);
    // A client that is gone need not be told.
    let _ = send(stream, &line, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
}

/// Whether both directions are over, be it in order or by a reset.
fn has_ended(tcp: &tcp::Socket<'_>) -> bool {
    matches!(tcp.state(), tcp::State::Closed | tcp::State::TimeWait)
}
