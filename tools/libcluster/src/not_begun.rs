// SPDX-License-Identifier: GPL-2.0

//! Why a program was not begun.

use std::io;

use rustix::io::Errno;

use crate::ClusterNode;

/// Why a program was not begun on a node. What it was to replace runs on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotBegun {
    /// There is no call for it: `ENOSYS`.
    #[error(
        "this kernel begins no programs on other nodes: it is no node of a cluster, \
         or it was built without CONFIG_SSI_MIGRATE"
    )]
    NoCall,
    /// The device for the call cannot be opened.
    #[error("/dev/ssi: {0}")]
    Device(#[source] io::Error),
    /// The node is not up, or died meanwhile: `ENODEV`, `EHOSTDOWN`.
    #[error("node {0} is not up")]
    NotUp(ClusterNode),
    /// The node is drained: `ECONNREFUSED`.
    #[error("node {0} is drained")]
    Drained(ClusterNode),
    /// The process has what another node cannot have, or cannot give it away: `EBUSY`.
    #[error(
        "this process cannot leave its node for node {0}: it has children that were born \
         there and not at its home, several threads or filtered calls, is traced, or uses \
         io_uring or semaphores of System V"
    )]
    Bound(ClusterNode),
    /// The process has namespaces or a root of its own, which are on its node alone:
    /// `EXDEV`.
    #[error(
        "this process cannot leave its node for node {0}: it has a namespace or a root \
         of its own"
    )]
    Confined(ClusterNode),
    /// Its number is in use there: what it was there before has not ended yet, or it lost its
    /// home and left a part of it there: `EEXIST`.
    #[error("this process cannot go to node {0} now: its number is in use there")]
    NumberInUse(ClusterNode),
    /// One of the open files cannot be used from there: `EOPNOTSUPP`.
    #[error("this process has a file open that cannot be used from node {0}")]
    BoundFile(ClusterNode),
    /// There is nothing with the name of its working directory there.
    #[error("the working directory of this process is not found on node {0}")]
    NoFolder(ClusterNode),
    /// There is no such file there: `ENOENT`, `ENOTDIR`.
    #[error("'{program}' is not found on node {node}")]
    NotFound {
        /// What was to be executed.
        program: String,
        /// Where.
        node: ClusterNode,
    },
    /// There is a file, and it is not executed: any other number of execve(2).
    #[error("'{program}' cannot be run on node {node}: {source}")]
    CannotRun {
        /// What was to be executed.
        program: String,
        /// Where.
        node: ClusterNode,
        /// What the kernel said.
        source: io::Error,
    },
}

impl NotBegun {
    /// What a number of the kernel means.
    pub(crate) fn from_errno(errno: Errno, program: &str, node: ClusterNode) -> Self {
        let program = program.to_owned();
        match errno {
            Errno::NOSYS => Self::NoCall,
            Errno::NODEV | Errno::HOSTDOWN => Self::NotUp(node),
            Errno::CONNREFUSED => Self::Drained(node),
            Errno::BUSY => Self::Bound(node),
            Errno::XDEV => Self::Confined(node),
            Errno::EXIST => Self::NumberInUse(node),
            Errno::OPNOTSUPP => Self::BoundFile(node),
            Errno::NOENT | Errno::NOTDIR => Self::NotFound { program, node },
            other => Self::CannotRun {
                program,
                node,
                source: other.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_words() {
        let node = ClusterNode::new(2).unwrap();
        for (errno, words) in [
            (Errno::NOSYS, "no node of a cluster"),
            (Errno::NODEV, "node 2 is not up"),
            (Errno::HOSTDOWN, "node 2 is not up"),
            (Errno::CONNREFUSED, "node 2 is drained"),
            (
                Errno::BUSY,
                "has children that were born there and not at its home, several threads",
            ),
            (Errno::XDEV, "has a namespace or a root of its own"),
            (
                Errno::OPNOTSUPP,
                "a file open that cannot be used from node 2",
            ),
            (Errno::EXIST, "its number is in use there"),
            (Errno::NOENT, "'ls' is not found on node 2"),
            (Errno::NOTDIR, "'ls' is not found on node 2"),
            (
                Errno::ACCESS,
                "'ls' cannot be run on node 2: Permission denied",
            ),
            (
                Errno::TOOBIG,
                "'ls' cannot be run on node 2: Argument list too long",
            ),
        ] {
            let said = NotBegun::from_errno(errno, "ls", node).to_string();
            assert!(said.contains(words), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
}
