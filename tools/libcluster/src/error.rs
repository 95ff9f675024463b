// SPDX-License-Identifier: GPL-2.0

//! Why a question has no answer.

use std::io;

use crate::{
    ClusterNode,
    Pid,
    TransId, //
};

/// Why a question to the cluster has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no `/proc/cluster`.
    #[error("this kernel is not a node of a cluster: there is no {path}")]
    NotNode {
        /// The folder that was looked for.
        path: String,
    },
    /// The node is not up, so it cannot be asked to shut down.
    #[error("node {0} is not up")]
    NotUp(ClusterNode),
    /// This node is in no view of the cluster now.
    #[error("this node is not in the cluster now; try again")]
    NoView,
    /// No node has a process with that number.
    #[error("there is no process {0}")]
    NoProcess(Pid),
    /// There is no such transition yet.
    #[error("there is no transition behind {0} yet")]
    NotYet(TransId),
    /// The kernel does not remember the transition any more.
    #[error("transition {wanted} is forgotten, the oldest known is {oldest}")]
    Forgotten {
        /// The one that was asked for.
        wanted: TransId,
        /// The oldest one that is left.
        oldest: TransId,
    },
    /// No transition has, or had, that number.
    #[error("there is no transition {0}")]
    NoSuchTransition(TransId),
    /// Only a signal that a program can catch is sent.
    #[error("{0} is not a signal that can be caught")]
    BadSignal(i32),
    /// The kernel's words are not understood: it is another version of SSI.
    #[error("{file} has a line that is not understood: '{line}'")]
    Malformed {
        /// The file.
        file: String,
        /// The line, shortened.
        line: String,
    },
    /// A file could not be used.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the kernel said.
        source: io::Error,
    },
}

impl Error {
    /// An operation on `file` that failed.
    pub(crate) fn io(file: &str, source: impl Into<io::Error>) -> Self {
        Self::Io {
            file: file.to_owned(),
            source: source.into(),
        }
    }
}
