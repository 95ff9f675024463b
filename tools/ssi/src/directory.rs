// SPDX-License-Identifier: GPL-2.0

//! Who owns a cluster's directory.
//!
//! The one who holds the lock of the file `lock` in it, and found that file still
//! in its place afterwards. The supervisor does while it lives. When it is
//! killed, the lock is free: its janitor takes it and cleans up, or else the next
//! `ssi start`, `list` or `status` does.
//!
//! What is owned is emptied, so nothing is owned that `ssi` did not make: the lock
//! has its words, and is made only in a directory that has nothing else in it.

use std::{
    fs::{
        self,
        DirBuilder,
        File, //
    },
    io,
    os::unix::fs::{
        DirBuilderExt,
        FileExt,
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
    fs::{
        FlockOperation,
        Mode,
        OFlags, //
    },
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

/// What a lock says, so that no other program's is taken for one.
const LOCK_WORDS: &[u8] = b"ssi cluster\n";

const LOCK_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The right to do with a cluster's directory what one likes.
#[derive(Debug)]
pub(crate) struct Owned {
    paths: ClusterPaths,
    /// Held, not read.
    lock: File,
}

/// What became of a claim to a directory.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It is ours.
    Owned(Owned),
    /// Somebody else owns it.
    Taken,
    /// It was not made by `ssi`, and nobody may touch it.
    Foreign,
}

/// Makes the cluster's directory if there is none and takes it over.
///
/// # Errors
///
/// No space, no permission.
pub(crate) fn claim(paths: &ClusterPaths) -> io::Result<Claim> {
    loop {
        match DirBuilder::new().mode(0o700).create(paths.dir()) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        let taken = match content(paths.dir()) {
            Ok(Content::Nothing) => take(paths, OFlags::CREATE),
            Ok(Content::Lock) => take(paths, OFlags::empty()),
            Ok(Content::Others) => return Ok(Claim::Foreign),
            Err(e) => Err(e),
        };
        match taken {
            // Its owner was just removing it.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
    }
}

/// Takes over a directory whose owner is dead; `None` if it lives, if there is no
/// such directory, or if it is no cluster's.
///
/// # Errors
///
/// No permission.
pub(crate) fn claim_abandoned(paths: &ClusterPaths) -> io::Result<Option<Owned>> {
    match take(paths, OFlags::empty()) {
        Ok(Claim::Owned(owned)) => Ok(Some(owned)),
        Ok(Claim::Taken | Claim::Foreign) => Ok(None),
        Err(e) if is_absence(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

/// No lock, or no directory for one.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn take(paths: &ClusterPaths, create: OFlags) -> io::Result<Claim> {
    // Whatever it is: not followed, and not waited for.
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    match rustix::fs::open(paths.lock(), flags | create, LOCK_MODE) {
        Ok(lock) => take_with(paths, File::from(lock)),
        // A directory, a link or a socket is in its place.
        Err(Errno::ISDIR | Errno::LOOP | Errno::NXIO) => Ok(Claim::Foreign),
        Err(e) => Err(e.into()),
    }
}

/// Takes the directory over with a lock file opened earlier.
///
/// # Errors
///
/// `NotFound` if the file is no longer the directory's.
pub(crate) fn take_with(paths: &ClusterPaths, lock: File) -> io::Result<Claim> {
    if !is_lock(&lock)? {
        return Ok(Claim::Foreign);
    }
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(Claim::Taken),
        Err(e) => return Err(e.into()),
    }
    let (ours, there) = (lock.metadata()?, fs::metadata(paths.lock())?);
    if (ours.dev(), ours.ino()) != (there.dev(), there.ino()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    // Made just now, or by one who died before the first word.
    if ours.len() == 0 {
        if !holds_only_the_lock(paths)? {
            return Ok(Claim::Foreign);
        }
        lock.write_all_at(LOCK_WORDS, 0)?;
    }
    Ok(Claim::Owned(Owned {
        paths: paths.clone(),
        lock,
    }))
}

/// Whether the lock may be `ssi`'s: it has its words, or none yet.
fn is_lock(lock: &File) -> io::Result<bool> {
    if !lock.metadata()?.is_file() {
        return Ok(false);
    }
    let mut words = [0; LOCK_WORDS.len() + 1];
    let count = lock.read_at(&mut words, 0)?;
    Ok(count == 0 || &words[..count] == LOCK_WORDS)
}

fn holds_only_the_lock(paths: &ClusterPaths) -> io::Result<bool> {
    Ok(fs::read_dir(paths.dir())?.count() == 1)
}

/// What a directory is claimed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// Nothing: it was just made.
    Nothing,
    /// A lock, and whatever belongs to it.
    Lock,
    /// Files without a lock.
    Others,
}

fn content(dir: &Path) -> io::Result<Content> {
    let mut found = Content::Nothing;
    for entry in fs::read_dir(dir)? {
        match entry?.file_name() == "lock" {
            true => return Ok(Content::Lock),
            false => found = Content::Others,
        }
    }
    Ok(found)
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

    fn owned(paths: &ClusterPaths) -> Owned {
        match claim(paths).unwrap() {
            Claim::Owned(owned) => owned,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_directory_has_one_owner() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        assert!(claim_abandoned(&paths).unwrap().is_none(), "nothing there");
        let owner = owned(&paths);
        assert!(matches!(claim(&paths).unwrap(), Claim::Taken));
        assert!(claim_abandoned(&paths).unwrap().is_none());
        owner.remove().unwrap();
        assert!(!paths.dir().exists());
    }

    #[test]
    fn an_owner_that_died_is_succeeded() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        drop(owned(&paths));
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
        let first = owned(&paths);
        let janitors = File::open(paths.lock()).unwrap();
        first.remove().unwrap();
        let second = owned(&paths);
        let error = take_with(&paths, janitors).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        second.remove().unwrap();
    }

    #[test]
    fn what_ssi_did_not_make_is_nobodys() {
        let makers: [fn(&Path); 6] = [
            |dir| fs::write(dir.join("thesis"), "words").unwrap(),
            |dir| fs::create_dir_all(dir.join("node1")).unwrap(),
            |dir| fs::write(dir.join("lock"), "4711\n").unwrap(),
            |dir| fs::create_dir(dir.join("lock")).unwrap(),
            |dir| std::os::unix::fs::symlink("/etc/passwd", dir.join("lock")).unwrap(),
            |dir| {
                fs::write(dir.join("lock"), "").unwrap();
                fs::write(dir.join("thesis"), "words").unwrap();
            },
        ];
        for (case, make) in makers.iter().enumerate() {
            let dir = tempfile::tempdir().unwrap();
            let paths = paths(&dir);
            fs::create_dir(paths.dir()).unwrap();
            make(paths.dir());
            let before = listing(paths.dir());
            assert!(claim_abandoned(&paths).unwrap().is_none(), "{case}");
            assert!(matches!(claim(&paths).unwrap(), Claim::Foreign), "{case}");
            assert_eq!(listing(paths.dir()), before, "{case}");
        }
    }

    fn listing(dir: &Path) -> Vec<(std::ffi::OsString, u64)> {
        let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
        let mut found: Vec<_> = entries
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().len()))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn an_empty_directory_may_become_a_clusters() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        fs::create_dir(paths.dir()).unwrap();
        assert!(claim_abandoned(&paths).unwrap().is_none());
        owned(&paths).remove().unwrap();
        // One who died before the first word.
        fs::create_dir(paths.dir()).unwrap();
        fs::write(paths.lock(), "").unwrap();
        claim_abandoned(&paths).unwrap().unwrap().remove().unwrap();
        assert!(!paths.dir().exists());
    }

    #[test]
    fn a_removed_log_link_leaves_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let (paths, kept) = (paths(&dir), dir.path().join("kept"));
        fs::write(&kept, "words").unwrap();
        let owner = owned(&paths);
        fs::create_dir(paths.dir().join("node1")).unwrap();
        std::os::unix::fs::symlink(&kept, paths.dir().join("node1/log")).unwrap();
        owner.remove().unwrap();
        assert_eq!(fs::read_to_string(kept).unwrap(), "words");
    }

    #[test]
    fn leftover_nodes_are_killed_and_strangers_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let owner = owned(&paths);
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
