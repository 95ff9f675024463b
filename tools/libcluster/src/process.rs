// SPDX-License-Identifier: GPL-2.0

//! Processes of the cluster.

use std::{
    fmt,
    fs,
    io,
    num::NonZeroU32, //
};

use ssi_core::vproc::pid::{
    origin,
    Origin, //
};

use crate::{
    text,
    Cluster,
    ClusterNode,
    Error, //
};

/// Number of a process, the same on all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(NonZeroU32);

impl Pid {
    /// The process with this number: 1 or more.
    pub fn new(number: i32) -> Option<Self> {
        let number = u32::try_from(number).ok()?;
        NonZeroU32::new(number).map(Self)
    }

    /// Reads a decimal number without sign.
    pub fn parse(word: &str) -> Option<Self> {
        let is_plain = word.bytes().all(|byte| byte.is_ascii_digit());
        Self::new(word.parse().ok().filter(|_| is_plain)?)
    }

    /// The node whose kernel gave the number: none if each node has a process with it.
    pub fn birth_node(self) -> Option<ClusterNode> {
        match origin(self.0.get()) {
            Some(Origin::Node(node)) => Some(node),
            Some(Origin::Init | Origin::Private) | None => None,
        }
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Cluster {
    /// The node that runs process `pid`. The kernel asks that node, so this waits for
    /// it; by the time it returns the process may have ended.
    ///
    /// # Errors
    ///
    /// [`Error::NoProcess`]; [`Error::NotNode`] on a kernel whose nodes have processes
    /// of their own (`CONFIG_SSI_VPROC` is off); [`Error::Malformed`], [`Error::Io`].
    pub fn node_pid(&self, pid: Pid) -> Result<ClusterNode, Error> {
        let folder = self.path(&format!("../{pid}"));
        let path = format!("{folder}/where");
        let line = fs::read_to_string(&path).map_err(|why| match why.kind() {
            io::ErrorKind::NotFound if fs::metadata(&folder).is_err() => Error::NoProcess(pid),
            _ if why.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {
                Error::NoProcess(pid)
            }
            _ => self.explain(&path, why),
        })?;
        let line = line.strip_suffix('\n').unwrap_or(&line);
        ClusterNode::parse(line.as_bytes()).map_err(|_| Error::Malformed {
            file: path,
            line: text::shown(line),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_a_plain_number() {
        for word in ["1", "65536", "4194303", "2147483647", "007"] {
            let pid = Pid::parse(word).unwrap();
            assert_eq!(pid.to_string(), word.trim_start_matches('0'));
        }
        for word in [
            "",
            "0",
            "00",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1x",
            "x",
            "0x10",
            "1.0",
            "2147483648",
            "4294967297",
            "99999999999999999999",
            "self",
            "../1",
            "\u{0661}",
        ] {
            assert_eq!(Pid::parse(word), None, "{word}");
        }
        assert_eq!(Pid::new(0), None);
        assert_eq!(Pid::new(-1), None);
    }

    #[test]
    fn a_pid_tells_where_it_was_given() {
        for (pid, node) in [
            (1, None),
            (65_535, None),
            (65_536, Some(1)),
            (131_071, Some(1)),
            (131_072, Some(2)),
            (4_194_303, Some(63)),
            (4_194_304, None),
            (i32::MAX, None),
        ] {
            let found = Pid::new(pid).unwrap().birth_node();
            assert_eq!(found, node.and_then(ClusterNode::new), "{pid}");
        }
    }
}
