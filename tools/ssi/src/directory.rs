// SPDX-License-Identifier: GPL-2.0

//! Who owns a cluster's directory.
//!
//! The one who holds the lock of the file `lock` in it, and found that file still
//! in its place afterwards. The supervisor does while it lives. When it is
//! killed, the lock is free: its janitor takes it and cleans up, or else the next
//! `ssi start`, `list` or `status` does.

use std::{
    fs::{
        self,
        DirBuilder,
        File,
        OpenOptions, //
    },
    io,
    os::unix::fs::{
        DirBuilderExt,
        MetadataExt, //
    },
    path::Path,
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use rustix::{
    fs::FlockOperation,
    io::Errno,
    process::{
        self,
        Pid,
        PidfdFlags,
        Signal, //
    },
};

use crate::{
    layout::ClusterPaths,
    procfs::{
        self,
        Identity,
        Stat, //
    },
};

/// How long killed processes may take to end.
const DEATH_MAX: Duration = Duration::from_secs(2);

/// Name of the processes in which UML runs its programs.
const PROGRAM_COMM: &str = "uml-userspace";

/// The right to do with a cluster's directory what one likes.
#[derive(Debug)]
pub(crate) struct Owned {
    paths: ClusterPaths,
    /// Held, not read.
    lock: File,
}

/// Makes the cluster's directory if there is none and takes it over; `None` if
/// somebody else owns it.
///
/// # Errors
///
/// No space, no permission.
pub(crate) fn claim(paths: &ClusterPaths) -> io::Result<Option<Owned>> {
    loop {
        match DirBuilder::new().mode(0o700).create(paths.dir()) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        match take(paths, OpenOptions::new().create(true)) {
            // Its owner was just removing it.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
    }
}

/// Takes over a directory whose owner is dead; `None` if it lives, or if there
/// is no such directory.
///
/// # Errors
///
/// No permission.
pub(crate) fn claim_abandoned(paths: &ClusterPaths) -> io::Result<Option<Owned>> {
    if !paths.dir().is_dir() {
        return Ok(None);
    }
    match take(paths, OpenOptions::new().create(true)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result,
    }
}

fn take(paths: &ClusterPaths, options: &mut OpenOptions) -> io::Result<Option<Owned>> {
    let lock = options
        .read(true)
        .write(true)
        .truncate(false)
        .open(paths.lock())?;
    take_with(paths, lock)
}

/// Takes the directory over with a lock file opened earlier.
///
/// # Errors
///
/// `NotFound` if the file is no longer the directory's.
pub(crate) fn take_with(paths: &ClusterPaths, lock: File) -> io::Result<Option<Owned>> {
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(None),
        Err(e) => return Err(e.into()),
    }
    let (ours, there) = (lock.metadata()?, fs::metadata(paths.lock())?);
    if (ours.dev(), ours.ino()) != (there.dev(), there.ino()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(Some(Owned {
        paths: paths.clone(),
        lock,
    }))
}

impl Owned {
    /// Ends what is left of an earlier owner's nodes and removes its files.
    ///
    /// Blocks until the processes are gone, two seconds at most.
    ///
    /// # Errors
    ///
    /// A file could not be removed.
    pub(crate) fn clean(&self) -> io::Result<()> {
        kill_leftovers(self.paths.dir());
        for entry in fs::read_dir(self.paths.dir())? {
            let path = entry?.path();
            if path == self.paths.lock() {
                continue;
            }
            match fs::symlink_metadata(&path)?.is_dir() {
                true => fs::remove_dir_all(&path)?,
                false => fs::remove_file(&path)?,
            }
        }
        Ok(())
    }

    /// Removes the directory, the lock last.
    ///
    /// # Errors
    ///
    /// A file could not be removed.
    pub(crate) fn remove(self) -> io::Result<()> {
        self.clean()?;
        fs::remove_file(self.paths.lock())?;
        match fs::remove_dir(self.paths.dir()) {
            // Somebody who wants the cluster has just made a lock of their own.
            Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            result => result,
        }?;
        drop(self.lock);
        Ok(())
    }
}

/// Nodes die with their supervisor by themselves; this is for those that had no
/// time to ask for it, and for whatever else goes wrong.
fn kill_leftovers(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    let leftovers: Vec<Pid> = entries
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("process")).ok())
        .filter_map(|line| Identity::from_line(&line))
        .flat_map(members)
        .collect();
    leftovers.iter().for_each(|pid| kill(*pid));
    let begin = Instant::now();
    while begin.elapsed() < DEATH_MAX && leftovers.iter().any(|pid| lives(*pid)) {
        thread::sleep(Duration::from_millis(2));
    }
}

/// Everybody in a node's process group. A group without its leader is the node's
/// own only if UML's programs are in it: the number may have been given away.
fn members(kernel: Identity) -> Vec<Pid> {
    let mut pids = procfs::group(kernel.pid);
    if !kernel.exists() {
        pids.retain(|pid| Stat::of(*pid).is_ok_and(|stat| stat.comm == PROGRAM_COMM));
    }
    pids
}

fn kill(pid: Pid) {
    // Whoever has ended in between is dead already.
    if let Ok(pidfd) = process::pidfd_open(pid, PidfdFlags::empty()) {
        let _ = process::pidfd_send_signal(pidfd, Signal::KILL);
    }
}

fn lives(pid: Pid) -> bool {
    Stat::of(pid).is_ok_and(|stat| stat.state != 'Z')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        os::unix::process::CommandExt,
        process::Command, //
    };

    fn paths(dir: &tempfile::TempDir) -> ClusterPaths {
        ClusterPaths::at(dir.path().join("lab"))
    }

    #[test]
    fn a_directory_has_one_owner() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        assert!(claim_abandoned(&paths).unwrap().is_none(), "nothing there");
        let owner = claim(&paths).unwrap().unwrap();
        assert!(claim(&paths).unwrap().is_none());
        assert!(claim_abandoned(&paths).unwrap().is_none());
        owner.remove().unwrap();
        assert!(!paths.dir().exists());
    }

    #[test]
    fn an_owner_that_died_is_succeeded() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        drop(claim(&paths).unwrap().unwrap());
        fs::write(paths.control(), "").unwrap();
        fs::create_dir_all(paths.dir().join("node1/uml/1")).unwrap();
        let heir = claim_abandoned(&paths).unwrap().unwrap();
        heir.clean().unwrap();
        assert_eq!(fs::read_dir(paths.dir()).unwrap().count(), 1, "the lock");
        heir.remove().unwrap();
        assert!(!paths.dir().exists());
    }

    #[test]
    fn an_old_lock_does_not_own_a_new_directory() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let first = claim(&paths).unwrap().unwrap();
        let janitors = File::open(paths.lock()).unwrap();
        first.remove().unwrap();
        let second = claim(&paths).unwrap().unwrap();
        let error = take_with(&paths, janitors).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        second.remove().unwrap();
    }

    #[test]
    fn a_removed_log_link_leaves_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let (paths, kept) = (paths(&dir), dir.path().join("kept"));
        fs::write(&kept, "words").unwrap();
        let owner = claim(&paths).unwrap().unwrap();
        fs::create_dir(paths.dir().join("node1")).unwrap();
        std::os::unix::fs::symlink(&kept, paths.dir().join("node1/log")).unwrap();
        owner.remove().unwrap();
        assert_eq!(fs::read_to_string(kept).unwrap(), "words");
    }

    #[test]
    fn leftover_nodes_are_killed_and_strangers_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let owner = claim(&paths).unwrap().unwrap();
        let mut spawned = [(1, 0), (2, 1)].map(|(node, lie)| {
            let child = Command::new("sleep")
                .arg("100")
                .process_group(0)
                .spawn()
                .unwrap();
            let mut identity = Identity::of(Pid::from_child(&child)).unwrap();
            identity.start_ticks += lie;
            let node_dir = paths.dir().join(format!("node{node}"));
            fs::create_dir(&node_dir).unwrap();
            fs::write(node_dir.join("process"), identity.to_line()).unwrap();
            child
        });
        owner.remove().unwrap();
        assert!(!lives(Pid::from_child(&spawned[0])));
        assert!(lives(Pid::from_child(&spawned[1])), "another start time");
        for child in &mut spawned {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
