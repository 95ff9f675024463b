// SPDX-License-Identifier: GPL-2.0

//! Connections of this system.
//!
//! As `/proc/net/tcp` tells them; those of the kernel are among them.

use std::fs;
use std::net::{
    Ipv4Addr,
    SocketAddrV4, //
};

use anyhow::{
    Context,
    Result, //
};

/// Word of the file for a connection that is good.
const ESTABLISHED: &str = "01";

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
    let table = fs::read_to_string("/proc/net/tcp").context("cannot read /proc/net/tcp")?;
    Ok(parse(&table).filter(|link| link.remote == remote).collect())
}

fn parse(table: &str) -> impl Iterator<Item = Link> + '_ {
    table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let link = Link {
            local: end(words.next()?)?,
            remote: end(words.next()?)?,
        };
        (words.next()? == ESTABLISHED).then_some(link)
    })
}

/// `0100530A:1BAB`: the address as the processor stores it.
fn end(word: &str) -> Option<SocketAddrV4> {
    let (address, port) = word.split_once(':')?;
    let address = u32::from_str_radix(address, 16).ok()?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddrV4::new(
        Ipv4Addr::from(address.to_ne_bytes()),
        port,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_system_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n   \
            0: 0300530A:9C40 0100530A:1BAB 01 00000000:00000000 00:00000000\n   \
            1: 0300530A:9C41 0100530A:1BAB 06 00000000:00000000 03:00001770\n";
        let links: Vec<_> = parse(table).collect();
        let link = Link {
            local: SocketAddrV4::new(Ipv4Addr::new(10, 83, 0, 3), 40000),
            remote: SocketAddrV4::new(Ipv4Addr::new(10, 83, 0, 1), 7083),
        };
        assert_eq!(links, [link]);
    }
}
