// SPDX-License-Identifier: GPL-2.0

//! The client's outgoing frames.
//!
//! A thread writes them, so that nobody who has something to send is held up by
//! a node that does not listen. What waits is bounded by the window of standard
//! input; everything else is a few bytes.

use crate::frame::ToNode;
use crate::request::RequestError;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{
    self,
    Receiver,
    Sender, //
};
use std::thread;
use std::time::Duration;

/// Sends frames to the node, in order; any number of clones.
#[derive(Clone, Debug)]
pub(super) struct Outgoing(Sender<Work>);

/// What the thread is given.
#[derive(Debug)]
enum Work {
    /// Write these bytes.
    Frame(Vec<u8>),
    /// Say that everything before is written.
    Tell(Sender<()>),
}

/// How long [`Outgoing::flush`] waits.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(100);

impl Outgoing {
    /// Starts the thread that writes to `stream`. It ends when the last clone is
    /// dropped or the connection breaks.
    pub(super) fn start(stream: UnixStream) -> std::io::Result<Outgoing> {
        let (sender, work) = mpsc::channel();
        thread::Builder::new()
            .name("exec-send".into())
            .spawn(move || write_all(stream, &work))?;
        Ok(Outgoing(sender))
    }

    /// Sends a frame. A connection that broke is noticed where it is read.
    ///
    /// # Errors
    ///
    /// A request that is too long.
    pub(super) fn send(&self, frame: &ToNode<'_>) -> Result<(), RequestError> {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes)?;
        let _ = self.0.send(Work::Frame(bytes));
        Ok(())
    }

    /// Sends a frame that is no request.
    pub(super) fn send_small(&self, frame: &ToNode<'_>) {
        // Only requests can be too long.
        let _ = self.send(frame);
    }

    /// Waits until everything is written, but not long if the node does not
    /// listen.
    pub(super) fn flush(&self) {
        let (tell, told) = mpsc::channel();
        let _ = self.0.send(Work::Tell(tell));
        let _ = told.recv_timeout(FLUSH_TIMEOUT);
    }
}

fn write_all(mut stream: UnixStream, work: &Receiver<Work>) {
    for work in work {
        match work {
            Work::Frame(bytes) => {
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
            Work::Tell(waiting) => {
                // Who waits no more need not be told.
                let _ = waiting.send(());
            }
        }
    }
}
