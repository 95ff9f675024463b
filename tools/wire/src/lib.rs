// SPDX-License-Identifier: GPL-2.0

//! The launcher's wire to nodes.
//!
//! Every node has a second network device, `vec1`, whose other end is a socket
//! held by the launcher. This crate speaks TCP on those sockets, for all nodes
//! in one thread, and bridges each TCP connection to a unix stream that belongs
//! to some client of the launcher. It carries commands and control, so it works
//! while faults are injected into the cluster's own network.
//!
//! ```no_run
//! use std::{io::Read, os::unix::net::UnixStream, time::Duration};
//! use ssi_wire::{ConnectFor, Wire};
//!
//! let wire = Wire::start()?;
//! let (ours, nodes) = ssi_wire::pair()?;
//! wire.attach(1, ours);
//! // ... boot node 1 with `nodes` as `vec1:transport=fd,fd=N` ...
//! let (mut client, bridged) = UnixStream::pair()?;
//! wire.connect(1, 83, bridged, ConnectFor { timeout: Duration::from_secs(5) });
//! ssi_wire::read_verdict(&mut client)?;
//! // `client` is now the TCP connection.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bridge;
mod device;
mod dial;
mod neighbor;
mod node;
mod poller;
mod reactor;
mod socket;
mod stack;
mod verdict;
mod window;
mod wire;

pub use socket::{
    drain,
    pair, //
};
pub use verdict::{
    read_verdict,
    VerdictError, //
};
pub use wire::{
    ConnectFor,
    Wire, //
};
