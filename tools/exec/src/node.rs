// SPDX-License-Identifier: GPL-2.0

//! The node's side of one command.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// What every command starts with.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Environment; a request adds to it.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
    /// Directory of a request that names none.
    pub cwd: PathBuf,
}

/// Why a connection ended before its command did.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The host is gone, or speaks something else.
    #[error("the connection of a command broke: {0}")]
    Connection(#[from] io::Error),
}

/// First argument of this program when it is to become the leader of a terminal
/// session; its `main` then calls [`lead_session`].
pub const SESSION_WORD: &str = "session";

/// Runs the one command of a connection; blocks until its end was reported, or
/// until the host is gone and the command ended.
///
/// # Errors
///
/// See [`ServeError`].
pub fn serve(stream: impl Into<OwnedFd>, defaults: &Defaults) -> Result<(), ServeError> {
    let _ = (stream.into(), defaults);
    Ok(())
}

/// Becomes a session leader on the terminal at descriptor 0, then the program
/// of `args`: its path, its name, its arguments. Returns only if that fails.
pub fn lead_session(args: impl Iterator<Item = std::ffi::OsString>) -> io::Error {
    let _ = args;
    io::ErrorKind::Unsupported.into()
}

/// Commands that run now, for [`Status::execs`](crate::control::Status::execs).
pub fn running() -> u32 {
    0
}

/// Keeps the kernel from ending this process when memory runs out. Commands it
/// starts are not protected.
///
/// # Errors
///
/// Whatever writing `/proc/self/oom_score_adj` says.
pub fn protect_from_oom() -> io::Result<()> {
    Ok(())
}
