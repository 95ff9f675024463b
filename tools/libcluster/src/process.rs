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

/// The name of the process of each node that starts commands for the launcher.
pub const AGENT_NAME: &core::ffi::CStr = c"ssi-agent";

/// The terminals of a console: `/dev/tty0` to `/dev/tty63`.
const CONSOLES: std::ops::Range<u64> = 0x400..0x440;

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
    /// The processes of all nodes, in rising order. Of those whose number each node has one of
    /// its own with, those of this one.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn processes(&self) -> Result<Vec<Pid>, Error> {
        let folder = self.path("..");
        let mut all = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|why| Error::io(&folder, why))? {
            let name = entry.map_err(|why| Error::io(&folder, why))?.file_name();
            all.extend(name.to_str().and_then(Pid::parse));
        }
        all.sort_unstable();
        Ok(all)
    }

    /// Whether process `pid` belongs to its node rather than to a user: its parent is the first
    /// process, and it is the agent, or leads the session of a console.
    pub fn is_of_node(&self, pid: Pid) -> bool {
        let line = fs::read_to_string(self.path(&format!("../{pid}/stat"))).unwrap_or_default();
        parse_of_node(&line, pid).unwrap_or(false)
    }

    /// Whether process `pid` is there, and not only what its parent has not asked about yet.
    pub fn is_alive(&self, pid: Pid) -> bool {
        let line = fs::read_to_string(self.path(&format!("../{pid}/stat"))).unwrap_or_default();
        // The name is whatever it is, and ends with the last bracket.
        let state = line
            .rsplit_once(')')
            .map_or("", |(_, rest)| rest.trim_start());
        !state.is_empty() && !state.starts_with(['Z', 'X'])
    }

    /// The name of process `pid`; `None` for one that is gone, or has none.
    pub fn process_name(&self, pid: Pid) -> Option<String> {
        let name = fs::read(self.path(&format!("../{pid}/comm"))).ok()?;
        let name = String::from_utf8_lossy(&name);
        let name = text::shown(name.strip_suffix('\n').unwrap_or(&name));
        (!name.is_empty()).then_some(name)
    }

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

/// `PID (NAME) STATE PARENT GROUP SESSION TERMINAL ...`; the name is whatever it is.
fn parse_of_node(line: &str, pid: Pid) -> Option<bool> {
    let (front, rest) = line.rsplit_once(')')?;
    let (_, name) = front.split_once('(')?;
    let mut numbers = rest.split_whitespace().skip(1).map(text::number);
    let parent = numbers.next()??;
    let session = numbers.nth(1)??;
    let terminal = numbers.next()??;
    let is_console = CONSOLES.contains(&terminal) && session == u64::from(pid.0.get());
    let is_agent = name.as_bytes() == AGENT_NAME.to_bytes();
    Some(parent == 1 && (is_agent || is_console))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_and_console_belong_to_the_node() {
        let pid = Pid::new(131_080).unwrap();
        for (line, expected) in [
            ("131080 (ssi-agent) S 1 131080 131080 0 -1", Some(true)),
            (
                "131080 (ssi-agent) S 131081 131080 131080 0 -1",
                Some(false),
            ),
            ("131080 (exe) S 1 131080 131080 0 -1", Some(false)),
            ("131080 (sh) S 1 131080 131080 1024 131080", Some(true)),
            (
                "131080 (a) 1 (b) S 1 131090 131090 1024 131080",
                Some(false),
            ),
            ("131080 (sh) S 1 131080 131080 34816 131080", Some(false)),
            ("131080 (sh) S 1", None),
            ("", None),
        ] {
            assert_eq!(parse_of_node(line, pid), expected, "{line}");
        }
    }

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
