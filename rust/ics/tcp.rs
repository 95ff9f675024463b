// SPDX-License-Identifier: GPL-2.0

//! TCP and UDP between nodes.
//!
//! The transport over the cluster network: node `N` is `10.83.0.N`, listens on the
//! port of ICS, and takes part by the cluster's interface alone.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::{
    address::NodeAddress,
    ics::frame::PORT,
    ids::NodeId, //
};
use ssi_kapi::{
    notifier::Notifier,
    page::SharedPage,
    socket::{
        Endpoint,
        Kind,
        Socket,
        Wait, //
    },
};

use crate::{
    interface,
    transport::{
        Datagrams,
        Listening,
        More,
        News,
        State,
        Streaming,
        Transport, //
    },
};

/// Connections that wait to be accepted.
const BACKLOG: u16 = 64;

/// TCP, and UDP for the heartbeats.
pub(crate) struct Tcp;

impl Transport for Tcp {
    type Stream = TcpStream;
    type Listener = TcpListener;
    type Datagrams = Udp;

    fn listen(me: NodeId, notifier: &Arc<Notifier>, bit: u32) -> Result<TcpListener> {
        let socket = Socket::new(Kind::Stream)?;
        socket.bind(endpoint(me, PORT), interface::device())?;
        socket.listen(BACKLOG)?;
        socket.watch(notifier.clone(), bit)?;
        Ok(TcpListener(socket))
    }

    fn dial(me: NodeId, node: NodeId, notifier: &Arc<Notifier>, bit: u32) -> Result<TcpStream> {
        let socket = Socket::new(Kind::Stream)?;
        socket.bind(endpoint(me, 0), interface::device())?;
        socket.watch(notifier.clone(), bit)?;
        match socket.connect(endpoint(node, PORT), Wait::Never) {
            Ok(()) | Err(EINPROGRESS) => Ok(TcpStream(socket)),
            Err(why) => Err(why),
        }
    }

    fn datagrams(me: NodeId, notifier: &Arc<Notifier>, bit: u32) -> Result<Udp> {
        let socket = Socket::new(Kind::Datagram)?;
        socket.bind(endpoint(me, PORT), interface::device())?;
        socket.watch(notifier.clone(), bit)?;
        Ok(Udp(socket))
    }
}

/// `port` of `node`; 0 is any free one.
fn endpoint(node: NodeId, port: u16) -> Endpoint {
    Endpoint::new(NodeAddress::of(node).octets(), port)
}

/// A connection.
pub(crate) struct TcpStream(Socket);

impl Streaming for TcpStream {
    fn peer(&self) -> Option<NodeId> {
        let peer = self.0.peer().ok()?;
        NodeAddress::node(peer.address)
    }

    fn state(&self) -> State {
        self.0.state()
    }

    fn news(&self) -> News {
        self.0.news()
    }

    fn watch(&self, notifier: &Arc<Notifier>, bit: u32) -> Result {
        self.0.watch(notifier.clone(), bit)
    }

    fn round_trip(&self) -> u32 {
        self.0.round_trip()
    }

    fn send(&self, bytes: &[u8], more: More) -> Result<usize> {
        self.0.send(&[bytes], Wait::Never, more)
    }

    fn send_pages(
        &self,
        pages: &[SharedPage],
        offset: usize,
        bytes: usize,
        more: More,
    ) -> Result<usize> {
        self.0.send_pages(pages, offset, bytes, Wait::Never, more)
    }

    fn receive(&self, room: &mut [u8]) -> Result<usize> {
        self.0.receive(room, Wait::Never)
    }

    fn receive_pages(&self, pages: &[SharedPage], offset: usize, bytes: usize) -> Result<usize> {
        self.0.receive_pages(pages, offset, bytes, Wait::Never)
    }

    fn shut_down(&self) {
        self.0.shut_down();
    }

    fn abort(&self) {
        self.0.abort();
    }
}

/// Where connections come in.
pub(crate) struct TcpListener(Socket);

impl Listening for TcpListener {
    type Stream = TcpStream;

    fn accept(&self) -> Result<TcpStream> {
        self.0.accept(Wait::Never).map(TcpStream)
    }
}

/// The heartbeats' socket.
pub(crate) struct Udp(Socket);

impl Datagrams for Udp {
    fn send(&self, to: NodeId, parts: &[&[u8]]) -> Result {
        self.0.send_to(endpoint(to, PORT), parts).map(|_| ())
    }

    fn receive(&self, room: &mut [u8]) -> Result<(usize, Option<NodeId>)> {
        let (bytes, from) = self.0.receive_from(room)?;
        Ok((bytes, NodeAddress::node(from.address)))
    }
}
