// SPDX-License-Identifier: GPL-2.0

//! Connections of this system.
//!
//! As `/proc/net/tcp` tells them; those of the kernel are among them.

use std::net::{
    SocketAddr,
    SocketAddrV4, //
};

use anyhow::{
    Context,
    Result, //
};
use procfs::net::{
    TcpNetEntry,
    TcpState, //
};

/// Two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Our end.
    pub(crate) local: SocketAddrV4,
    /// The other.
    pub(crate) remote: SocketAddrV4,
}

/// The good connections from this node to `remote`, oldest number first.
pub(crate) fn to(remote: SocketAddrV4) -> Result<Vec<Link>> {
    let table = procfs::net::tcp().context("cannot read /proc/net/tcp")?;
    let links = table.iter().filter_map(good);
    Ok(links.filter(|link| link.remote == remote).collect())
}

fn good(entry: &TcpNetEntry) -> Option<Link> {
    match (&entry.state, entry.local_address, entry.remote_address) {
        (TcpState::Established, SocketAddr::V4(local), SocketAddr::V4(remote)) => {
            Some(Link { local, remote })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::{
            TcpListener,
            TcpStream, //
        },
        thread,
        time::Duration,
    };

    /// Looks for up to a second: the table is read in pieces, and connections that
    /// come and go meanwhile may hide one.
    fn becomes(remote: SocketAddrV4, expected: &[Link]) -> bool {
        (0..100).any(|_| {
            let found = to(remote).unwrap() == expected;
            if !found {
                thread::sleep(Duration::from_millis(10));
            }
            found
        })
    }

    #[test]
    fn a_connection_is_found_while_it_is_good() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let SocketAddr::V4(remote) = listener.local_addr().unwrap() else {
            unreachable!()
        };
        assert_eq!(to(remote).unwrap(), []);
        let stream = TcpStream::connect(remote).unwrap();
        let SocketAddr::V4(local) = stream.local_addr().unwrap() else {
            unreachable!()
        };
        assert!(becomes(remote, &[Link { local, remote }]));
        drop(stream);
        assert!(becomes(remote, &[]));
    }
}
