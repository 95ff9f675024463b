// SPDX-License-Identifier: GPL-2.0

//! The owner's handle.
//!
//! [`Switch`] starts the thread, tells it what to do and ends it. Every call
//! waits until the thread has done it, which takes as long as the frames of
//! one turn: a few milliseconds at most. Calls may come from any thread.

use std::{
    io,
    os::fd::OwnedFd,
    sync::mpsc::{
        self,
        Sender, //
    },
    thread::{
        self,
        JoinHandle, //
    },
};

use crate::{
    driver::{
        self,
        Bell,
        Command,
        Driver, //
    },
    error::{
        AddError,
        Error, //
    },
    fault::FaultChange,
    port::PortId,
    report::Report,
};

/// Name of the thread, as `ps -L` shows it.
const THREAD_NAME: &str = "ssi-switch";

/// A running switch; dropping it ends its thread and closes its sockets.
#[derive(Debug)]
pub struct Switch {
    commands: Sender<Command>,
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

impl Switch {
    /// Starts a switch without ports, whose faults are drawn from `seed`.
    ///
    /// With the same seed, the same changes of faults and the same frames
    /// between two ports, the same of those frames are lost or reordered,
    /// whatever other ports send.
    ///
    /// # Errors
    ///
    /// What the host says: no more threads or open files.
    pub fn start(seed: u64) -> io::Result<Self> {
        let (commands, receiver) = mpsc::channel();
        let driver = Driver::new(seed, receiver)?;
        let bell = driver.bell();
        let thread = thread::Builder::new().name(THREAD_NAME.into());
        // Should it fail, its commands end with it, and every call says so.
        let thread = thread.spawn(move || drop(driver.run()))?;
        Ok(Self {
            commands,
            bell,
            thread: Some(thread),
        })
    }

    /// Connects `fd`, the switch's end of a [`port_pair`](crate::port_pair),
    /// as port `port`, `1..=63`.
    ///
    /// # Errors
    ///
    /// [`AddError`] has the reason and the socket: the number is no port's or
    /// in use, the socket is not `SEQPACKET`, or the switch has stopped.
    pub fn add(&self, port: u8, fd: OwnedFd) -> Result<(), AddError> {
        let refused = |reason, fd| Err(AddError { reason, fd });
        let port = match PortId::new(port) {
            Ok(port) => port,
            Err(reason) => return refused(reason, Some(fd)),
        };
        if !driver::is_seqpacket(&fd) {
            return refused(Error::SocketType, Some(fd));
        }
        let (reply, answer) = mpsc::channel();
        let command = Command::Add {
            port,
            socket: fd,
            reply,
        };
        match self.send(command) {
            Err(Command::Add { socket, .. }) => refused(Error::Stopped, Some(socket)),
            _ => answer
                .recv()
                .unwrap_or_else(|_| refused(Error::Stopped, None)),
        }
    }

    /// Closes the socket of `port` and forgets its stations and its counts.
    /// Frames on their way to and from it are gone. Faults stay.
    ///
    /// # Errors
    ///
    /// The number is no port's or not in use, or the switch has stopped.
    pub fn remove(&self, port: u8) -> Result<(), Error> {
        let port = PortId::new(port)?;
        self.call(|reply| Command::Remove { port, reply })?
    }

    /// Throws away every frame on its way to and from `port`, and forgets its
    /// stations; its counts and faults stay.
    ///
    /// For the restart of a node, once the old one is dead: flush, then
    /// [`drain`](crate::drain) the node's end, then start the new one.
    ///
    /// # Errors
    ///
    /// The number is no port's or not in use, or the switch has stopped.
    pub fn flush(&self, port: u8) -> Result<(), Error> {
        let port = PortId::new(port)?;
        self.call(|reply| Command::Flush { port, reply })?
    }

    /// Changes the faults. When this returns, every frame that comes in meets
    /// them, and no frame is held that a cut took.
    ///
    /// # Errors
    ///
    /// The change names a port that cannot be, a port's link to itself, or a
    /// delay beyond the limit, and nothing has changed; or the switch has
    /// stopped.
    pub fn fault(&self, change: FaultChange) -> Result<(), Error> {
        self.call(|reply| Command::Fault { change, reply })?
    }

    /// Tells how things are.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`].
    pub fn report(&self) -> Result<Report, Error> {
        self.call(|reply| Command::Report { reply })
    }

    /// Sends a command and waits for its answer.
    fn call<T>(&self, command: impl FnOnce(Sender<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = mpsc::channel();
        self.send(command(reply)).map_err(|_| Error::Stopped)?;
        answer.recv().map_err(|_| Error::Stopped)
    }

    /// Sends a command, or gives it back if nobody is there.
    fn send(&self, command: Command) -> Result<(), Command> {
        self.commands.send(command).map_err(|unsent| unsent.0)?;
        self.bell.ring();
        Ok(())
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        // Either fails only if the thread has ended by itself.
        let _ = self.send(Command::Stop);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
