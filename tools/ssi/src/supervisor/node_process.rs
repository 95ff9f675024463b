// SPDX-License-Identifier: GPL-2.0

//! The processes of one node.
//!
//! UML is one process with a child per address space of its programs, all in a
//! process group of their own. This file starts the group, freezes it, thaws it
//! and ends it, and reaps every member: the supervisor is their subreaper.
//!
//! Signals go to the number of our own child, which is nobody else's until we
//! reap it, and to its children while it cannot reap them.

use std::{
    io,
    os::{
        fd::{
            AsFd,
            AsRawFd,
            BorrowedFd,
            OwnedFd, //
        },
        unix::process::CommandExt,
    },
    process::{
        Command,
        Stdio, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use anyhow::{
    Context,
    Result, //
};
use rustix::{
    io::{
        fcntl_getfd,
        fcntl_setfd,
        Errno,
        FdFlags, //
    },
    process::{
        self,
        Pid,
        PidfdFlags,
        Signal,
        WaitId,
        WaitIdOptions,
        WaitOptions, //
    },
};

use crate::{
    death::Exit,
    limits::REAP_RETRY,
    procfs::{
        self,
        Identity, //
    },
};

/// How long killed processes may take to end.
const END_MAX: Duration = Duration::from_secs(2);

/// What a node's process is started with.
pub(crate) struct Start<'a> {
    /// The UML kernel.
    pub(crate) kernel: &'a std::path::Path,
    /// Its arguments.
    pub(crate) words: Vec<String>,
    /// Where it starts.
    pub(crate) dir: &'a std::path::Path,
    /// Its number, told in its environment for those who look at processes.
    pub(crate) node: String,
    /// Descriptor 0: the console.
    pub(crate) console: OwnedFd,
    /// Descriptors 1 and 2: the log.
    pub(crate) log: std::fs::File,
    /// Descriptors it gets under the numbers they have here.
    pub(crate) shared: [BorrowedFd<'a>; 3],
}

/// The processes of one node.
#[derive(Debug)]
pub(crate) struct NodeProcess {
    pid: Pid,
    pidfd: OwnedFd,
    exit: Option<Exit>,
}

impl NodeProcess {
    /// Starts UML through `ssi node-exec`.
    ///
    /// Only the supervisor's first thread may call this: the node is to die with
    /// it, and the system ties that to the thread.
    ///
    /// # Errors
    ///
    /// No process, no descriptor, no memory.
    pub(crate) fn start(start: Start<'_>) -> Result<Self> {
        let mut command = command(&start).context("cannot prepare its process")?;
        let inherited: io::Result<Vec<_>> =
            start.shared.iter().map(|fd| Inherited::new(*fd)).collect();
        let inherited = inherited.context("cannot pass its descriptors on")?;
        let mut child = command.spawn().context("cannot start its process")?;
        drop(inherited);
        let pid = Pid::from_child(&child);
        // Our own child, not reaped: the number is its own.
        let pidfd = process::pidfd_open(pid, PidfdFlags::empty());
        let pidfd = pidfd.inspect_err(|_| {
            // Without a pidfd it could not be watched.
            let _ = child.kill().and_then(|()| child.wait());
        });
        Ok(Self {
            pid,
            pidfd: pidfd.context("cannot watch its process")?,
            exit: None,
        })
    }

    /// UML's process, which leads the group.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Who it is, for those who clean up after us.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        Identity::of(self.pid)
    }

    /// Sends UML a stop signal. [`has_stopped`](Self::has_stopped) tells when it
    /// has an effect.
    pub(crate) fn stop_kernel(&self) -> io::Result<()> {
        Ok(process::pidfd_send_signal(&self.pidfd, Signal::STOP)?)
    }

    /// Whether UML has stopped since the last call.
    pub(crate) fn has_stopped(&self) -> bool {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        let news = process::waitid(WaitId::PidFd(self.pidfd.as_fd()), options);
        matches!(news, Ok(Some(status)) if status.stopped())
    }

    /// Stops the node's programs, once UML has stopped.
    ///
    /// A program UML traces must not get a stop signal, for UML would see it and
    /// give up; SIGALRM, which it knows as the end of a time slice, takes the
    /// program out of user mode, where it waits for UML.
    pub(crate) fn stop_programs(&self) {
        for program in procfs::children(self.pid) {
            let traced = procfs::tracer(program) == Some(self.pid);
            let signal = if traced { Signal::ALARM } else { Signal::STOP };
            // One that has just ended needs no signal.
            let _ = process::kill_process(program, signal);
        }
    }

    /// Lets programs and UML go on.
    pub(crate) fn resume(&self) -> io::Result<()> {
        for program in procfs::children(self.pid) {
            if procfs::tracer(program) != Some(self.pid) {
                let _ = process::kill_process(program, Signal::CONT);
            }
        }
        Ok(process::pidfd_send_signal(&self.pidfd, Signal::CONT)?)
    }

    /// Kills UML and its group. [`reap`](Self::reap) tells when they are gone.
    pub(crate) fn kill(&self) {
        // Both fail only where there is nobody left.
        let _ = process::pidfd_send_signal(&self.pidfd, Signal::KILL);
        if self.exit.is_none() {
            let _ = process::kill_process_group(self.pid, Signal::KILL);
        }
    }

    /// Kills it and waits until nobody is left, `END_MAX` at most.
    pub(crate) fn end(mut self) {
        self.kill();
        let begin = Instant::now();
        while self.reap().is_none() && begin.elapsed() < END_MAX {
            thread::sleep(REAP_RETRY);
        }
    }

    /// Reaps whoever has ended; returns how UML ended once nobody is left.
    pub(crate) fn reap(&mut self) -> Option<Exit> {
        if self.exit.is_none() {
            self.exit = Some(self.reap_kernel()?);
        }
        loop {
            match process::waitpgid(self.pid, WaitOptions::NOHANG) {
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return None,
                Err(_) => return self.exit,
            }
        }
    }

    /// The group is killed while UML is dead but not reaped: until then its
    /// number, and with it the group's, is not given away.
    fn reap_kernel(&self) -> Option<Exit> {
        let id = || WaitId::PidFd(self.pidfd.as_fd());
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        process::waitid(id(), ended | WaitIdOptions::NOWAIT).ok()??;
        self.kill();
        let status = process::waitid(id(), ended).ok()??;
        match (status.exit_status(), status.terminating_signal()) {
            (Some(status), _) => Some(Exit::Status(status)),
            (None, Some(signal)) => Some(Exit::Signal(signal)),
            (None, None) => None,
        }
    }
}

impl AsFd for NodeProcess {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// Our own program again, even if its file was replaced meanwhile.
fn command(start: &Start<'_>) -> io::Result<Command> {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("ssi")
        .arg("node-exec")
        .arg(process::getpid().as_raw_nonzero().to_string())
        .arg("--")
        .arg(start.kernel)
        .args(&start.words)
        .current_dir(start.dir)
        .env_clear()
        .env("SSI_NODE", &start.node)
        .stdin(Stdio::from(start.console.try_clone()?))
        .stdout(Stdio::from(start.log.try_clone()?))
        .stderr(Stdio::from(start.log.try_clone()?));
    // UML keeps its memory where these say.
    for name in ["TMPDIR", "TMP", "TEMP"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    Ok(command)
}

/// A descriptor that a child inherits while this exists.
struct Inherited<'a> {
    fd: BorrowedFd<'a>,
    before: FdFlags,
}

impl<'a> Inherited<'a> {
    fn new(fd: BorrowedFd<'a>) -> io::Result<Self> {
        let before = fcntl_getfd(fd)?;
        fcntl_setfd(fd, before - FdFlags::CLOEXEC)?;
        Ok(Self { fd, before })
    }
}

impl Drop for Inherited<'_> {
    fn drop(&mut self) {
        if let Err(e) = fcntl_setfd(self.fd, self.before) {
            say!("descriptor {} stays inheritable: {e}", self.fd.as_raw_fd());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_ended_is_reaped() {
        let mut child = Command::new("sleep")
            .arg("100")
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let pidfd = process::pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let exit = None;
        NodeProcess { pid, pidfd, exit }.end();
        assert!(child.wait().is_err(), "nobody is left to be waited for");
    }
}
