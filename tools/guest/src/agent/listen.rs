// SPDX-License-Identifier: GPL-2.0

//! A port for the launcher alone.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::Context as _;
use socket2::{Domain, Socket, Type};

use crate::network;

/// Connections at once on one port; more wait to be accepted.
const CONNECTIONS_MAX: usize = 256;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 128;

/// How long to wait before another try when something is short.
const RETRY: Duration = Duration::from_millis(100);

/// Stack of a connection's thread, in bytes.
const STACK_BYTES: usize = 128 * 1024;

/// Listens on `port` of the wire.
///
/// # Errors
///
/// When the wire is not up, or somebody has the port.
pub(crate) fn on(port: u16) -> anyhow::Result<TcpListener> {
    let listen = || -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind_device(Some(network::WIRE.as_bytes()))?;
        // Any address: the interface decides.
        socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen().with_context(|| format!("port {port} on {}", network::WIRE))
}

/// Serves each connection of the launcher in a thread of its own, for ever.
pub(crate) fn each<S>(listener: &TcpListener, serve: S) -> anyhow::Result<Infallible>
where
    S: Fn(TcpStream) -> anyhow::Result<()> + Clone + Send + 'static,
{
    let served = Arc::new(());
    loop {
        // Each thread holds a handle until its end.
        if Arc::strong_count(&served) > CONNECTIONS_MAX {
            thread::sleep(RETRY);
            continue;
        }
        match listener.accept() {
            Ok((stream, peer)) if is_launcher(peer) => {
                start(stream, Arc::clone(&served), serve.clone());
            }
            // Dropping the stream closes it.
            Ok((_, peer)) => crate::log::line(&format!("{peer} is not the launcher: refused")),
            Err(why) => {
                crate::log::line(&format!("accept: {why}"));
                thread::sleep(RETRY);
            }
        }
    }
}

fn is_launcher(peer: SocketAddr) -> bool {
    peer.ip() == IpAddr::V4(network::LAUNCHER_ADDRESS)
}

fn start<S>(stream: TcpStream, held: Arc<()>, serve: S)
where
    S: FnOnce(TcpStream) -> anyhow::Result<()> + Send + 'static,
{
    let started = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || {
            if let Err(why) = serve(stream) {
                crate::log::line(&format!("a connection ended: {why:#}"));
            }
            drop(held);
        });
    if let Err(why) = started {
        crate::log::line(&format!("no thread for a connection: {why}"));
    }
}
