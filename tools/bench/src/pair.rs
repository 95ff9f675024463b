// SPDX-License-Identifier: GPL-2.0

//! Two programs on one network.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::cluster::Cluster;
use crate::held::HeldChild;
use crate::kernel::{
    Boot,
    Kernel, //
};
use crate::peer::Peer;
use crate::question::{
    Answer,
    Question, //
};
use crate::sockets;

/// Bytes of a ping, and of the echo.
pub(crate) const PING_BYTES: usize = 64;

/// Address of the first node on the cluster network.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 83, 0, 1);

/// Two programs that reach each other.
pub(crate) struct Pair<P> {
    first: P,
    second: P,
    // Ends with the pair.
    _relay: Option<HeldChild>,
}

impl Pair<Peer> {
    /// A program on each of the first two nodes of a cluster.
    ///
    /// # Errors
    ///
    /// A node does not take it.
    pub(crate) fn switched(cluster: &Cluster<'_>) -> Result<Self> {
        Ok(Self {
            first: cluster.guest(1)?,
            second: cluster.guest(2)?,
            _relay: None,
        })
    }
}

impl Pair<Kernel> {
    /// Two kernels at the ends of one socket pair.
    ///
    /// # Errors
    ///
    /// A kernel does not boot.
    pub(crate) fn direct(bench: &Bench) -> Result<Self> {
        let (a, b) = sockets::pair()?;
        Self::booted(bench, a, b, None)
    }

    /// Two kernels with a relay between them.
    ///
    /// # Errors
    ///
    /// A kernel or the relay does not start.
    pub(crate) fn relayed(bench: &Bench) -> Result<Self> {
        let (relay_a, a) = sockets::pair()?;
        let (relay_b, b) = sockets::pair()?;
        let relay = sockets::start_relay(bench, relay_a, relay_b)?;
        Self::booted(bench, a, b, Some(relay))
    }

    fn booted(bench: &Bench, a: OwnedFd, b: OwnedFd, relay: Option<HeldChild>) -> Result<Self> {
        let pair = Self {
            first: start(bench, 1, a)?,
            second: start(bench, 2, b)?,
            _relay: relay,
        };
        pair.first.ready()?;
        pair.second.ready()?;
        Ok(pair)
    }
}

impl<P: AsMut<Peer>> Pair<P> {
    /// The median time of `count` round trips, in µs.
    ///
    /// # Errors
    ///
    /// The two do not reach each other.
    pub(crate) fn ping(&mut self, count: u32) -> Result<f64> {
        let (first, second) = (self.first.as_mut(), self.second.as_mut());
        first.tell(&Question::Echo)?;
        first.wait_for(|answer| (answer == Answer::Listening).then_some(()))?;
        second.tell(&Question::Ping {
            to: FIRST,
            count,
            bytes: PING_BYTES,
        })?;
        let ns = second.wait_for(|answer| match answer {
            Answer::RoundTrip { ns } => Some(ns),
            _ => None,
        })?;
        first.wait_for(|answer| (answer == Answer::Done).then_some(()))?;
        Ok(ns / 1000.0)
    }

    /// The rate of a transfer that goes on for `time`, in MB/s.
    ///
    /// # Errors
    ///
    /// The two do not reach each other.
    pub(crate) fn bulk(&mut self, time: Duration) -> Result<f64> {
        let (first, second) = (self.first.as_mut(), self.second.as_mut());
        first.tell(&Question::Sink)?;
        first.wait_for(|answer| (answer == Answer::Listening).then_some(()))?;
        let millis = u64::try_from(time.as_millis())?;
        second.tell(&Question::Pour { to: FIRST, millis })?;
        second.wait_for(|answer| (answer == Answer::Done).then_some(()))?;
        first.wait_for(|answer| match answer {
            Answer::Received { bytes, ns } => Some(bytes as f64 * 1000.0 / ns as f64),
            _ => None,
        })
    }
}

/// Starts a kernel of the nodes, for SSI itself sets up the network.
fn start(bench: &Bench, node: u8, net: OwnedFd) -> Result<Kernel> {
    let boot = Boot {
        node,
        net: Some(net),
        ..Boot::alone(&bench.programs.kernel)
    };
    Kernel::start(bench, boot)
}
