// SPDX-License-Identifier: GPL-2.0

//! Fork on another node.
//!
//! The child is on another node, with all a child has of its parent: memory, open files,
//! working directory, rights, limits. Its parent waits for it as for any child.
//!
//! ```no_run
//! use libcluster::{rfork, ClusterNode, Forked};
//!
//! let node = ClusterNode::new(2).ok_or("no such node")?;
//! match rfork(node) {
//!     Ok(Forked::Parent(child)) => println!("{child} works"),
//!     Ok(Forked::Child) => std::process::exit(0),
//!     Err(why) => println!("there is no child: {why}"),
//! }
//! # Ok::<(), &str>(())
//! ```

use std::io;

use rustix::io::Errno;
use ssi_device::Device;

use crate::{
    ClusterNode,
    Pid, //
};

/// Which of the two goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// The one that called, and the number of its child.
    Parent(Pid),
    /// The child.
    Child,
}

/// Why there is no child.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotForked {
    /// There is no call for it: `ENOSYS`.
    #[error(
        "this kernel forks nothing on other nodes: it is no node of a cluster, or it was \
         built without CONFIG_SSI_MIGRATE"
    )]
    NoCall,
    /// The device for the call cannot be opened.
    #[error("/dev/ssi: {0}")]
    Device(#[source] io::Error),
    /// The node is not up, or died meanwhile: `ENODEV`, `EHOSTDOWN`.
    #[error("node {0} is not up")]
    NotUp(ClusterNode),
    /// The program has several threads, or filtered calls: `EBUSY`.
    #[error("a program with several threads or filtered calls cannot fork on node {0}")]
    Bound(ClusterNode),
    /// The process has namespaces or a root of its own: `EXDEV`.
    #[error("a process with a namespace or a root of its own cannot fork on node {0}")]
    Confined(ClusterNode),
    /// It shares memory, or has an open file that cannot be used from there: `EOPNOTSUPP`.
    #[error("this process shares memory or has a file open that cannot be used from node {0}")]
    BoundMemory(ClusterNode),
    /// The node is drained: `ECONNREFUSED`.
    #[error("node {0} is drained")]
    Drained(ClusterNode),
    /// Its program or its working directory is not there: `ENOENT`.
    #[error("the program or the working directory of this process is not found on node {0}")]
    NotFound(ClusterNode),
    /// Any other number.
    #[error("there is no child on node {node}: {source}")]
    Other {
        /// Where.
        node: ClusterNode,
        /// What the kernel said.
        source: io::Error,
    },
}

impl NotForked {
    /// What a number of the kernel means.
    fn from_errno(errno: Errno, node: ClusterNode) -> Self {
        match errno {
            Errno::NOSYS => Self::NoCall,
            Errno::NODEV | Errno::HOSTDOWN => Self::NotUp(node),
            Errno::CONNREFUSED => Self::Drained(node),
            Errno::BUSY => Self::Bound(node),
            Errno::XDEV => Self::Confined(node),
            Errno::OPNOTSUPP => Self::BoundMemory(node),
            Errno::NOENT => Self::NotFound(node),
            other => Self::Other {
                node,
                source: other.into(),
            },
        }
    }
}

/// Forks on `node`. Waits until the child is there.
///
/// # Errors
///
/// [`NotForked`]: then there is no child, and nothing of it to be waited for. A program with
/// several threads is refused, for its child would have one of them.
pub fn rfork(node: ClusterNode) -> Result<Forked, NotForked> {
    let device = Device::open().map_err(|why| match why {
        Errno::NOSYS => NotForked::NoCall,
        why => NotForked::Device(why.into()),
    })?;
    match device.rfork_alone(node.get().into()) {
        Ok(number) => Ok(Pid::new(number).map_or(Forked::Child, Forked::Parent)),
        Err(why) => Err(NotForked::from_errno(why, node)),
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
            (Errno::BUSY, "several threads"),
            (Errno::XDEV, "a namespace or a root"),
            (Errno::OPNOTSUPP, "shares memory or has a file open"),
            (Errno::NOENT, "not found on node 2"),
            (Errno::AGAIN, "no child on node 2: Resource temporarily"),
        ] {
            let said = NotForked::from_errno(errno, node).to_string();
            assert!(said.contains(words), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }

    #[test]
    fn without_a_device_there_is_no_call() {
        let said = rfork(ClusterNode::new(1).unwrap());
        assert!(matches!(said, Err(NotForked::NoCall)), "{said:?}");
    }
}
