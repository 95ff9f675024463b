// SPDX-License-Identifier: GPL-2.0

//! Which logs are being written.
//!
//! An idle log costs nothing; one that is written is looked at once per
//! `LOG_LOOK`, however fast it grows.

use std::{
    collections::BTreeMap,
    io,
    mem::MaybeUninit,
    os::fd::{
        AsFd,
        BorrowedFd,
        OwnedFd, //
    },
    path::Path,
};

use rustix::{
    fs::inotify::{
        self,
        CreateFlags,
        WatchFlags, //
    },
    io::Errno,
};
use ssi_core::ids::NodeId;

use super::machine::Moment;
use crate::limits::LOG_LOOK;

/// Which logs are being written.
#[derive(Debug)]
pub(crate) struct LogWatch {
    inotify: OwnedFd,
    watched: BTreeMap<i32, NodeId>,
    due: BTreeMap<NodeId, Moment>,
}

impl LogWatch {
    /// Watches nothing yet.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            watched: BTreeMap::new(),
            due: BTreeMap::new(),
        })
    }

    /// Waits for the next write to the log of `node` at `path`.
    ///
    /// # Errors
    ///
    /// The user has used up all watches the system gives: the log is not bounded.
    pub(crate) fn watch(&mut self, node: NodeId, path: &Path) -> io::Result<()> {
        self.due.remove(&node);
        let flags = WatchFlags::MODIFY | WatchFlags::ONESHOT;
        let watch = inotify::add_watch(&self.inotify, path, flags)?;
        self.watched.insert(watch, node);
        Ok(())
    }

    /// Takes the news: logs that were written are due for a look soon.
    pub(crate) fn take(&mut self, now: Moment) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    if let Some(node) = self.watched.remove(&event.wd()) {
                        self.due.entry(node).or_insert(now + LOG_LOOK);
                    }
                }
                Err(Errno::INTR) => {}
                // WOULDBLOCK: that was all.
                Err(_) => return,
            }
        }
    }

    /// When the next look is due.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.due.values().min().copied()
    }

    /// Takes the nodes whose logs are due for a look; watch them again after it.
    pub(crate) fn due(&mut self, now: Moment) -> Vec<NodeId> {
        let due: Vec<NodeId> = self
            .due
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(node, _)| *node)
            .collect();
        due.iter().for_each(|node| {
            self.due.remove(node);
        });
        due
    }
}

impl AsFd for LogWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs,
        io::Write, //
    };

    #[test]
    fn a_written_log_is_due_once_until_it_is_watched_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let node = NodeId::new(5).unwrap();
        let mut watch = LogWatch::new().unwrap();
        watch.watch(node, file.path()).unwrap();
        watch.take(Moment::ZERO);
        assert_eq!(watch.deadline(), None);

        let mut writer = fs::OpenOptions::new()
            .append(true)
            .open(file.path())
            .unwrap();
        for _ in 0..100 {
            writer.write_all(b"line\n").unwrap();
        }
        watch.take(Moment::ZERO);
        assert_eq!(watch.deadline(), Some(LOG_LOOK));
        assert_eq!(watch.due(Moment::ZERO), []);
        assert_eq!(watch.due(LOG_LOOK), [node]);

        writer.write_all(b"unseen\n").unwrap();
        watch.take(LOG_LOOK);
        assert_eq!(watch.deadline(), None);
        watch.watch(node, file.path()).unwrap();
        writer.write_all(b"seen\n").unwrap();
        watch.take(LOG_LOOK);
        assert_eq!(watch.due(LOG_LOOK * 2), [node]);
    }
}
