// SPDX-License-Identifier: GPL-2.0

//! The shell on the console.
//!
//! `/dev/tty0` is the terminal `ssi console` attaches to. The shell is the
//! leader of a session of its own there, so that job control works.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::{fs::OpenOptionsExt as _, process::CommandExt as _},
    process::{Child, Command},
};

use anyhow::Context as _;
use rustix::fs::OFlags;
use ssi_exec::node;

use crate::environment;

/// The terminal `ssi console` attaches to.
const TERMINAL: &str = "/dev/tty0";

/// Starts the shell.
///
/// # Errors
///
/// When there is no terminal, or no process can be made.
pub(crate) fn start() -> anyhow::Result<Child> {
    let terminal = open_terminal().context(TERMINAL)?;
    Command::new("/proc/self/exe")
        .arg0("ssi-init")
        .args([node::SESSION_WORD, environment::SHELL, "-sh"])
        .env_clear()
        .envs(environment::of_commands())
        .env("TERM", "xterm")
        .current_dir(environment::home())
        .stdin(terminal.try_clone()?)
        .stdout(terminal.try_clone()?)
        .stderr(terminal)
        .spawn()
        .context("the console's process")
}

fn open_terminal() -> io::Result<File> {
    // The session takes the terminal itself; pid 1 must not.
    let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap_or(0);
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(TERMINAL)
}
