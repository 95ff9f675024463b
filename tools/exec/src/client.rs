// SPDX-License-Identifier: GPL-2.0

//! The host's side of one command.

mod input;
mod output;
mod patience;
mod sender;
mod signals;
mod terminal;

use crate::frame::{
    FrameError,
    Output,
    ToHost,
    ToNode, //
};
use crate::inbox::Inbox;
use crate::{
    Outcome,
    Request,
    RequestError, //
};
use input::Gate;
use output::Sink;
use rustix::fs::{
    open,
    Mode,
    OFlags, //
};
use rustix::io::{
    self as rio,
    fcntl_dupfd_cloexec,
    read, //
};
use rustix::stdio;
use sender::Outgoing;
use signals::Forwarder;
use std::io;
use std::net::Shutdown;
use std::os::fd::{
    BorrowedFd,
    OwnedFd, //
};
use std::os::unix::net::UnixStream;
use terminal::RawTerminal;

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
    Protocol(#[from] FrameError),
    /// A system call of this process failed.
    #[error("cannot {0}: {1}")]
    System(&'static str, #[source] io::Error),
}

/// Runs `request` over `stream` (past its verdict) with this process's standard
/// input, output and error and its signals; returns how the command ended.
///
/// Blocks until then, and until all of the command's output is written. For the
/// run of the command it takes over this process:
///
/// * Descriptors 0 and 1 are handed to the command's streams and point to
///   `/dev/null` afterwards; 2 stays usable. With [`Input::Nothing`], 0 stays as
///   it is.
/// * SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGWINCH go to the
///   command, unless this process was told to ignore them. SIGTSTP stops the
///   command, then this process; when this process is continued, so is the
///   command. Once the command has ended, and after three of them in more than a
///   second without any word from the node, they have their usual effect here.
/// * With `request.tty`, a terminal on descriptor 0 is in raw mode; it is restored
///   on every way out, a panic included. Ctrl-C is a key of the command then, and
///   counts as one of the three.
///
/// When nobody reads our standard output any more, the command gets SIGPIPE as
/// in a local pipeline, or a hangup if it has a terminal. When the command closes
/// its input or output, so does this process. If this process dies, the command's
/// process group gets SIGHUP and, if that does not end it, SIGKILL. Background
/// processes of a command that has ended lose its output.
///
/// Call it once per process, and end the process soon after: a thread may be left
/// waiting for standard input.
///
/// # Errors
///
/// See [`ClientError`]. A command that could not be started is no error here, but
/// [`Outcome::Failed`].
pub fn run(stream: UnixStream, request: &Request, input: Input) -> Result<Outcome, ClientError> {
    request.check()?;
    let outgoing = Outgoing::start(stream.try_clone().map_err(system("duplicate"))?)
        .map_err(system("start a thread"))?;
    outgoing.send(&ToNode::Start(request.clone()))?;
    let signals = Forwarder::start(outgoing.clone()).map_err(system("catch signals"))?;
    let gate = Gate::default();
    let raw = start_input(request, input, &gate, &outgoing, &signals)?;
    let sinks = start_outputs(&outgoing)?;
    let outcome = receive(&stream, &sinks, &gate, &signals);
    signals.stop();
    // Threads may still hold the stream; the node waits for its end.
    let _ = stream.shutdown(Shutdown::Both);
    let [stdout, stderr] = sinks;
    let written = stdout.finish().and(stderr.finish());
    drop(raw);
    let outcome = outcome?;
    written.map_err(system("write the command's output"))?;
    Ok(outcome)
}

fn start_input(
    request: &Request,
    input: Input,
    gate: &Gate,
    outgoing: &Outgoing,
    signals: &Forwarder,
) -> Result<Option<RawTerminal>, ClientError> {
    if input == Input::Nothing {
        outgoing.send_small(&ToNode::StdinEof);
        return Ok(None);
    }
    let stdin = take(stdio::stdin()).map_err(system("take standard input"))?;
    let raw = match request.tty {
        Some(_) => RawTerminal::enter(&stdin).map_err(system("change the terminal"))?,
        None => None,
    };
    null()
        .and_then(|null| Ok(stdio::dup2_stdin(null)?))
        .map_err(system("replace standard input"))?;
    let asking = raw.as_ref().map(|_| signals.asking());
    input::start(stdin, gate.clone(), outgoing.clone(), asking)
        .map_err(system("start a thread"))?;
    Ok(raw)
}

fn start_outputs(outgoing: &Outgoing) -> Result<[Sink; 2], ClientError> {
    let stdout = take(stdio::stdout()).map_err(system("take standard output"))?;
    let stderr = take(stdio::stderr()).map_err(system("take standard error"))?;
    null()
        .and_then(|null| Ok(stdio::dup2_stdout(null)?))
        .map_err(system("replace standard output"))?;
    let start =
        |fd, which| Sink::start(fd, which, outgoing.clone()).map_err(system("start a thread"));
    Ok([
        start(stdout, Output::Stdout)?,
        start(stderr, Output::Stderr)?,
    ])
}

/// Takes the node's frames until it tells the outcome.
fn receive(
    stream: &UnixStream,
    sinks: &[Sink; 2],
    gate: &Gate,
    signals: &Forwarder,
) -> Result<Outcome, ClientError> {
    let mut inbox = Inbox::new();
    loop {
        while let Some(frame) = inbox.next()? {
            signals.heard();
            match frame {
                ToHost::Output(which, bytes) => sink(sinks, which).write(bytes)?,
                ToHost::Eof(which) => sink(sinks, which).end(),
                ToHost::Credit(bytes) => gate.grant(bytes)?,
                ToHost::StdinClosed => gate.close(),
                ToHost::Ended(outcome) => return Ok(outcome),
            }
        }
        match rio::retry_on_intr(|| read(stream, inbox.room())) {
            Ok(bytes @ 1..) => inbox.received(bytes),
            Ok(0) | Err(_) => return Err(ClientError::Lost),
        }
    }
}

fn sink(sinks: &[Sink; 2], which: Output) -> &Sink {
    let [stdout, stderr] = sinks;
    match which {
        Output::Stdout => stdout,
        Output::Stderr => stderr,
    }
}

/// A descriptor of our own for a standard stream.
fn take(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(fcntl_dupfd_cloexec(fd, 3)?)
}

fn null() -> io::Result<OwnedFd> {
    Ok(open(
        "/dev/null",
        OFlags::RDWR | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

fn system(what: &'static str) -> impl Fn(io::Error) -> ClientError {
    move |error| ClientError::System(what, error)
}
