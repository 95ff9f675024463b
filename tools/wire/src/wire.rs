// SPDX-License-Identifier: GPL-2.0

//! Handle of the wire's thread.
//!
//! Its calls leave a command and return; what comes of them is seen on the
//! streams.

use crate::poller::{
    Poller,
    Waker, //
};
use crate::reactor::{
    Command,
    Reactor, //
};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{
    self,
    Sender, //
};
use std::thread::{
    self,
    JoinHandle, //
};
use std::time::Duration;

/// How long a connection may take to come about.
#[derive(Clone, Copy, Debug)]
pub struct ConnectFor {
    /// From the call to the node's answer. Until then a node that is still
    /// booting, or whose agent is being restarted, is tried again.
    pub timeout: Duration,
}

/// The running wire. Dropping it ends the thread and every connection.
#[derive(Debug)]
pub struct Wire {
    /// Taken only by `drop`.
    commands: Option<Sender<Command>>,
    waker: Waker,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Wire {
    /// Starts the wire's thread, with no node attached.
    ///
    /// # Errors
    ///
    /// Whatever the system says when it has no descriptor or thread to give.
    pub fn start() -> io::Result<Wire> {
        let poller = Poller::new()?;
        let waker = poller.waker();
        let (commands, received) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("ssi-wire".into())
            .spawn(|| Reactor::new(poller, received).run())?;
        Ok(Wire {
            commands: Some(commands),
            waker,
            thread: Some(thread),
        })
    }

    /// Makes `ours`, the launcher's end of a [`pair`](crate::pair), the wire of
    /// `node`.
    ///
    /// Replaces an earlier wire of that node. Never blocks.
    pub fn attach(&self, node: u8, ours: OwnedFd) {
        self.command(Command::Attach(node, ours));
    }

    /// Ends the wire of `node` with all its connections and closes its socket.
    ///
    /// Connections asked for after this call are refused at once. Never blocks.
    pub fn detach(&self, node: u8) {
        self.command(Command::Detach(node));
    }

    /// Forgets everything about a `node` that died or was started anew.
    ///
    /// What the dead node had sent is still delivered, as far as a client takes
    /// it at once; then its streams are closed, so that clients see the end.
    /// Connections that were not yet answered are refused. Frames of the old node
    /// that wait in the launcher's end are thrown away; see
    /// [`drain`](crate::drain) for the other direction. Connections asked for
    /// after this call reach the new node. Never blocks.
    pub fn reset(&self, node: u8) {
        self.command(Command::Reset(node));
    }

    /// Connects `stream` to TCP port `port` of `node`, in the background.
    ///
    /// The other end of `stream` reads one verdict line first (use
    /// [`read_verdict`](crate::read_verdict)), then the node's bytes. After a
    /// refusal the stream is closed. Half-closes pass both ways: the end of one
    /// side's bytes is the end of the other's; when a client closes the stream
    /// altogether, the node gets what it sent and has a second to end, too. A side
    /// that does not read slows its own connection only. A node that is frozen,
    /// however long, keeps its connections. Never blocks.
    pub fn connect(&self, node: u8, port: u16, stream: UnixStream, connect_for: ConnectFor) {
        self.command(Command::Connect {
            node,
            port,
            stream,
            timeout: connect_for.timeout,
        });
    }

    fn command(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // Fails only if the thread ended, and with it every stream: what the
            // command holds is dropped, so that its client sees the end.
            let _ = commands.send(command);
            self.waker.wake();
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.commands = None;
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}
