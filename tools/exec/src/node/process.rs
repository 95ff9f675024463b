// SPDX-License-Identifier: GPL-2.0

//! A command's first process.
//!
//! It leads a process group of its own; signals go to that group. It is not
//! reaped before the very end, so its number cannot mean anybody else meanwhile.

use super::oom;
use super::program;
use super::terminal;
use super::Defaults;
use crate::outcome::Outcome;
use crate::request::{
    Request,
    Size,
    Tty, //
};
use rustix::io::Errno;
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
use std::collections::BTreeMap;
use std::ffi::{
    OsStr,
    OsString, //
};
use std::io;
use std::os::fd::{
    AsFd,
    BorrowedFd,
    OwnedFd, //
};
use std::os::unix::ffi::{
    OsStrExt,
    OsStringExt, //
};
use std::os::unix::process::{
    CommandExt,
    ExitStatusExt, //
};
use std::path::{
    Path,
    PathBuf, //
};
use std::process::{
    Child,
    Command,
    ExitStatus,
    Stdio, //
};

/// What runs a file that is neither a program nor says what runs it.
const SHELL: &str = "/bin/sh";

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
            Err(e) => failed("cannot wait for the command", &e),
        }
    }
}

/// Readable once the process has ended.
impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// A command that can be started.
struct Plan {
    command: CommandLine,
    env: BTreeMap<OsString, OsString>,
    cwd: PathBuf,
}

struct CommandLine {
    program: PathBuf,
    name: OsString,
    args: Vec<OsString>,
}

impl Plan {
    fn new(request: &Request, defaults: &Defaults) -> Result<Plan, Outcome> {
        let env = environment(request, defaults);
        let cwd = directory(request, defaults)?;
        let path = env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let mut args = request.argv.iter().cloned().map(OsString::from_vec);
        let name = args.next().unwrap_or_default();
        let program = program::find(name.as_bytes(), path.as_bytes(), &cwd)?;
        let command = CommandLine {
            program,
            name,
            args: args.collect(),
        };
        Ok(Plan { command, env, cwd })
    }

    fn start_on_pipes(self) -> Result<(Process, Streams), Outcome> {
        let mut command = Command::new(&self.command.program);
        command.arg0(&self.command.name).args(&self.command.args);
        let mut child = match self.spawn_on_pipes(&mut command) {
            Err(e) if e.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => {
                let mut command = Command::new(SHELL);
                command.arg(&self.command.program).args(&self.command.args);
                self.spawn_on_pipes(&mut command)
            }
            result => result,
        }
        .map_err(|e| self.failure(&e))?;
        let streams = Streams {
            stdin: child.stdin.take().map(OwnedFd::from),
            stdout: child.stdout.take().map(OwnedFd::from),
            stderr: child.stderr.take().map(OwnedFd::from),
        };
        Ok((self.started(child, None)?, streams))
    }

    fn spawn_on_pipes(&self, command: &mut Command) -> io::Result<Child> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        self.spawn(command)
    }

    fn start_on_terminal(self, tty: &Tty) -> Result<(Process, Streams), Outcome> {
        let errno = |e: Errno| self.failure(&e.into());
        let (master, slave) = terminal::open(tty.size).map_err(errno)?;
        let input = master.try_clone().map_err(|e| self.failure(&e))?;
        let output = master.try_clone().map_err(|e| self.failure(&e))?;
        let mut command = terminal::session_command(&self.command.program, &self.command.name);
        command.args(&self.command.args);
        let child = slave
            .try_clone()
            .and_then(|stdin| Ok((stdin, slave.try_clone()?)))
            .and_then(|(stdin, stdout)| {
                command.stdin(stdin).stdout(stdout).stderr(slave);
                self.spawn(&mut command)
            })
            .map_err(|e| self.failure(&e))?;
        let streams = Streams {
            stdin: Some(input),
            stdout: Some(output),
            stderr: None,
        };
        Ok((self.started(child, Some(master))?, streams))
    }

    fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        command.env_clear().envs(&self.env).current_dir(&self.cwd);
        oom::unprotected(|| command.spawn())
    }

    fn started(&self, child: Child, terminal: Option<OwnedFd>) -> Result<Process, Outcome> {
        let group = Pid::from_child(&child);
        match pidfd_open(group, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Process {
                child,
                group,
                pidfd,
                terminal,
            }),
            Err(e) => {
                // Not to be watched, so not to be left alone.
                let _ = kill_process_group(group, Signal::KILL);
                Err(self.failure(&e.into()))
            }
        }
    }

    fn failure(&self, error: &io::Error) -> Outcome {
        failed(&self.command.name.to_string_lossy(), error)
    }
}

/// The node's environment with what the request adds.
fn environment(request: &Request, defaults: &Defaults) -> BTreeMap<OsString, OsString> {
    let term = request
        .tty
        .as_ref()
        .map(|tty| (b"TERM".to_vec(), tty.term.clone()));
    let pairs = defaults.env.iter().chain(&term).chain(&request.env);
    pairs
        .map(|(name, value)| {
            let name = OsString::from_vec(name.clone());
            (name, OsString::from_vec(value.clone()))
        })
        .collect()
}

/// The directory to start in, if it is one.
fn directory(request: &Request, defaults: &Defaults) -> Result<PathBuf, Outcome> {
    let Some(cwd) = &request.cwd else {
        let has_default = defaults.cwd.is_dir();
        return Ok(if has_default {
            defaults.cwd.clone()
        } else {
            PathBuf::from("/")
        });
    };
    let path = Path::new(OsStr::from_bytes(cwd));
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(path.to_owned()),
        Ok(_) => Err(program::failure(cwd, Errno::NOTDIR)),
        Err(e) => Err(failed(&path.to_string_lossy(), &e)),
    }
}

fn failed(what: &str, error: &io::Error) -> Outcome {
    let errno = error
        .raw_os_error()
        .map_or(Errno::IO, Errno::from_raw_os_error);
    program::failure(what.as_bytes(), errno)
}

fn outcome(status: ExitStatus) -> Outcome {
    let byte = |number: i32| u8::try_from(number & 0xff).unwrap_or(u8::MAX);
    match (status.code(), status.signal()) {
        (Some(code), _) => Outcome::Exited(byte(code)),
        (None, signal) => Outcome::Killed(byte(signal.unwrap_or_default())),
    }
}
