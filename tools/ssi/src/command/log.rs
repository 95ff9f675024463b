// SPDX-License-Identifier: GPL-2.0

//! `ssi log`.
//!
//! Reads a node's log where the node writes it: nobody has to be asked, and the
//! log of a dead node is as good as any.

use std::{
    fs::File,
    io::{
        self,
        Read,
        Seek,
        SeekFrom,
        Write, //
    },
    os::unix::fs::MetadataExt,
    path::Path,
    thread,
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use ssi_core::ids::ClusterName;

use crate::{
    call::Call,
    cli::Log,
    layout::RunDir,
    limits::FOLLOW_LOOK, //
};

/// Prints a node's log, or its console's.
///
/// # Errors
///
/// The node was never started, or the cluster is not running.
pub(crate) fn run(cluster: ClusterName, log: &Log) -> Result<()> {
    let run_dir = RunDir::of_environment();
    run_dir.verify()?;
    let paths = run_dir.cluster(cluster).node(log.node);
    let path = match log.console {
        true => paths.console(),
        false => paths.log(),
    };
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            // This error is the better one, if the cluster is not running.
            Call::to(cluster)?;
            bail!(
                "node {0} was never started: boot it with 'ssi add {0}'",
                log.node
            );
        }
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    };
    let printed = print(&mut file, log.lines).and_then(|()| match log.follow {
        true => follow(&path, file),
        false => Ok(()),
    });
    match printed {
        // Whoever read it has seen enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.with_context(|| format!("cannot print {}", path.display())),
    }
}

fn print(file: &mut File, lines: Option<usize>) -> io::Result<()> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(last_lines(&bytes, lines))?;
    stdout.flush()
}

fn last_lines(bytes: &[u8], lines: Option<usize>) -> &[u8] {
    let Some(lines) = lines else {
        return bytes;
    };
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let ends = body
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'\n');
    match (lines, ends.map(|(at, _)| at).nth(lines.saturating_sub(1))) {
        (0, _) => &[],
        (_, Some(at)) => &bytes[at + 1..],
        (_, None) => bytes,
    }
}

/// Until the log is gone. One that became shorter lost its middle; one that was
/// replaced belongs to the node's next incarnation.
fn follow(path: &Path, mut file: File) -> io::Result<()> {
    loop {
        thread::sleep(FOLLOW_LOOK);
        print(&mut file, None)?;
        if file.metadata()?.len() < file.stream_position()? {
            file.seek(SeekFrom::End(0))?;
        }
        match File::open(path) {
            Ok(next) if next.metadata()?.ino() != file.metadata()?.ino() => {
                print(&mut file, None)?;
                file = next;
            }
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                if !path
                    .parent()
                    .and_then(Path::parent)
                    .is_some_and(Path::exists)
                {
                    return print(&mut file, None);
                }
            }
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_counted_from_the_end() {
        let text = b"one\ntwo\n\nfour\n";
        let last = |lines| String::from_utf8_lossy(last_lines(text, lines)).into_owned();
        assert_eq!(last(None), "one\ntwo\n\nfour\n");
        assert_eq!(last(Some(0)), "");
        assert_eq!(last(Some(1)), "four\n");
        assert_eq!(last(Some(3)), "two\n\nfour\n");
        assert_eq!(last(Some(4)), "one\ntwo\n\nfour\n");
        assert_eq!(last(Some(9)), "one\ntwo\n\nfour\n");
        assert_eq!(last_lines(b"a\nunfinished", Some(1)), b"unfinished");
        assert_eq!(last_lines(b"", Some(1)), b"");
    }
}
