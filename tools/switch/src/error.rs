// SPDX-License-Identifier: GPL-2.0

//! What a caller did wrong.
//!
//! Every message is one line that ends in what to do about it, so that a
//! command line program can print it as it is.

use std::{
    io,
    os::fd::OwnedFd, //
};

use crate::{
    fault::DELAY_MS_MAX,
    port::PORT_MAX, //
};

/// Why the switch refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no port of this number.
    #[error("there is no port {0}: use 1 to {PORT_MAX}")]
    Port(u8),
    /// The port already has a socket.
    #[error("port {0} is in use: remove it first")]
    PortTaken(u8),
    /// The port has no socket.
    #[error("port {0} is not in use: add it first")]
    PortFree(u8),
    /// A fault between a port and itself.
    #[error("port {0} has no link to itself: name two ports")]
    SamePort(u8),
    /// A share that is none.
    #[error("{0} is not a percentage: use 0 to 100")]
    Percent(f64),
    /// A share above the whole.
    #[error("{0} parts in a million are more than all: use 0 to 1000000")]
    Ppm(u32),
    /// A delay or jitter beyond the limit.
    #[error("{0} ms are too long for a link: use at most {DELAY_MS_MAX}")]
    DelayMs(u32),
    /// Not a socket that keeps frames apart.
    #[error("not a SEQPACKET socket: make it with port_pair()")]
    SocketType,
    /// The thread of the switch has ended.
    #[error("the switch has stopped: start the cluster again")]
    Stopped,
    /// The host refused.
    #[error("the host refused the socket ({0}): make a new pair")]
    Io(#[from] io::Error),
}

/// A port that could not be added, and its socket.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct AddError {
    /// Why.
    #[source]
    pub reason: Error,
    /// The socket, given back; `None` if the switch ended while it had it.
    pub fd: Option<OwnedFd>,
}
