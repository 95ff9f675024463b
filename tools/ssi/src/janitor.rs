// SPDX-License-Identifier: GPL-2.0

//! The one who cleans up.
//!
//! `ssi janitor` is started by the supervisor, which holds the other end of its
//! standard input and never writes to it. When the input ends, the supervisor is
//! gone. After an orderly end the directory is gone too, and nothing is left to
//! do; else the janitor ends what is left of the nodes and removes the directory.
//! It leads a session of its own and cannot be interrupted from a terminal.

use std::{
    fs::File,
    io::{
        self,
        Read, //
    },
    os::{
        fd::OwnedFd,
        unix::process::CommandExt, //
    },
    path::PathBuf,
    process::{
        Child,
        Command,
        Stdio, //
    },
    sync::{
        atomic::AtomicBool,
        Arc, //
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
use clap::Args;
use rustix::pipe::{
    self,
    PipeFlags, //
};
use signal_hook::consts::{
    SIGHUP,
    SIGINT,
    SIGQUIT,
    SIGTERM, //
};

use crate::{
    directory::{
        self,
        Claim, //
    },
    layout::ClusterPaths,
    limits::DIRECTORY_WAIT_MAX, //
};

/// What to clean up.
#[derive(Debug, Args)]
pub(crate) struct Janitor {
    /// The cluster's directory.
    dir: PathBuf,
}

impl Janitor {
    /// Waits for the supervisor's end and cleans up.
    ///
    /// # Errors
    ///
    /// Something could not be removed; the next `ssi start` tries again.
    pub(crate) fn run(self) -> Result<()> {
        ignore_interruptions()?;
        rustix::process::setsid().context("cannot lead a session")?;
        let paths = ClusterPaths::at(self.dir);
        let lock = File::open(paths.lock()).context("cannot open the lock")?;
        wait_for_the_end()?;
        clean(&paths, lock).context("cannot clean up")
    }
}

/// A running janitor, and what keeps it waiting.
#[derive(Debug)]
pub(crate) struct Hired {
    child: Child,
    /// Held, not written: its end is the signal.
    leash: OwnedFd,
}

impl Hired {
    /// Starts a janitor for the cluster at `paths`.
    ///
    /// # Errors
    ///
    /// No process, no descriptor.
    pub(crate) fn start(paths: &ClusterPaths) -> io::Result<Self> {
        let (theirs, leash) = pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let child = Command::new("/proc/self/exe")
            .arg0("ssi")
            .arg("janitor")
            .arg(paths.dir())
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, leash })
    }

    /// Lets it go and waits until it has.
    ///
    /// # Errors
    ///
    /// It could not be waited for.
    pub(crate) fn dismiss(mut self) -> io::Result<()> {
        drop(self.leash);
        self.child.wait().map(drop)
    }
}

fn ignore_interruptions() -> io::Result<()> {
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}

fn wait_for_the_end() -> io::Result<()> {
    let mut buffer = [0];
    loop {
        match io::stdin().lock().read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// The lock becomes free a moment after the input has ended.
fn clean(paths: &ClusterPaths, lock: File) -> io::Result<()> {
    let begin = Instant::now();
    while begin.elapsed() < DIRECTORY_WAIT_MAX {
        match directory::take_with(paths, lock.try_clone()?) {
            Ok(Claim::Owned(owned)) => return owned.remove(),
            Ok(Claim::Foreign) => return Ok(()),
            Ok(Claim::Taken) => thread::sleep(Duration::from_millis(5)),
            // An orderly end, or somebody was faster.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
