// SPDX-License-Identifier: GPL-2.0

//! A command's standard input.
//!
//! The window bounds what waits here for the command, so bytes it does not read
//! never hold up its output.

use crate::frame::{
    FrameError,
    ToHost, //
};
use crate::window::Window;
use rustix::io::{
    self as rio,
    write,
    Errno, //
};
use std::collections::VecDeque;
use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};

/// What a terminal takes for the end of input: ^D, once to hand over a line that
/// has no end yet and once on its own.
const TERMINAL_EOF: [u8; 2] = [4, 4];

/// Bytes on their way into the command.
#[derive(Debug)]
pub(super) struct Input {
    /// Our end; none once either side has closed it.
    fd: Option<OwnedFd>,
    kind: Kind,
    waiting: VecDeque<u8>,
    window: Window,
    /// The host has sent the last byte.
    ended: bool,
}

/// What carries the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its end is its closing.
    Pipe,
    /// Its end is a character; closing it would be a hangup.
    Terminal,
}

impl Input {
    pub(super) fn new(fd: Option<OwnedFd>, kind: Kind) -> Input {
        Input {
            fd,
            kind,
            waiting: VecDeque::new(),
            window: Window::default(),
            ended: false,
        }
    }

    /// What to wait for: room, or the command closing its end. A terminal is not
    /// watched for that, for it never stops saying so.
    pub(super) fn watched(&self) -> Option<(BorrowedFd<'_>, Wanted)> {
        let fd = self.fd.as_ref()?.as_fd();
        match (self.waiting.is_empty(), self.kind) {
            (false, _) => Some((fd, Wanted::Room)),
            (true, Kind::Pipe) => Some((fd, Wanted::Closing)),
            (true, Kind::Terminal) => None,
        }
    }

    /// Takes bytes from the host.
    ///
    /// # Errors
    ///
    /// The host sent more than its window allows.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        self.window.arrived(bytes.len())?;
        let written = match &self.fd {
            // The host was told, and these bytes were under way.
            None => return Ok(()),
            Some(fd) if self.waiting.is_empty() => write_some(fd, bytes),
            Some(_) => Err(Errno::AGAIN),
        };
        let written = self.settle(written, out);
        if self.fd.is_some() {
            self.waiting.extend(&bytes[written..]);
        }
        Ok(())
    }

    /// Notes that the host has sent the last byte.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        self.ended = true;
        if self.kind == Kind::Terminal {
            self.waiting.extend(TERMINAL_EOF);
        }
        self.feed(out);
    }

    /// Hands the command what it takes.
    pub(super) fn feed(&mut self, out: &mut Vec<u8>) {
        while let (Some(fd), (head @ [_, ..], _)) = (&self.fd, self.waiting.as_slices()) {
            let written = write_some(fd, head);
            let written = self.settle(written, out);
            if written == 0 {
                break;
            }
            self.waiting.drain(..written);
        }
        if self.ended && self.waiting.is_empty() && self.kind == Kind::Pipe {
            self.fd = None;
        }
    }

    /// The command closed its end.
    pub(super) fn closed(&mut self, out: &mut Vec<u8>) {
        self.close();
        if !self.ended {
            ToHost::StdinClosed.encode(out);
        }
    }

    /// Closes our end without a word.
    pub(super) fn close(&mut self) {
        self.fd = None;
        self.waiting = VecDeque::new();
    }

    /// Counts what a write came to; returns the bytes that are written.
    fn settle(&mut self, written: Result<usize, Errno>, out: &mut Vec<u8>) -> usize {
        match written {
            Ok(written) => {
                if let Some(granted) = self.window.consumed(written) {
                    ToHost::Credit(granted).encode(out);
                }
                written
            }
            Err(Errno::AGAIN) => 0,
            Err(_) => {
                self.closed(out);
                0
            }
        }
    }
}

fn write_some(fd: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    rio::retry_on_intr(|| write(fd, bytes))
}

/// What an [`Input`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// To be able to write.
    Room,
    /// Only that the command has closed its end.
    Closing,
}
