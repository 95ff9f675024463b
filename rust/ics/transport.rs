// SPDX-License-Identifier: GPL-2.0

//! Ways between nodes.
//!
//! What the links need of a network: streams of bytes between two nodes, and
//! datagrams for the heartbeats. A [`Transport`] speaks of nodes and never of
//! addresses, and nothing in it waits: a bit of a notifier says when there is news.
//! The one there is is TCP with UDP, in `tcp.rs`; [`Chosen`] is the place where
//! another would be named. Sessions, calls and trust stand above and know no
//! transport.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::ids::NodeId;
use ssi_kapi::{
    notifier::Notifier,
    page::SharedPage, //
};

pub(crate) use ssi_kapi::socket::{
    More,
    News,
    State, //
};

/// The transport of this kernel.
pub(crate) type Chosen = crate::tcp::Tcp;

/// A stream of it.
pub(crate) type Stream = <Chosen as Transport>::Stream;

/// A stream both sides of a connection use.
pub(crate) type Shared = Arc<Stream>;

/// A network that carries bytes between the nodes of a cluster.
pub(crate) trait Transport {
    /// A connection.
    type Stream: Streaming;
    /// Where connections come in.
    type Listener: Listening<Stream = Self::Stream>;
    /// Where heartbeats come in and go out.
    type Datagrams: Datagrams;

    /// Lets other nodes connect to `me`; `bit` is raised when one has. May sleep.
    ///
    /// # Errors
    ///
    /// What the network says.
    fn listen(me: NodeId, notifier: &Arc<Notifier>, bit: u32) -> Result<Self::Listener>;

    /// Begins to connect `me` to `node`; `bit` is raised with every change. May sleep.
    ///
    /// # Errors
    ///
    /// What the network says at once; [`Streaming::state`] tells how it went.
    fn dial(me: NodeId, node: NodeId, notifier: &Arc<Notifier>, bit: u32) -> Result<Self::Stream>;

    /// The datagrams of `me`; `bit` is raised when one has come. May sleep.
    ///
    /// # Errors
    ///
    /// What the network says.
    fn datagrams(me: NodeId, notifier: &Arc<Notifier>, bit: u32) -> Result<Self::Datagrams>;
}

/// A connection: bytes in order in both directions, or its end.
pub(crate) trait Streaming {
    /// The node the network says is at the other end. It has proved nothing yet.
    fn peer(&self) -> Option<NodeId>;

    /// Whether it is made, being made, or over.
    fn state(&self) -> State;

    /// What happened since the last time. Any context.
    fn news(&self) -> News;

    /// Lets `bit` be raised with every change of a stream that was accepted.
    ///
    /// # Errors
    ///
    /// `EBUSY` when it is watched already.
    fn watch(&self, notifier: &Arc<Notifier>, bit: u32) -> Result;

    /// Smoothed round trip in microseconds; 0 when nothing was sent.
    fn round_trip(&self) -> u32;

    /// Sends what it takes of `bytes` now; how many that is.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when it takes none now, else why the connection is broken.
    fn send(&self, bytes: &[u8], more: More) -> Result<usize>;

    /// Sends what it takes of `bytes` bytes of `pages`, from `offset` in the first on,
    /// without copying where it can. The pages must not change until the peer has
    /// them.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    fn send_pages(
        &self,
        pages: &[SharedPage],
        offset: usize,
        bytes: usize,
        more: More,
    ) -> Result<usize>;

    /// Receives what is there and fits; 0 bytes at the end.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is nothing now, else why the connection is broken.
    fn receive(&self, room: &mut [u8]) -> Result<usize>;

    /// Receives at most `bytes` into `pages`, from `offset` in the first on.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    fn receive_pages(&self, pages: &[SharedPage], offset: usize, bytes: usize) -> Result<usize>;

    /// Ends both directions; the other side and whoever waits learn of it.
    fn shut_down(&self);

    /// Lets dropping it tell the other side at once that all is lost.
    fn abort(&self);
}

/// Where connections come in.
pub(crate) trait Listening {
    /// A connection.
    type Stream;

    /// The next one that came.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is none now, else what the network says.
    fn accept(&self) -> Result<Self::Stream>;
}

/// Datagrams: each arrives whole, or not at all.
pub(crate) trait Datagrams {
    /// Sends the parts as one. May sleep for memory.
    ///
    /// # Errors
    ///
    /// What the network says. One that got lost is no error.
    fn send(&self, to: NodeId, parts: &[&[u8]]) -> Result;

    /// The next one: its length, which may be more than the room, and the node the
    /// network says it is from.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is none now, else what the network says.
    fn receive(&self, room: &mut [u8]) -> Result<(usize, Option<NodeId>)>;
}
