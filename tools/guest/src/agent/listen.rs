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

/// Connections served at once on one port; more are refused. A command takes four
/// of the agent's 1024 descriptors, and more while it starts.
pub(super) const CONNECTIONS_MAX: usize = 200;

/// Connections refused at once; more wait to be accepted.
const REFUSALS_MAX: usize = 32;

/// Connections that wait to be accepted. More than there may be, for one that finds no place
/// is not answered, and tries again only after a second or more.
const BACKLOG: i32 = 256;

const _: () = assert!(CONNECTIONS_MAX + REFUSALS_MAX < BACKLOG as usize);

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

/// Serves each connection of the launcher in a thread of its own, for ever, or
/// refuses it if there are too many.
pub(crate) fn each<S, R>(
    listener: &TcpListener,
    launcher: Ipv4Addr,
    serve: S,
    refuse: R,
) -> anyhow::Result<Infallible>
where
    S: Fn(TcpStream) -> anyhow::Result<()> + Clone + Send + 'static,
    R: Fn(TcpStream) -> anyhow::Result<()> + Clone + Send + 'static,
{
    // Each thread holds one of these until its end.
    let (served, refused) = (Arc::new(()), Arc::new(()));
    loop {
        if Arc::strong_count(&refused) > REFUSALS_MAX {
            thread::sleep(RETRY);
            continue;
        }
        match listener.accept() {
            Ok((stream, peer)) if peer.ip() == IpAddr::V4(launcher) => {
                if Arc::strong_count(&served) > CONNECTIONS_MAX {
                    start(stream, Arc::clone(&refused), refuse.clone());
                } else {
                    start(stream, Arc::clone(&served), serve.clone());
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn answer(mut stream: TcpStream) -> String {
        let mut word = [0; 7];
        stream.read_exact(&mut word).unwrap();
        String::from_utf8_lossy(&word).into_owned()
    }

    #[test]
    fn one_too_many_is_told_so_and_the_next_is_served() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let serve = |mut stream: TcpStream| {
            stream.write_all(b"served.")?;
            Ok(stream.read_to_end(&mut Vec::new()).map(drop)?)
        };
        let refuse = |mut stream: TcpStream| Ok(stream.write_all(b"refused")?);
        thread::spawn(move || each(&listener, Ipv4Addr::LOCALHOST, serve, refuse));
        let connect = || {
            let stream = TcpStream::connect(address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            stream
        };
        let mut held: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|_| connect()).collect();
        for stream in &held {
            assert_eq!(answer(stream.try_clone().unwrap()), "served.");
        }
        assert_eq!(answer(connect()), "refused");
        drop(held.pop());
        let served = (0..1000).any(|_| {
            thread::sleep(Duration::from_millis(5));
            answer(connect()) == "served."
        });
        assert!(served);
    }
}
