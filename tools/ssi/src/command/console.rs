// SPDX-License-Identifier: GPL-2.0

//! `ssi console`.
//!
//! Joins our terminal to a node's. Every key goes to the node, except the one
//! that leaves.

use std::{
    io::{
        self,
        IsTerminal,
        Read,
        Write, //
    },
    os::{
        fd::AsFd,
        unix::net::UnixStream, //
    },
};

use anyhow::{
    Context,
    Result, //
};
use rustix::event::{
    poll,
    PollFd,
    PollFlags, //
};
use signal_hook::{
    consts::SIGWINCH,
    low_level::pipe, //
};
use ssi_core::ids::{
    ClusterName,
    NodeId, //
};

use crate::{
    call::Call,
    protocol::Request,
    terminal::{
        self,
        RawInput, //
    },
};

/// Ctrl-], as in telnet: the key that leaves.
const LEAVE: u8 = 0x1d;

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// There is more to come.
    GoOn,
    /// The user leaves, or the node is gone.
    Leave,
}

/// Joins our terminal to the console of `node` until one of them leaves.
///
/// # Errors
///
/// The node has no console now.
pub(crate) fn run(cluster: ClusterName, node: NodeId) -> Result<()> {
    let stream = Call::to(cluster)?.into_stream(&Request::Console {
        node: node.get(),
        size: terminal::window_size(),
    })?;
    if io::stdin().is_terminal() {
        say!("[console of node {node}; Ctrl-] leaves it]");
    }
    let raw = RawInput::new().context("cannot make the terminal raw")?;
    let joined = join(&stream, cluster, node);
    drop(raw);
    say!("");
    joined.context("the console was lost")
}

fn join(stream: &UnixStream, cluster: ClusterName, node: NodeId) -> io::Result<()> {
    let (resized, notify) = UnixStream::pair()?;
    pipe::register(SIGWINCH, notify)?;
    loop {
        let [typed, printed, changed] = wait(stream, &resized)?;
        if changed {
            // A byte per signal; what counts is the size now.
            let _: usize = (&resized).read(&mut [0; 64])?;
            resize(cluster, node);
        }
        if printed && print(stream)? == Flow::Leave {
            return Ok(());
        }
        if typed && type_into(stream)? == Flow::Leave {
            return Ok(());
        }
    }
}

/// Which of standard input, the console and the window has news.
fn wait(stream: &UnixStream, resized: &UnixStream) -> io::Result<[bool; 3]> {
    let stdin = io::stdin();
    let mut fds = [stdin.as_fd(), stream.as_fd(), resized.as_fd()]
        .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    match poll(&mut fds, None) {
        Ok(_) => Ok(fds.map(|fd| !fd.revents().is_empty())),
        Err(rustix::io::Errno::INTR) => Ok([false; 3]),
        Err(e) => Err(e.into()),
    }
}

fn print(mut stream: &UnixStream) -> io::Result<Flow> {
    let mut buffer = [0; 16 * 1024];
    let count = stream.read(&mut buffer)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&buffer[..count])?;
    stdout.flush()?;
    Ok(if count == 0 { Flow::Leave } else { Flow::GoOn })
}

/// Unbuffered: a key is a key at once, and none is kept back.
fn type_into(mut stream: &UnixStream) -> io::Result<Flow> {
    let mut buffer = [0; 4096];
    let count = rustix::io::read(rustix::stdio::stdin(), &mut buffer)?;
    let (keys, flow) = split(&buffer[..count]);
    stream.write_all(keys)?;
    Ok(flow)
}

/// The keys for the node, and whether the user stays.
fn split(typed: &[u8]) -> (&[u8], Flow) {
    if typed.is_empty() {
        return (typed, Flow::Leave);
    }
    match typed.iter().position(|key| *key == LEAVE) {
        Some(at) => (&typed[..at], Flow::Leave),
        None => (typed, Flow::GoOn),
    }
}

/// A window that cannot be told about is a window of the wrong size, no more.
fn resize(cluster: ClusterName, node: NodeId) {
    if let Some(size) = terminal::window_size() {
        let request = Request::Resize {
            node: node.get(),
            size,
        };
        let _ = Call::to(cluster).and_then(|mut call| call.order(&request));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_leaves_and_the_others_pass() {
        assert_eq!(split(b"ls\r\x03"), (&b"ls\r\x03"[..], Flow::GoOn));
        assert_eq!(split(b"ls\x1drm"), (&b"ls"[..], Flow::Leave));
        assert_eq!(split(b""), (&b""[..], Flow::Leave));
    }
}
