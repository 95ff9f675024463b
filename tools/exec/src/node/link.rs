// SPDX-License-Identifier: GPL-2.0

//! The connection to the host.
//!
//! Never blocks: what the socket does not take stays in `out`, and whoever
//! appends to it looks at [`Link::is_clear`] first.

use super::ready::timespec;
use super::ServeError;
use crate::frame::{
    ToHost,
    ToNode, //
};
use crate::inbox::Inbox;
use rustix::event::{
    poll,
    PollFd,
    PollFlags, //
};
use rustix::io::{
    self as rio,
    Errno, //
};
use rustix::net::{
    recv,
    send,
    sockopt,
    RecvFlags,
    SendFlags, //
};
use std::io;
use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};
use std::time::{
    Duration,
    Instant, //
};

/// How long the host may be silent while data is under way, in milliseconds:
/// for ever, for its end is told otherwise and a frozen node is no reason.
const USER_TIMEOUT_MS: u32 = i32::MAX as u32;

/// How long the host may take to close a connection that is over.
const GOODBYE_GRACE: Duration = Duration::from_secs(10);

/// A connected stream socket and its buffers.
#[derive(Debug)]
pub(super) struct Link {
    socket: OwnedFd,
    inbox: Inbox,
    out: Vec<u8>,
    sent: usize,
}

impl Link {
    pub(super) fn new(socket: OwnedFd) -> Link {
        // Only TCP has these, and it works without them as well.
        let _ = sockopt::set_tcp_nodelay(&socket, true);
        let _ = sockopt::set_tcp_user_timeout(&socket, USER_TIMEOUT_MS);
        Link {
            socket,
            inbox: Inbox::new(),
            out: Vec::new(),
            sent: 0,
        }
    }

    /// Whether everything was sent.
    pub(super) fn is_clear(&self) -> bool {
        self.out.is_empty()
    }

    /// Where frames are appended.
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    pub(super) fn put(&mut self, frame: &ToHost<'_>) {
        frame.encode(&mut self.out);
    }

    /// Sends what the socket takes.
    ///
    /// # Errors
    ///
    /// The host is gone.
    pub(super) fn flush(&mut self) -> Result<(), ServeError> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        while self.sent < self.out.len() {
            match rio::retry_on_intr(|| send(&self.socket, &self.out[self.sent..], flags)) {
                Ok(bytes) => self.sent += bytes,
                Err(Errno::AGAIN) => return Ok(()),
                Err(e) => return Err(ServeError::Connection(e.into())),
            }
        }
        self.out.clear();
        self.sent = 0;
        Ok(())
    }

    /// Receives once; the frames are then to be had from [`next`](Self::next).
    ///
    /// # Errors
    ///
    /// The host is gone, or ended its side, which is the same: the end of the
    /// command's input is a frame.
    pub(super) fn receive(&mut self) -> Result<(), ServeError> {
        let (socket, room) = (&self.socket, self.inbox.room());
        match rio::retry_on_intr(|| recv(socket, &mut *room, RecvFlags::DONTWAIT)) {
            Ok((_, 0)) => Err(ServeError::HostLeft),
            Ok((_, bytes)) => {
                self.inbox.received(bytes);
                Ok(())
            }
            Err(Errno::AGAIN) => Ok(()),
            Err(e) => Err(ServeError::Connection(e.into())),
        }
    }

    /// Sends what is left. The host closes the connection first, so that the node
    /// is not left with it; one that does not is not waited for long.
    ///
    /// # Errors
    ///
    /// The host left before it had everything.
    pub(super) fn say_goodbye(&mut self) -> Result<(), ServeError> {
        let until = Instant::now() + GOODBYE_GRACE;
        loop {
            self.flush()?;
            let found = self.wait_until(until).map_err(io::Error::from)?;
            if found.is_empty() {
                return Ok(());
            }
            if found == PollFlags::OUT {
                continue;
            }
            match self.receive() {
                // What was sent has arrived: any end is the end.
                Err(_) if self.is_clear() => return Ok(()),
                result => result?,
            }
            // Credit for output that is over.
            while self.next()?.is_some() {}
        }
    }

    /// Waits for the host: until `until` once everything was sent, else for ever.
    fn wait_until(&self, until: Instant) -> Result<PollFlags, Errno> {
        let (flags, timeout) = if self.is_clear() {
            let left = until.saturating_duration_since(Instant::now());
            (PollFlags::IN, Some(timespec(left)))
        } else {
            (PollFlags::IN | PollFlags::OUT, None)
        };
        let mut fds = [PollFd::new(&self.socket, flags)];
        rio::retry_on_intr(|| poll(&mut fds, timeout.as_ref()))?;
        Ok(fds[0].revents())
    }

    /// Waits until the host has sent something, or left.
    ///
    /// # Errors
    ///
    /// The system refuses to wait.
    pub(super) fn wait(&self) -> Result<(), ServeError> {
        let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
        rio::retry_on_intr(|| poll(&mut fds, None)).map_err(io::Error::from)?;
        Ok(())
    }

    /// The next frame that was received whole.
    ///
    /// # Errors
    ///
    /// The bytes are not the protocol.
    pub(super) fn next(&mut self) -> Result<Option<ToNode<'_>>, ServeError> {
        Ok(self.inbox.next()?)
    }

    /// The next frame together with the place for answers to it.
    pub(super) fn next_and_out(
        &mut self,
    ) -> Result<Option<(ToNode<'_>, &mut Vec<u8>)>, ServeError> {
        let frame = self.inbox.next()?;
        Ok(frame.map(|frame| (frame, &mut self.out)))
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
