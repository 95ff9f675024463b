// SPDX-License-Identifier: GPL-2.0

//! The cluster's network switch.
//!
//! The nodes of a cluster are user-mode kernels on one host. Each has a network
//! device whose frames go through a unix `SEQPACKET` socket; this crate joins
//! those sockets into one Ethernet, without root and without leaving the
//! process. And it breaks that Ethernet on purpose: cut, slow, lossy and
//! disordered links are how a cluster is tested.
//!
//! ```text
//!    node 1             node 2             node 3
//!   +------+           +------+           +------+
//!   | vec0 |           | vec0 |           | vec0 |    user-mode kernels
//!   +--+---+           +--+---+           +--+---+
//!      |                  |                  |        node's ends
//!  ====|==================|==================|======= port_pair()
//!      |                  |                  |        switch's ends
//!   +--+------------------+------------------+---+
//!   | port 1            port 2            port 3 |    one thread
//!   |    \                |                 /    |
//!   |  learn -> forward -> faults -> flight      |    fabric: decides
//!   |                        |         |         |
//!   |                      direct  when due      |
//!   |                        |         |         |
//!   |                  queue of each port        |    driver: does
//!   +-----------------------+--------------------+
//!                           | commands
//!                        Switch                       the owner's handle
//! ```
//!
//! # Switching
//!
//! A frame of 14 to 65535 bytes goes to the port where its destination was
//! seen last, to all others if it is not known or is a group's, and never
//! back. Stations are forgotten after 300 s of silence; each port may have 256.
//!
//! A node that does not read does not hold up anybody. Its socket fills, then
//! its queue (4 MiB or 4096 frames), then its frames are dropped and counted.
//!
//! # A node that dies
//!
//! A user-mode kernel that finds the other end of its socket closed goes mad,
//! so whoever starts the nodes keeps both ends open. A dead node is then just
//! one that does not read. To start it again:
//!
//! 1. kill the old one and wait for it,
//! 2. [`Switch::flush`] its port,
//! 3. [`drain`] the node's end,
//! 4. start the new one on the same end.
//!
//! # Faults
//!
//! Each direction of each pair of ports has faults of its own. A frame between
//! two ports meets them in this order:
//!
//! * **cut**: it is lost.
//! * **loss**: a share of the frames is lost, each for itself.
//! * **delay**: it leaves after `delay_ms`, plus up to `jitter_ms`, another
//!   amount for each frame. Without jitter, frames keep their order, also when
//!   the delay is changed: no frame leaves later than one that came after it.
//!   At most 16 MiB or 16384 frames are in flight to a port; more are dropped.
//! * **reorder**: a share of the frames lets the next frame of the same pair
//!   pass and follows it at once. If none passes within 10 ms ([`REORDER_MS_MAX`])
//!   it goes anyway. One frame of a pair waits at a time.
//!
//! Chance comes from the seed of the switch alone. Each pair draws from a stream
//! of its own, which starts anew with each change made to the pair, so that the
//! n-th frame between two ports after the same changes has the same fate in
//! every run.
//!
//! # Cost
//!
//! A frame that meets no fault and a reader is received and sent: two system
//! calls, no memory. An idle switch sleeps until there is a frame.
//! `cargo run --release -p ssi-switch --example bench` measures it against a
//! bare relay and a direct socket.
//!
//! # Example
//!
//! ```
//! use ssi_switch::{drain, port_pair, FaultChange, Ports, Switch, Way};
//!
//! let switch = Switch::start(1)?;
//! let (ours, node) = port_pair()?;
//! switch.add(1, ours)?;
//! switch.fault(FaultChange::Cut {
//!     a: Ports::One(1),
//!     b: Ports::All,
//!     way: Way::Both,
//! })?;
//! assert_eq!(switch.report()?.faults[0].to_string(), "1 <-> all: cut");
//!
//! // The node has died and is about to be started again.
//! switch.flush(1)?;
//! drain(&node)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod driver;
mod error;
mod fabric;
mod fault;
mod handle;
mod port;
mod report;

pub use crate::{
    driver::{
        drain,
        port_pair, //
    },
    error::{
        AddError,
        Error, //
    },
    fabric::{
        FRAME_BYTES_MAX,
        REORDER_MS_MAX, //
    },
    fault::{
        Fault,
        FaultChange,
        Ports,
        Ppm,
        Way,
        DELAY_MS_MAX,
        PPM_MAX, //
    },
    handle::Switch,
    port::PORT_MAX,
    report::{
        PortReport,
        Report, //
    },
};
