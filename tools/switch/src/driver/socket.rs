// SPDX-License-Identifier: GPL-2.0

//! Sockets that keep frames apart.
//!
//! A port and its node share a pair of unix `SEQPACKET` sockets: reliable, in
//! order, one frame per message. Every call here returns at once.

use std::{
    io,
    os::fd::{
        AsFd,
        OwnedFd, //
    },
};

use rustix::{
    event::{
        self,
        PollFd,
        PollFlags, //
    },
    io::Errno,
    net::{
        self,
        sockopt,
        AddressFamily,
        RecvFlags,
        SendFlags,
        SocketFlags,
        SocketType, //
    },
    time::Timespec,
};

/// What is asked for as the buffer of each direction, in bytes. The host gives
/// an ordinary user less if its `net.core.wmem_max` is less.
const SOCKET_BYTES_MAX: usize = 4 << 20;

/// Most frames that are thrown away at once.
const DRAIN_FRAMES_MAX: usize = 1 << 16;

const RECEIVE: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::TRUNC);
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// Makes the sockets of a port: the switch's end, then the node's end.
///
/// Both are closed on exec, have buffers as large as the host allows, and
/// block; the switch never waits for its end nonetheless. Whoever starts and
/// restarts the node keeps a copy of the node's end open, so that the node may
/// go and come back.
///
/// # Errors
///
/// What the host says, most likely that there are too many open files.
pub fn port_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (switch, node) = net::socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?;
    enlarge(&switch)?;
    enlarge(&node)?;
    Ok((switch, node))
}

/// Throws away the frames that wait in `socket` and tells how many.
///
/// For whoever restarts a node, on the node's end, after `Switch::flush` and
/// before the new node runs. Never blocks; gives up after 65536 frames if
/// somebody keeps sending.
///
/// # Errors
///
/// What the host says, most likely that `socket` is no socket.
pub fn drain(socket: impl AsFd) -> io::Result<usize> {
    for count in 0..DRAIN_FRAMES_MAX {
        match receive(&socket, &mut [0])? {
            Received::Frame(_) => {}
            Received::Nothing | Received::End => return Ok(count),
        }
    }
    Ok(DRAIN_FRAMES_MAX)
}

/// Whether `socket` keeps frames apart.
pub(crate) fn is_seqpacket(socket: impl AsFd) -> bool {
    sockopt::socket_type(socket) == Ok(SocketType::SEQPACKET)
}

/// What a socket had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// A frame of this length; what the buffer did not hold of it is gone.
    Frame(usize),
    /// Nothing now.
    Nothing,
    /// Nothing any more: the other end is closed.
    End,
}

/// Takes a frame out of `socket`.
pub(super) fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<Received> {
    match net::recv(&socket, buffer, RECEIVE) {
        Ok((_, 0)) if has_hung_up(&socket)? => Ok(Received::End),
        Ok((_, len)) => Ok(Received::Frame(len)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(Received::Nothing),
        Err(Errno::CONNRESET | Errno::NOTCONN) => Ok(Received::End),
        Err(error) => Err(error.into()),
    }
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The socket has it.
    Done,
    /// The socket is full.
    Full,
    /// The socket will not have it.
    Refused,
}

/// Puts `frame` into `socket`.
pub(super) fn send(socket: impl AsFd, frame: &[u8]) -> Sent {
    match net::send(socket, frame, SEND) {
        Ok(_) => Sent::Done,
        Err(Errno::AGAIN) => Sent::Full,
        Err(_) => Sent::Refused,
    }
}

/// Whether the other end of `socket` is closed; tells it from an empty frame.
fn has_hung_up(socket: impl AsFd) -> io::Result<bool> {
    let mut polled = [PollFd::new(&socket, PollFlags::empty())];
    event::poll(&mut polled, Some(&Timespec::default()))?;
    Ok(polled[0].revents().contains(PollFlags::HUP))
}

/// Asks for large buffers, by force where the caller may.
fn enlarge(socket: &OwnedFd) -> io::Result<()> {
    sockopt::set_socket_send_buffer_size_force(socket, SOCKET_BYTES_MAX)
        .or_else(|_| sockopt::set_socket_send_buffer_size(socket, SOCKET_BYTES_MAX))?;
    sockopt::set_socket_recv_buffer_size_force(socket, SOCKET_BYTES_MAX)
        .or_else(|_| sockopt::set_socket_recv_buffer_size(socket, SOCKET_BYTES_MAX))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_frame_is_not_the_end() {
        let (switch, node) = port_pair().unwrap();
        let mut buffer = [0; 8];
        assert_eq!(receive(&switch, &mut buffer).unwrap(), Received::Nothing);
        assert_eq!(send(&node, &[]), Sent::Done);
        assert_eq!(receive(&switch, &mut buffer).unwrap(), Received::Frame(0));
        drop(node);
        assert_eq!(receive(&switch, &mut buffer).unwrap(), Received::End);
    }

    #[test]
    fn a_frame_too_long_tells_its_length() {
        let (switch, node) = port_pair().unwrap();
        assert_eq!(send(&node, &[1; 100]), Sent::Done);
        let received = receive(&switch, &mut [0; 8]).unwrap();
        assert_eq!(received, Received::Frame(100));
    }

    #[test]
    fn draining_counts_and_ends() {
        let (switch, node) = port_pair().unwrap();
        for len in [0, 1, 15_800] {
            assert_eq!(send(&switch, &vec![0; len]), Sent::Done);
        }
        assert_eq!(drain(&node).unwrap(), 3);
        assert_eq!(drain(&node).unwrap(), 0);
        drop(switch);
        assert_eq!(drain(&node).unwrap(), 0);
    }

    #[test]
    fn a_socket_nobody_reads_gets_full() {
        let (switch, _node) = port_pair().unwrap();
        let sent = (0..1_000_000).map(|_| send(&switch, &[0; 15_800]));
        assert!(sent.take_while(|&sent| sent != Sent::Full).count() < 1_000_000);
    }

    #[test]
    fn a_closed_end_refuses() {
        let (switch, node) = port_pair().unwrap();
        drop(node);
        assert_eq!(send(&switch, &[0; 60]), Sent::Refused);
    }

    #[test]
    fn a_stream_is_not_a_port() {
        let (stream, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(!is_seqpacket(&stream));
        assert!(is_seqpacket(&port_pair().unwrap().0));
    }
}
