// SPDX-License-Identifier: GPL-2.0

//! A command's first process.
//!
//! It leads a process group of its own; signals go to that group. It is not
//! reaped before the very end, so its number cannot mean anybody else meanwhile.

use super::plan::Plan;
use super::program;
use super::Defaults;
use crate::outcome::Outcome;
use crate::request::{
    Request,
    Size, //
};
use rustix::process::{
    kill_process_group,
    pidfd_open,
    Pid,
    PidfdFlags,
    Signal, //
};
use rustix::termios::{
    tcgetpgrp,
    tcsetwinsize, //
};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};
use std::os::unix::process::ExitStatusExt;
use std::process::{
    Child,
    ExitStatus, //
};

/// A started command.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Pid,
    pidfd: OwnedFd,
    /// The master of its terminal, if it has one.
    terminal: Option<OwnedFd>,
}

/// Our ends of a command's streams.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
}

impl Process {
    /// Starts what `request` asks for.
    ///
    /// # Errors
    ///
    /// The outcome of a command that cannot be started.
    pub(super) fn start(
        request: &Request,
        defaults: &Defaults,
    ) -> Result<(Process, Streams), Outcome> {
        let plan = Plan::new(request, defaults)?;
        match &request.tty {
            None => plan.start_on_pipes(),
            Some(tty) => plan.start_on_terminal(tty),
        }
    }

    /// Takes charge of `child`, which leads a process group, and of the master of
    /// its terminal.
    ///
    /// # Errors
    ///
    /// There is no descriptor for its end; then it is killed.
    pub(super) fn watch(mut child: Child, terminal: Option<OwnedFd>) -> io::Result<Process> {
        let group = Pid::from_child(&child);
        match pidfd_open(group, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Process {
                child,
                group,
                pidfd,
                terminal,
            }),
            Err(e) => {
                child.kill()?;
                child.wait()?;
                Err(e.into())
            }
        }
    }

    /// Whether the command has a terminal of its own, not hung up.
    pub(super) fn is_on_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// Sends a signal to the command: to its process group or, on a terminal, to
    /// the group in the foreground there. A hangup or termination is meant for
    /// the leader of a terminal session too.
    pub(super) fn signal(&self, number: u8) {
        let Some(signal) = Signal::from_named_raw(number.into()) else {
            return;
        };
        let foreground = self.terminal.as_ref().and_then(|tty| tcgetpgrp(tty).ok());
        // A group that has ended needs no signal.
        let _ = kill_process_group(foreground.unwrap_or(self.group), signal);
        let is_for_all = matches!(signal, Signal::HUP | Signal::TERM | Signal::KILL);
        if is_for_all && foreground.is_some_and(|group| group != self.group) {
            let _ = kill_process_group(self.group, signal);
        }
    }

    /// Tells the terminal its new size; without one nothing happens.
    pub(super) fn resize(&self, size: Size) {
        if let Some(tty) = &self.terminal {
            // Fails only when the terminal is hung up.
            let _ = tcsetwinsize(tty, size.into());
        }
    }

    /// Hangs the terminal up, if there is one.
    pub(super) fn hang_up(&mut self) {
        self.terminal = None;
    }

    /// Waits for the end of the process and takes its number away.
    pub(super) fn reap(mut self) -> Outcome {
        match self.child.wait() {
            Ok(status) => outcome(status),
            Err(e) => program::failed(OsStr::new("cannot wait for the command"), &e),
        }
    }
}

/// Readable once the process has ended.
impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

fn outcome(status: ExitStatus) -> Outcome {
    let byte = |number: i32| u8::try_from(number & 0xff).unwrap_or(u8::MAX);
    match (status.code(), status.signal()) {
        (Some(code), _) => Outcome::Exited(byte(code)),
        (None, signal) => Outcome::Killed(byte(signal.unwrap_or_default())),
    }
}
