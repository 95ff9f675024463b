// SPDX-License-Identifier: GPL-2.0

//! What the thread is told.
//!
//! A command carries the channel for its own answer; who sent it waits there.

use std::{
    os::fd::OwnedFd,
    sync::mpsc::Sender, //
};

use crate::{
    error::{
        AddError,
        Error, //
    },
    fault::FaultChange,
    port::PortId,
    report::Report,
};

/// The way back to whoever sent the command.
pub(crate) type Reply<T> = Sender<T>;

/// Something to do between two frames.
#[derive(Debug)]
pub(crate) enum Command {
    /// Put a socket to use.
    Add {
        /// The port it becomes.
        port: PortId,
        /// The switch's end.
        socket: OwnedFd,
        /// Gives the socket back on failure.
        reply: Reply<Result<(), AddError>>,
    },
    /// Close the socket of a port and free its number.
    Remove {
        /// The port.
        port: PortId,
        /// When done.
        reply: Reply<Result<(), Error>>,
    },
    /// Throw away what is on its way to and from a port.
    Flush {
        /// The port.
        port: PortId,
        /// When done.
        reply: Reply<Result<(), Error>>,
    },
    /// Change the faults.
    Fault {
        /// How.
        change: FaultChange,
        /// When done.
        reply: Reply<Result<(), Error>>,
    },
    /// Tell how things are.
    Report {
        /// The answer.
        reply: Reply<Report>,
    },
    /// End the thread.
    Stop,
}
