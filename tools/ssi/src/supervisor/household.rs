// SPDX-License-Identifier: GPL-2.0

//! The supervisor's house and limits.
//!
//! The cluster's directory, the janitor that looks after it, and the process's
//! own standard streams and limits. The directory is taken before anything else
//! exists, and removed after everything else is gone.

use std::{
    fs::{
        self,
        File,
        OpenOptions, //
    },
    io,
    os::fd::RawFd,
    path::Path,
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use rustix::{
    fs::FlockOperation,
    io::Errno,
    process::{
        self,
        Resource,
        Rlimit, //
    },
};

use super::log_file;
use crate::{
    call::Call,
    directory::{
        self,
        Claim,
        Owned, //
    },
    janitor::Hired,
    layout::{
        ClusterPaths,
        RunDir, //
    },
    limits::{
        BASE_OPEN_FILES,
        DIRECTORY_WAIT_MAX,
        NODE_DISK_KIB_MIN,
        NODE_OPEN_FILES,
        OPEN_FILES_MAX, //
    },
    name,
    plan::Plan,
};

/// Between two looks at a directory somebody else is cleaning up.
const DIRECTORY_LOOK: Duration = Duration::from_millis(10);

/// The last of the standard streams.
const STDERR: RawFd = 2;

/// What is undone at the very end, in this order.
#[derive(Debug)]
pub(crate) struct Household {
    owned: Owned,
    janitor: Hired,
    /// Held, not read: the directory of kept logs has one cluster at a time.
    kept: Option<File>,
}

impl Household {
    /// Removes the directory and lets the janitor go.
    ///
    /// # Errors
    ///
    /// Something was left; the next `ssi start` tries again.
    pub(crate) fn leave(self) -> Result<()> {
        let removed = self.owned.remove().context("cannot remove the directory");
        drop(self.kept);
        let dismissed = self.janitor.dismiss().context("cannot end the janitor");
        removed.and(dismissed)
    }
}

/// Standard input was the line to `ssi start`, which must see its end.
pub(crate) fn leave_stdin() -> io::Result<()> {
    Ok(rustix::stdio::dup2_stdin(File::open("/dev/null")?)?)
}

/// Closes what the one who typed `ssi start` had open besides the standard
/// streams: a lock or a pipe of a script must not stay open for the life of the
/// cluster. To be called before anything is opened here.
pub(crate) fn leave_inherited() -> io::Result<()> {
    let entries = fs::read_dir("/proc/self/fd")?;
    let open: Vec<RawFd> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > STDERR)
        .collect();
    for fd in open {
        // The one that listed them is closed already.
        let _ = nix::unistd::close(fd);
    }
    Ok(())
}

/// Takes the cluster's directory over, hires a janitor, and turns standard error
/// into the supervisor's log.
pub(crate) fn settle_in(plan: &Plan) -> Result<(Household, ClusterPaths)> {
    let cluster = name::cluster(&plan.cluster).map_err(anyhow::Error::msg)?;
    let run_dir = RunDir::of_environment();
    run_dir.create()?;
    let paths = run_dir.cluster(cluster);
    paths.control_checked()?;
    let owned = take_over(&paths)?;
    match prepare(&owned, &paths, plan) {
        Ok((janitor, kept)) => {
            let household = Household {
                owned,
                janitor,
                kept,
            };
            Ok((household, paths))
        }
        Err(e) => {
            let removed = owned.remove();
            removed.with_context(|| format!("cannot remove {}", paths.dir().display()))?;
            Err(e)
        }
    }
}

fn prepare(owned: &Owned, paths: &ClusterPaths, plan: &Plan) -> Result<(Hired, Option<File>)> {
    let dir = paths.dir().display();
    let space = || format!("cannot use {dir} (is there space?)");
    owned.clean().with_context(space)?;
    let log = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(paths.supervisor_log())
        .with_context(space)?;
    let kept = plan.logs.as_deref().map(keep_logs).transpose()?;
    check_room(paths, plan.nodes)?;
    rustix::stdio::dup2_stderr(log)?;
    let janitor = Hired::start(paths).context("cannot start the janitor")?;
    Ok((janitor, kept))
}

/// Takes the directory of kept logs over; returns what holds it.
fn keep_logs(dir: &Path) -> Result<File> {
    let shown = dir.display();
    let failed = || format!("cannot keep logs in {shown}");
    fs::create_dir_all(dir).with_context(failed)?;
    let held = File::open(dir).with_context(failed)?;
    match rustix::fs::flock(&held, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            bail!("another cluster keeps its logs in {shown}: give --logs another directory")
        }
        Err(e) => return Err(e).with_context(failed),
    }
    log_file::renew_kept(dir).with_context(failed)?;
    Ok(held)
}

/// A node without files cannot be told from one that is gone.
fn check_room(paths: &ClusterPaths, nodes: u8) -> Result<()> {
    let needed_kib = u64::from(nodes) * NODE_DISK_KIB_MIN;
    let found = rustix::fs::statvfs(paths.dir())?;
    let free_kib = found.f_bavail.saturating_mul(found.f_frsize) >> 10;
    // A file system that does not count its blocks has no end.
    if found.f_blocks > 0 && free_kib < needed_kib {
        bail!(
            "{} has {free_kib} KiB of space and {nodes} nodes need {needed_kib}: make room, or \
             set SSI_RUN to another place",
            paths.dir().display()
        );
    }
    Ok(())
}

/// Waits for somebody who is cleaning up, but not for a cluster that runs.
fn take_over(paths: &ClusterPaths) -> Result<Owned> {
    let begin = Instant::now();
    loop {
        let claimed = directory::claim(paths);
        let claimed = claimed
            .with_context(|| format!("cannot use {} (is there space?)", paths.dir().display()))?;
        match claimed {
            Claim::Owned(owned) => return Ok(owned),
            Claim::Foreign => bail!(
                "{} has files that ssi did not make: give another --name, or set SSI_RUN to a \
                 directory of its own",
                paths.dir().display()
            ),
            Claim::Taken => {}
        }
        if begin.elapsed() > DIRECTORY_WAIT_MAX || is_served(paths) {
            let name = paths
                .dir()
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            bail!(
                "cluster {name} is already running: see 'ssi status', stop it with 'ssi stop', \
                 or start another one with --name"
            );
        }
        thread::sleep(DIRECTORY_LOOK);
    }
}

/// Whether a supervisor answers; one that is just dying accepts and says nothing.
fn is_served(paths: &ClusterPaths) -> bool {
    let call = Call::connect_within(paths, DIRECTORY_WAIT_MAX);
    call.is_ok_and(|mut call| call.status().is_ok())
}

/// Every node takes descriptors; the usual soft limit is 1024.
pub(crate) fn raise_open_files(nodes: u8) -> Result<()> {
    let needed = BASE_OPEN_FILES + u64::from(nodes) * NODE_OPEN_FILES;
    let limit = process::getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    if hard < needed {
        bail!(
            "{nodes} nodes need {needed} open files and the hard limit is {hard}: raise it \
             (ulimit -Hn), or start fewer nodes"
        );
    }
    let wanted = hard.min(OPEN_FILES_MAX).max(needed);
    if limit.current.is_some_and(|soft| soft < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            ..limit
        };
        process::setrlimit(Resource::Nofile, raised).context("cannot raise the open files")?;
    }
    Ok(())
}
