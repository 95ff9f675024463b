// SPDX-License-Identifier: GPL-2.0

//! A command's own terminal.
//!
//! The agent keeps the master. The slave becomes the controlling terminal of a
//! new session, which only a process of that session can arrange: this program
//! is started once more for it ([`lead_session`]) and then becomes the command.

use super::SESSION_WORD;
use crate::request::Size;
use rustix::io::Errno;
use rustix::process::{
    ioctl_tiocsctty,
    setsid, //
};
use rustix::pty::{
    grantpt,
    ioctl_tiocgptpeer,
    openpt,
    unlockpt,
    OpenptFlags, //
};
use rustix::termios::{
    tcgetattr,
    tcsetattr,
    tcsetwinsize,
    InputModes,
    OptionalActions, //
};
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// This program's own file, whatever root it was left behind by.
const OURSELVES: &str = "/proc/self/exe";

/// Makes a terminal of `size`: the master and the slave, both close-on-exec.
pub(super) fn open(size: Size) -> Result<(OwnedFd, OwnedFd), Errno> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = ioctl_tiocgptpeer(&master, flags)?;
    tcsetwinsize(&master, size.into())?;
    let mut modes = tcgetattr(&slave)?;
    modes.input_modes |= InputModes::IUTF8;
    tcsetattr(&slave, OptionalActions::Now, &modes)?;
    Ok((master, slave))
}

/// The command line that leads a session and then becomes `program`.
pub(super) fn session_command(program: &Path, name: &OsString) -> Command {
    let mut command = Command::new(OURSELVES);
    command.arg(SESSION_WORD).arg(program).arg(name);
    command
}

/// Becomes a session leader on the terminal at descriptor 0, then the program of
/// `args`: its path, its name, its arguments. Returns only if that fails.
pub fn lead_session(mut args: impl Iterator<Item = OsString>) -> io::Error {
    let (Some(program), Some(name)) = (args.next(), args.next()) else {
        return io::ErrorKind::InvalidInput.into();
    };
    let own_terminal = || -> Result<(), Errno> {
        setsid()?;
        ioctl_tiocsctty(rustix::stdio::stdin())
    };
    if let Err(e) = own_terminal() {
        return e.into();
    }
    let error = Command::new(&program).arg0(name).args(args).exec();
    io::Error::new(
        error.kind(),
        format!("{}: {error}", program.to_string_lossy()),
    )
}
