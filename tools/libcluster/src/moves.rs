// SPDX-License-Identifier: GPL-2.0

//! Moves of a node.
//!
//! The lines `move` of `/proc/cluster/node<N>/migrations`.

use std::{
    fs,
    time::Duration, //
};

use rustix::io::Errno;

use crate::{
    text::{
        self,
        shown, //
    },
    Cluster,
    ClusterNode,
    Error,
    Pid, //
};

/// A move that is under way, or one of the last that are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Its number, which rises on the node the process leaves.
    pub id: u64,
    /// How far it is: `asked`, `capture`, `transfer`, `commit`, `done`, `refused`, `failed`.
    pub state: String,
    /// The process.
    pub pid: Pid,
    /// Where it was.
    pub from: ClusterNode,
    /// Where it goes.
    pub to: ClusterNode,
    /// Bytes that were sent.
    pub bytes: u64,
    /// Bytes of memory it had in use when it was packed; 0 before.
    pub resident: u64,
    /// How long it stood still.
    pub pause: Duration,
    /// How long since it was asked for, up to its end.
    pub total: Duration,
}

impl Move {
    /// Whether the process stands still for it, and is not there yet.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state.as_str(), "capture" | "transfer" | "commit")
    }

    fn parse(line: &str) -> Option<Self> {
        let value = |name: &str| {
            let mut words = line.split(' ').filter_map(|word| word.split_once('='));
            words.find_map(|(known, value)| (known == name).then_some(value))
        };
        let number = |name| text::number(value(name)?);
        let node = |name| ClusterNode::parse(value(name)?.as_bytes()).ok();
        let time = |name| number(name).map(Duration::from_micros);
        Some(Self {
            id: number("id")?,
            state: value("state")?.to_owned(),
            pid: Pid::parse(value("pid")?)?,
            from: node("from")?,
            to: node("to")?,
            bytes: number("bytes")?,
            resident: number("resident")?,
            pause: time("pause_us")?,
            total: time("total_us")?,
        })
    }
}

impl Cluster {
    /// The moves `node` shows: those that are over in the order in which they ended, and then
    /// those under way. The kernel asks that node, so this waits for it.
    ///
    /// # Errors
    ///
    /// [`Error::NotUp`]; [`Error::NotNode`] on a kernel that moves no processes;
    /// [`Error::Malformed`], [`Error::Io`].
    pub fn moves(&self, node: ClusterNode) -> Result<Vec<Move>, Error> {
        let path = self.path(&format!("node{node}/migrations"));
        let content =
            fs::read_to_string(&path).map_err(|why| match Errno::from_io_error(&why) {
                Some(Errno::HOSTDOWN | Errno::NODEV) => Error::NotUp(node),
                _ => self.explain(&path, why),
            })?;
        let lines = content.lines().filter(|line| line.starts_with("move: "));
        lines
            .map(|line| {
                Move::parse(line).ok_or_else(|| Error::Malformed {
                    file: path.clone(),
                    line: shown(line),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &str = "move: id=7 state=transfer kind=move pid=65700 comm=a\\x20b from=1 to=2 \
        by=65600 uid=0 began=1795753494.000123 wait_us=10 capture_us=20 transfer_us=40 \
        commit_us=0 pause_us=60 total_us=70 pages=2 bytes=9000 resident=8192 errno=0 reason=";

    #[test]
    fn a_line_of_the_kernel_is_understood() {
        let one = Move::parse(LINE).unwrap();
        assert_eq!(
            (one.id, one.pid, one.bytes),
            (7, Pid::new(65_700).unwrap(), 9000)
        );
        assert_eq!((one.from.get(), one.to.get(), one.resident), (1, 2, 8192));
        assert_eq!((one.pause.as_micros(), one.total.as_micros()), (60, 70));
        assert!(one.is_under_way());
        let over = Move::parse(&LINE.replace("transfer ", "done ")).unwrap();
        assert!(!over.is_under_way());
    }

    #[test]
    fn what_the_reason_says_is_no_value() {
        let line = format!("{LINE}its pid=1 is");
        assert_eq!(Move::parse(&line), Move::parse(LINE));
    }

    #[test]
    fn a_line_without_a_value_is_none() {
        for name in ["id=", "pid=", "to=2", "pause_us="] {
            assert_eq!(Move::parse(&LINE.replace(name, "x")), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_panic(text in "(.|\n)*") {
            let _ = Move::parse(&text);
        }
    }
}
