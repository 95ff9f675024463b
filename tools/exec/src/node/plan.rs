// SPDX-License-Identifier: GPL-2.0

//! The start of a command.
//!
//! What the request says and what the node adds, worked out before anything is
//! started: which file, which arguments, which environment, where.

use super::oom;
use super::process::{
    Process,
    Streams, //
};
use super::program;
use super::terminal;
use super::Defaults;
use crate::outcome::Outcome;
use crate::request::{
    Request,
    Tty, //
};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::{
    OsStr,
    OsString, //
};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{
    OsStrExt,
    OsStringExt, //
};
use std::os::unix::process::CommandExt;
use std::path::{
    Path,
    PathBuf, //
};
use std::process::{
    Child,
    Command,
    Stdio, //
};

/// What runs a file that is neither a program nor says what runs it.
const SHELL: &str = "/bin/sh";

/// A command that can be started.
pub(super) struct Plan {
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
    /// Works out what `request` means.
    ///
    /// # Errors
    ///
    /// The outcome of a command that cannot be started.
    pub(super) fn new(request: &Request, defaults: &Defaults) -> Result<Plan, Outcome> {
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

    /// Starts it on three pipes.
    ///
    /// # Errors
    ///
    /// The outcome of a command that could not be started.
    pub(super) fn start_on_pipes(self) -> Result<(Process, Streams), Outcome> {
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
        let process = Process::watch(child, None).map_err(|e| self.failure(&e))?;
        Ok((process, streams))
    }

    fn spawn_on_pipes(&self, command: &mut Command) -> io::Result<Child> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        self.spawn(command)
    }

    /// Starts it on a terminal of its own.
    ///
    /// # Errors
    ///
    /// The outcome of a command that could not be started.
    pub(super) fn start_on_terminal(self, tty: &Tty) -> Result<(Process, Streams), Outcome> {
        self.try_terminal(tty).map_err(|e| self.failure(&e))
    }

    fn try_terminal(&self, tty: &Tty) -> io::Result<(Process, Streams)> {
        let (master, slave) = terminal::open(tty.size)?;
        let streams = Streams {
            stdin: Some(master.try_clone()?),
            stdout: Some(master.try_clone()?),
            stderr: None,
        };
        let mut command = terminal::session_command(&self.command.program, &self.command.name);
        command
            .args(&self.command.args)
            .stdin(slave.try_clone()?)
            .stdout(slave.try_clone()?)
            .stderr(slave);
        let child = self.spawn(&mut command)?;
        Ok((Process::watch(child, Some(master))?, streams))
    }

    fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        command.env_clear().envs(&self.env).current_dir(&self.cwd);
        oom::unprotected(|| command.spawn())
    }

    fn failure(&self, error: &io::Error) -> Outcome {
        program::failed(&self.command.name, error)
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
        Err(e) => Err(program::failed(path.as_os_str(), &e)),
    }
}
