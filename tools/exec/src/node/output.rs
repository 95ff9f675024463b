// SPDX-License-Identifier: GPL-2.0

//! One of a command's outputs.

use crate::frame::{
    encode_output,
    FrameError,
    Output,
    ToHost,
    DATA_BYTES_MAX, //
};
use crate::window::Credit;
use rustix::io::{
    self as rio,
    read,
    Errno, //
};
use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};
use std::time::Duration;

/// Bytes on their way out of the command.
#[derive(Debug)]
pub(super) struct Source {
    which: Output,
    /// Our end; none once it has ended.
    fd: Option<OwnedFd>,
    credit: Credit,
    /// Bytes read in all.
    pub(super) read_bytes: usize,
    /// Bytes of the last read.
    last_bytes: usize,
}

/// A read of this many bytes looks like one of many.
const STREAM_BYTES_MIN: usize = 2048;

/// How long a command that writes in pieces gets to write more of them: about
/// as long as it takes to fill a pipe.
pub(super) const STREAM_PAUSE: Duration = Duration::from_micros(150);

impl Source {
    pub(super) fn new(which: Output, fd: Option<OwnedFd>) -> Source {
        Source {
            which,
            fd,
            credit: Credit::new(),
            read_bytes: 0,
            last_bytes: 0,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.fd.is_none()
    }

    /// What to wait for, if the host takes more.
    pub(super) fn watched(&self) -> Option<BorrowedFd<'_>> {
        let has_credit = self.credit.allows(1) > 0;
        self.fd.as_ref().filter(|_| has_credit).map(AsFd::as_fd)
    }

    /// Whether more would come if the command got a [`STREAM_PAUSE`]: it writes a
    /// lot, in pieces. On a node's one processor we would else take turns with it
    /// for each of them, which costs twice the time.
    pub(super) fn is_streaming(&self) -> bool {
        (STREAM_BYTES_MIN..DATA_BYTES_MAX).contains(&self.last_bytes)
    }

    /// Reads once and appends what came to `out`.
    pub(super) fn read(&mut self, out: &mut Vec<u8>) {
        let Some(fd) = &self.fd else { return };
        let bytes_max = self.credit.allows(DATA_BYTES_MAX);
        let result = encode_output(out, self.which, bytes_max, |room| {
            rio::retry_on_intr(|| read(fd, &mut *room))
        });
        match result {
            Ok(bytes @ 1..) => {
                self.credit.spend(bytes);
                self.read_bytes += bytes;
                self.last_bytes = bytes;
            }
            Err(Errno::AGAIN) => {}
            // The end of a pipe, or EIO: a terminal that nobody has open.
            Ok(0) | Err(_) => {
                self.fd = None;
                ToHost::Eof(self.which).encode(out);
            }
        }
    }

    /// The host takes more.
    ///
    /// # Errors
    ///
    /// It grants more than it was sent.
    pub(super) fn grant(&mut self, bytes: u32) -> Result<(), FrameError> {
        self.credit.grant(bytes)
    }

    /// Nobody reads this any more: the command's next write fails.
    pub(super) fn close(&mut self) {
        self.fd = None;
    }
}
