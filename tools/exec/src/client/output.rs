// SPDX-License-Identifier: GPL-2.0

//! An output of the client.

use super::sender::Outgoing;
use crate::frame::{
    FrameError,
    Output,
    ToNode, //
};
use crate::window::Window;
use rustix::event::{
    poll,
    PollFd,
    PollFlags, //
};
use rustix::io::{
    self as rio,
    write,
    Errno, //
};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{
    self,
    Receiver,
    Sender, //
};
use std::sync::{
    Arc,
    Mutex,
    PoisonError, //
};
use std::thread::{
    self,
    JoinHandle, //
};
use std::{
    io,
    iter, //
};

/// The thread that writes one output, and what waits for it.
#[derive(Debug)]
pub(super) struct Sink {
    chunks: Sender<Vec<u8>>,
    window: Arc<Mutex<Window>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Sink {
    /// Starts the thread that writes what the node sends for `which` to `fd`.
    pub(super) fn start(fd: OwnedFd, which: Output, outgoing: Outgoing) -> io::Result<Sink> {
        let (chunks, received) = mpsc::channel();
        let window = Arc::new(Mutex::new(Window::default()));
        let writer = Writer {
            fd: Some(fd),
            which,
            window: window.clone(),
            outgoing,
        };
        let thread = thread::Builder::new()
            .name("exec-output".into())
            .spawn(move || writer.run(&received))?;
        Ok(Sink {
            chunks,
            window,
            thread,
        })
    }

    /// Leaves bytes for the thread.
    ///
    /// # Errors
    ///
    /// The node sent more than its window allows.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), FrameError> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.arrived(bytes.len())?;
        drop(window);
        // A thread that ended has its reason, told by `finish`.
        let _ = self.chunks.send(bytes.to_vec());
        Ok(())
    }

    /// Waits until everything is written and the descriptor is closed.
    ///
    /// # Errors
    ///
    /// Why not all could be written; that nobody reads it is no error.
    pub(super) fn finish(self) -> io::Result<()> {
        drop(self.chunks);
        // A thread that panicked has said so itself.
        self.thread.join().unwrap_or(Ok(()))
    }

    /// Closes the descriptor once everything is written, without waiting.
    pub(super) fn end(&self) {
        // An empty chunk, which no frame of data is.
        let _ = self.chunks.send(Vec::new());
    }
}

struct Writer {
    fd: Option<OwnedFd>,
    which: Output,
    window: Arc<Mutex<Window>>,
    outgoing: Outgoing,
}

impl Writer {
    fn run(mut self, chunks: &Receiver<Vec<u8>>) -> io::Result<()> {
        let mut result = Ok(());
        for chunk in iter::from_fn(|| chunks.recv().ok()) {
            if chunk.is_empty() {
                self.fd = None;
            }
            let Some(fd) = &self.fd else { continue };
            match write_all(fd, &chunk) {
                Ok(()) => self.consumed(chunk.len()),
                Err(errno) => {
                    if errno != Errno::PIPE {
                        result = Err(errno.into());
                    }
                    self.fd = None;
                    self.outgoing.send_small(&ToNode::Closed(self.which));
                }
            }
        }
        result
    }

    fn consumed(&self, bytes: usize) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(granted) = window.consumed(bytes) {
            self.outgoing
                .send_small(&ToNode::Credit(self.which, granted));
        }
    }
}

fn write_all(fd: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rio::retry_on_intr(|| write(fd, bytes)) {
            Ok(written) => bytes = &bytes[written..],
            // Somebody made the descriptor non-blocking.
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::new(fd, PollFlags::OUT)];
                rio::retry_on_intr(|| poll(&mut fds, None))?;
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
