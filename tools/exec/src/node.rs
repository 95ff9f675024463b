// SPDX-License-Identifier: GPL-2.0

//! The node's side of one command.
//!
//! [`serve`] takes a connection, starts what its request asks for, and carries
//! bytes, signals and the outcome until both are over. It needs a thread of its
//! own and nothing else, so that tests run it on any Linux host.

mod input;
mod link;
mod oom;
mod output;
mod plan;
mod process;
mod program;
mod ready;
mod session;
mod terminal;

pub use oom::protect_from_oom;
pub use terminal::lead_session;

use crate::frame::{
    FrameError,
    ToHost,
    ToNode, //
};
use crate::outcome::Outcome;
use crate::request::Request;
use input::Kind;
use link::Link;
use process::Process;
use rustix::io::Errno;
use session::Session;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{
    AtomicU32,
    Ordering, //
};

/// First argument of this program when it is to become the leader of a terminal
/// session; its `main` then calls [`lead_session`].
pub const SESSION_WORD: &str = "session";

/// Commands that were started and not yet reaped.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// What every command starts with.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Environment; a request adds to it. Programs are found in its `PATH`.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
    /// Directory of a request that names none; `/` if there is no such directory.
    pub cwd: PathBuf,
}

/// Why a connection ended before its command's outcome was told.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The host closed the connection.
    #[error("the host left before the command ended")]
    HostLeft,
    /// The connection broke.
    #[error("the connection of a command broke: {0}")]
    Connection(#[from] io::Error),
    /// The host sent something that is not the protocol.
    #[error("the host does not speak the exec protocol: {0}")]
    Protocol(#[from] FrameError),
}

/// Runs the one command of a connection.
///
/// Blocks until the outcome was told or, if the host is gone before, until the
/// command has ended: its process group gets SIGHUP and SIGCONT and, two seconds
/// later, SIGKILL. Uses at most about 600 KiB of memory. This program must ignore
/// SIGPIPE (as Rust programs do) and, for commands on a terminal, call
/// [`lead_session`] when its first argument is [`SESSION_WORD`].
///
/// # Errors
///
/// See [`ServeError`]; the host need not be told, for it is gone or confused. A
/// command that cannot be started is no error but an outcome.
pub fn serve(stream: impl Into<OwnedFd>, defaults: &Defaults) -> Result<(), ServeError> {
    let mut link = Link::new(stream.into());
    let request = match receive_request(&mut link) {
        Err(ServeError::Protocol(e)) => {
            let text = e.to_string();
            link.put(&ToHost::Ended(Outcome::Failed { errno: 0, text }));
            return link.say_goodbye();
        }
        request => request?,
    };
    let kind = match request.tty {
        None => Kind::Pipe,
        Some(_) => Kind::Terminal,
    };
    match Process::start(&request, defaults) {
        Ok((process, streams)) => {
            drop(request);
            let _counted = Counted::new();
            Session::new(link, process, streams, kind)?.run()
        }
        Err(outcome) => {
            link.put(&ToHost::Ended(outcome));
            link.say_goodbye()
        }
    }
}

/// Answers the one command of a connection with why it is not run.
///
/// Blocks until the host has heard it, or is gone.
///
/// # Errors
///
/// See [`ServeError`].
pub fn refuse(stream: impl Into<OwnedFd>, text: &str) -> Result<(), ServeError> {
    let mut link = Link::new(stream.into());
    receive_request(&mut link)?;
    link.put(&ToHost::Ended(Outcome::Failed {
        errno: Errno::AGAIN.raw_os_error(),
        text: text.to_owned(),
    }));
    link.say_goodbye()
}

/// Commands that run now, for [`Status::execs`](crate::control::Status::execs).
pub fn running() -> u32 {
    RUNNING.load(Ordering::Relaxed)
}

/// Waits for the first frame, which says what to run.
fn receive_request(link: &mut Link) -> Result<Request, ServeError> {
    loop {
        match link.next()? {
            Some(ToNode::Start(request)) => return Ok(request),
            Some(_) => return Err(FrameError::Malformed.into()),
            None => {}
        }
        link.wait()?;
        link.receive()?;
    }
}

/// One command in [`RUNNING`].
struct Counted;

impl Counted {
    fn new() -> Counted {
        RUNNING.fetch_add(1, Ordering::Relaxed);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{
        Read,
        Write, //
    };
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_refused_command_is_told_why() {
        let (mut host, node) = UnixStream::pair().unwrap();
        let refused = std::thread::spawn(|| refuse(node, "too many run"));
        let mut asked = Vec::new();
        let request = Request::new([b"true".to_vec()]);
        ToNode::Start(request).encode(&mut asked).unwrap();
        host.write_all(&asked).unwrap();
        let mut inbox = crate::inbox::Inbox::new();
        let count = host.read(inbox.room()).unwrap();
        inbox.received(count);
        let Some(ToHost::Ended(outcome)) = inbox.next().unwrap() else {
            panic!("no outcome");
        };
        let (errno, text) = (11, "too many run".to_owned());
        assert_eq!(outcome, Outcome::Failed { errno, text });
        drop(host);
        refused.join().unwrap().unwrap();
    }
}
