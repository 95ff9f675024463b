// SPDX-License-Identifier: GPL-2.0

//! Bytes for somebody slow.
//!
//! A queue has a limit. Whoever lets it fill up is given up on: one slow reader
//! must neither hold up the supervisor nor eat its memory.

use std::{
    io::{
        self,
        Write, //
    },
    mem,
};

/// Bytes on their way to somebody slow.
#[derive(Debug)]
pub(crate) struct Queue {
    bytes: Vec<u8>,
    bytes_max: usize,
}

/// The queue is full: the reader is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Queue {
    /// An empty queue that holds `bytes_max` at most.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            bytes_max,
        }
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    ///
    /// There is no room; nothing was appended.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        if bytes.len() > self.room() {
            return Err(Full);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// How much can be appended.
    pub(crate) fn room(&self) -> usize {
        self.bytes_max.saturating_sub(self.bytes.len())
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Writes as much as `writer` takes without waiting.
    ///
    /// # Errors
    ///
    /// The reader is gone.
    pub(crate) fn flush(&mut self, mut writer: impl Write) -> io::Result<()> {
        let mut done = 0;
        let result = loop {
            if done == self.bytes.len() {
                break Ok(());
            }
            match writer.write(&self.bytes[done..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(e) => break Err(e),
            }
        };
        self.bytes.drain(..done);
        if self.bytes.is_empty() {
            // A burst is over: give its memory back.
            mem::take(&mut self.bytes);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Read,
        os::unix::net::UnixStream, //
    };

    #[test]
    fn a_slow_reader_fills_the_queue_and_no_more() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut queue = Queue::new(1 << 20);
        while queue.push(&[7; 4096]).is_ok() {
            queue.flush(&ours).unwrap();
        }
        assert!(queue.room() < 4096 && !queue.is_empty());
        let mut buffer = [0; 65536];
        while !queue.is_empty() {
            theirs.read_exact(&mut buffer[..4096]).unwrap();
            queue.flush(&ours).unwrap();
        }
        assert_eq!(queue.room(), 1 << 20);
    }

    #[test]
    fn a_reader_that_left_is_an_error() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        let mut queue = Queue::new(10);
        queue.push(b"x").unwrap();
        assert!(queue.flush(&ours).is_err());
        assert_eq!(Queue::new(1).push(b"xy"), Err(Full));
    }
}
