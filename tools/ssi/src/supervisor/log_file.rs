// SPDX-License-Identifier: GPL-2.0

//! Logs of limited size.
//!
//! A node's kernel writes its log by itself, in append mode, and never waits for
//! anybody; so not a line is lost when the supervisor is slow. The supervisor
//! only looks at the size from time to time and takes the middle out of a log
//! that grew too long: the beginning tells how the node came up, the end what
//! happened last. A line written during that very moment may go with it.

use std::{
    fs::{
        self,
        File,
        OpenOptions, //
    },
    io::{
        self,
        Write, //
    },
    os::unix::fs::{
        symlink,
        FileExt, //
    },
    path::{
        Path,
        PathBuf, //
    },
};

use ssi_core::ids::NODE_MAX;

use crate::limits::{
    LOG_BYTES_MAX,
    LOG_HEAD_BYTES,
    LOG_TAIL_BYTES, //
};

/// Name of a kept kernel log, after the node's.
pub(crate) const LOG_NAME: &str = "log";

/// Name of a kept console log, after the node's.
pub(crate) const CONSOLE_NAME: &str = "console";

/// A log that cannot fill the disk.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    /// Where this incarnation's part begins.
    begin: u64,
}

impl LogFile {
    /// Makes the log at `path`. With `kept`, the log lies there instead, after
    /// what is there already, and `path` is a link to it.
    ///
    /// # Errors
    ///
    /// No space, no permission.
    pub(crate) fn create(path: &Path, kept: Option<&Path>) -> io::Result<Self> {
        if let Some(kept) = kept {
            symlink(kept, path)?;
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        Ok(Self {
            path: path.to_owned(),
            begin: file.metadata()?.len(),
            file,
        })
    }

    /// The file, for a process that appends to it.
    pub(crate) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `bytes`, and trims the log if it is too long now.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.trim()
    }

    /// The last `bytes_max` bytes of this incarnation, as text.
    pub(crate) fn tail(&self, bytes_max: u64) -> String {
        let length = self.file.metadata().map_or(0, |found| found.len());
        let from = self.begin.max(length.saturating_sub(bytes_max));
        let bytes = self.read(from, length).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Takes the middle out of a log longer than `LOG_BYTES_MAX`.
    ///
    /// # Errors
    ///
    /// The log could not be read or written; it may be shorter than it was.
    pub(crate) fn trim(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length <= LOG_BYTES_MAX {
            return Ok(());
        }
        let mut kept = whole_lines_before(self.read(0, LOG_HEAD_BYTES)?);
        let tail = whole_lines_after(self.read(length - LOG_TAIL_BYTES, length)?);
        let dropped = length - (kept.len() + tail.len()) as u64;
        kept.extend(format!("[... {dropped} bytes dropped here ...]\n").bytes());
        kept.extend(tail);
        self.file.set_len(0)?;
        self.begin = 0;
        self.file.write_all(&kept)
    }

    fn read(&self, from: u64, to: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        let mut done = 0;
        while done < length {
            match self.file.read_at(&mut bytes[done..], from + done as u64)? {
                0 => break,
                count => done += count,
            }
        }
        bytes.truncate(done);
        Ok(bytes)
    }
}

/// Where the log `name` of `node` is kept in `dir` after the cluster's end.
pub(crate) fn kept_path(dir: &Path, node: impl std::fmt::Display, name: &str) -> PathBuf {
    dir.join(format!("node{node}.{name}"))
}

/// Removes the kept logs of an earlier cluster from `dir`, which would be taken for
/// this one's.
///
/// # Errors
///
/// No permission.
pub(crate) fn renew_kept(dir: &Path) -> io::Result<()> {
    for node in 1..=NODE_MAX {
        for name in [LOG_NAME, CONSOLE_NAME] {
            match fs::remove_file(kept_path(dir, node, name)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
    }
    Ok(())
}

fn whole_lines_before(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    bytes.truncate(end.map_or(bytes.len(), |at| at + 1));
    bytes
}

fn whole_lines_after(mut bytes: Vec<u8>) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte == b'\n');
    bytes.drain(..start.map_or(0, |at| at + 1));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(dir: &tempfile::TempDir) -> LogFile {
        LogFile::create(&dir.path().join("log"), None).unwrap()
    }

    #[test]
    fn a_flood_keeps_its_head_and_its_tail() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = log(&dir);
        log.append(b"first words\n").unwrap();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..3 * LOG_BYTES_MAX / 1024 {
            log.append(&line).unwrap();
            assert!(fs::metadata(log.path()).unwrap().len() <= LOG_BYTES_MAX);
        }
        log.append(b"last words\n").unwrap();
        let text = fs::read_to_string(log.path()).unwrap();
        assert!(text.starts_with("first words\n"));
        assert!(text.ends_with("x\nlast words\n"));
        assert!(
            text.lines().all(|l| l.len() == 1023 || l.len() < 60),
            "whole lines only"
        );
        assert!(text.contains("bytes dropped here"));
    }

    #[test]
    fn lines_of_another_writer_go_on_after_a_trim() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = log(&dir);
        let mut node = log.writer().unwrap();
        node.write_all(&vec![b'\n'; LOG_BYTES_MAX as usize + 1])
            .unwrap();
        log.trim().unwrap();
        node.write_all(b"still here\n").unwrap();
        assert!(fs::read_to_string(log.path())
            .unwrap()
            .ends_with("\n\nstill here\n"));
    }

    #[test]
    fn a_tail_is_of_this_incarnation_only() {
        let dir = tempfile::tempdir().unwrap();
        let kept = kept_path(dir.path(), 3, "log");
        fs::write(&kept, "Kernel panic of the last time\n").unwrap();
        let mut log = LogFile::create(&dir.path().join("log"), Some(&kept)).unwrap();
        log.append(b"one\ntwo\n").unwrap();
        assert_eq!(log.tail(1000), "one\ntwo\n");
        assert_eq!(log.tail(4), "two\n");
        assert!(fs::read_to_string(&kept)
            .unwrap()
            .ends_with("time\none\ntwo\n"));
    }

    #[test]
    fn an_earlier_clusters_logs_are_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("logs");
        fs::create_dir(&dir).unwrap();
        let others = dir.join("notes");
        let kept = kept_path(&dir, 63, CONSOLE_NAME);
        for path in [&others, &kept] {
            fs::write(path, "old").unwrap();
        }
        renew_kept(&dir).unwrap();
        assert!(others.exists() && !kept.exists());
    }
}
