// SPDX-License-Identifier: GPL-2.0

//! Socket pair of a wire.
//!
//! A SEQPACKET pair keeps frames apart, never loses or reorders one, and says
//! when it is full. The launcher keeps both ends open, so that the death of a
//! node is no error on the wire.

use rustix::io::{
    self as rio,
    Errno, //
};
use rustix::net::{
    recv,
    socketpair,
    sockopt,
    AddressFamily,
    RecvFlags,
    SocketFlags,
    SocketType, //
};
use std::io;
use std::os::fd::{
    AsFd,
    OwnedFd, //
};

/// Payload of a frame, the guest device's `mtu`.
pub(crate) const MTU_BYTES: usize = 15_800;

/// A whole frame, Ethernet header included.
pub(crate) const FRAME_BYTES_MAX: usize = MTU_BYTES + 14;

/// Frames under way in one direction, in bytes of memory. The host may allow
/// less; more would only add to the delay of what is sent behind them.
const SOCKET_BUFFER_BYTES: usize = 1024 * 1024;

/// Makes the socket pair of a node's `vec1`: the launcher's end, the node's end.
///
/// Both are close-on-exec. The launcher keeps the node's end open as well, so
/// that a killed node's wire survives until it is started again.
///
/// # Errors
///
/// Whatever the system says when it has no descriptor to give.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, nodes) = socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?;
    for end in [&ours, &nodes] {
        sockopt::set_socket_send_buffer_size(end, SOCKET_BUFFER_BYTES)?;
    }
    Ok((ours, nodes))
}

/// Throws away the frames that wait in `nodes`, a node's end of a [`pair`].
///
/// Call it between the death of a node and its next start: otherwise the new
/// node first hears what was meant for the old one. Returns their number.
///
/// # Errors
///
/// Whatever reading the socket says.
pub fn drain(nodes: impl AsFd) -> io::Result<usize> {
    let mut frames = 0;
    let mut byte = [0; 1];
    loop {
        match rio::retry_on_intr(|| recv(&nodes, &mut byte[..], RecvFlags::DONTWAIT)) {
            Ok((1.., _)) => frames += 1,
            Ok((0, _)) | Err(Errno::AGAIN) => return Ok(frames),
            Err(e) => return Err(e.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{
        send,
        SendFlags, //
    };

    #[test]
    fn drains_every_frame_and_does_not_wait() {
        let (ours, nodes) = pair().unwrap();
        for _ in 0..3 {
            send(&ours, &[7; FRAME_BYTES_MAX], SendFlags::empty()).unwrap();
        }
        assert_eq!(drain(&nodes).unwrap(), 3);
        assert_eq!(drain(&nodes).unwrap(), 0);
    }
}
