// SPDX-License-Identifier: GPL-2.0

//! The sockets below the network.
//!
//! What carries frames between two kernels are unix sockets that keep packets
//! apart. Here they are without any kernel behind them, for floors, and the
//! least that can stand between two of them, a relay. Relay and echo are
//! processes of their own; they find their sockets at descriptors 0 and 1.

use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};
use std::process::Stdio;
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};
use rustix::io;
use rustix::net::{
    recv,
    send,
    RecvFlags,
    SendFlags, //
};

use crate::bench::Bench;
use crate::figure::median;
use crate::held::HeldChild;
use crate::hold;

/// The largest frame of a node: its packet and the Ethernet header.
pub(crate) const FRAME_BYTES: usize = 15_800 + 14;

/// Bytes of a frame that only says that all came.
const LAST_BYTES: usize = 1;

/// Room for every frame.
const BUFFER_BYTES: usize = 64 * 1024;

/// Round trips before the first that counts.
const WARM_UP_ROUND_TRIPS: u32 = 100;

/// A pair of sockets as the cluster's switch makes them for a node.
///
/// # Errors
///
/// The system has no descriptor to give.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd)> {
    ssi_switch::port_pair().context("no socket pair")
}

/// Starts a process that passes every frame on from one socket to the other.
///
/// # Errors
///
/// It cannot be started.
pub(crate) fn start_relay(bench: &Bench, a: OwnedFd, b: OwnedFd) -> Result<HeldChild> {
    let mut command = hold::command(bench, None);
    command.arg(&bench.program).arg("relay").stdin(a).stdout(b);
    bench.held.spawn_session(&mut command)
}

/// The relay's process: a thread for each direction that receives a frame and
/// sends it, and waits where the receiver is slow.
pub(crate) fn relay() -> Result<()> {
    let (a, b) = (std::io::stdin(), std::io::stdout());
    let (a, b) = (a.as_fd(), b.as_fd());
    thread::scope(|scope| {
        let back = scope.spawn(|| pass_on(b, a));
        pass_on(a, b)?;
        back.join().unwrap_or(Ok(()))
    })
    .context("a socket of the relay failed")
}

fn pass_on(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<()> {
    let mut frame = vec![0; BUFFER_BYTES];
    loop {
        match recv(from, &mut frame[..], RecvFlags::empty())? {
            (_, 0) => return Ok(()),
            (_, bytes) => send(to, &frame[..bytes], SendFlags::NOSIGNAL)?,
        };
    }
}

/// A process that answers at the other end of a socket.
pub(crate) struct Echo {
    socket: OwnedFd,
    // Ends with the value; nothing else is wanted of it.
    _child: HeldChild,
}

impl Echo {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) fn start(bench: &Bench) -> Result<Self> {
        let (socket, theirs) = pair()?;
        let mut command = hold::command(bench, None);
        command.arg(&bench.program).arg("echo");
        command.stdin(theirs).stdout(Stdio::null());
        let child = bench.held.spawn_session(&mut command)?;
        Ok(Self {
            socket,
            _child: child,
        })
    }

    /// The median time of `count` round trips of `bytes`.
    ///
    /// # Errors
    ///
    /// The other end is gone.
    pub(crate) fn round_trip(&self, count: u32, bytes: usize) -> Result<Duration> {
        let mut message = vec![0x53; bytes];
        let mut samples = Vec::new();
        for round_trip in 0..WARM_UP_ROUND_TRIPS + count {
            let sent = Instant::now();
            send(&self.socket, &message, SendFlags::NOSIGNAL)?;
            let (_, received) = recv(&self.socket, &mut message[..], RecvFlags::empty())?;
            ensure!(received == bytes, "the echo ended");
            if round_trip >= WARM_UP_ROUND_TRIPS {
                samples.push(sent.elapsed().as_secs_f64());
            }
        }
        Ok(Duration::from_secs_f64(median(&samples)))
    }

    /// Sends full frames for `time`; returns bytes in a second.
    ///
    /// # Errors
    ///
    /// The other end is gone.
    pub(crate) fn bulk(&self, time: Duration) -> Result<f64> {
        let frame = vec![0x53; FRAME_BYTES];
        let mut bytes = 0;
        let started = Instant::now();
        while started.elapsed() < time {
            bytes += send(&self.socket, &frame, SendFlags::NOSIGNAL)?;
        }
        self.round_trip_of_last()?;
        Ok(bytes as f64 / started.elapsed().as_secs_f64())
    }

    fn round_trip_of_last(&self) -> Result<()> {
        let mut last = [0; LAST_BYTES];
        send(&self.socket, &last, SendFlags::NOSIGNAL)?;
        let (_, received) = recv(&self.socket, &mut last[..], RecvFlags::empty())?;
        ensure!(received == LAST_BYTES, "the echo ended");
        Ok(())
    }
}

/// The echo's process: sends back what is shorter than a full frame.
pub(crate) fn echo() -> Result<()> {
    let socket = std::io::stdin();
    let mut frame = vec![0; BUFFER_BYTES];
    loop {
        match recv(&socket, &mut frame[..], RecvFlags::empty())? {
            (_, 0) => return Ok(()),
            (_, FRAME_BYTES) => {}
            (_, bytes) => {
                send(&socket, &frame[..bytes], SendFlags::NOSIGNAL)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_keeps_frames_apart_and_ends_with_its_socket() {
        let (near, near_end) = pair().unwrap();
        let (far_end, far) = pair().unwrap();
        let passing = thread::spawn(move || pass_on(near_end.as_fd(), far_end.as_fd()));
        for bytes in [1, 64, FRAME_BYTES] {
            send(&near, &vec![7; bytes], SendFlags::empty()).unwrap();
        }
        let mut frame = [0; BUFFER_BYTES];
        for bytes in [1, 64, FRAME_BYTES] {
            assert_eq!(
                recv(&far, &mut frame[..], RecvFlags::empty()).unwrap().1,
                bytes
            );
        }
        drop(near);
        passing.join().unwrap().unwrap();
    }
}
