// SPDX-License-Identifier: GPL-2.0

//! Processes that move.
//!
//! A process goes on on another node, in the middle of whatever it does: the caller itself
//! ([`migrate`]), or one it may signal ([`Cluster::migrate_pid`]).
//!
//! ```no_run
//! use libcluster::{migrate, ClusterNode};
//!
//! let node = ClusterNode::new(2).ok_or("no such node")?;
//! match migrate(node) {
//!     Ok(()) => println!("here is node 2"),
//!     Err(why) => println!("here is where it was: {why}"),
//! }
//! # Ok::<(), &str>(())
//! ```

use std::{
    fs,
    io::{
        self,
        Write as _, //
    },
};

use rustix::io::Errno;
use ssi_device::Device;

use crate::{
    Cluster,
    ClusterNode,
    Error,
    Pid, //
};

/// How often a process is looked for again that went elsewhere in the moment it was asked.
const TRIES_MAX: usize = 5;

/// Why a process did not move. It goes on where it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotMoved {
    /// There is no call for it: `ENOSYS`, or no file.
    #[error(
        "this kernel moves no processes: it is no node of a cluster, or it was built \
         without CONFIG_SSI_MIGRATE"
    )]
    NoCall,
    /// The device for the call cannot be opened.
    #[error("/dev/ssi: {0}")]
    Device(#[source] io::Error),
    /// There is no such process: `ESRCH`.
    #[error("there is no process {0}")]
    NoProcess(Pid),
    /// Who asks may not signal the process: `EPERM`.
    #[error("process {0} is another user's")]
    NoRight(Pid),
    /// The node is not up, or died meanwhile: `ENODEV`, `EHOSTDOWN`.
    #[error("node {0} is not up")]
    NotUp(ClusterNode),
    /// The node is drained: `ECONNREFUSED`.
    #[error("node {0} is drained")]
    Drained(ClusterNode),
    /// Something keeps the process.
    #[error("process {pid} cannot go to node {node}: {reason}")]
    Bound {
        /// The process.
        pid: Pid,
        /// Where it was to go.
        node: ClusterNode,
        /// What its kernel says.
        reason: String,
    },
    /// Its program or its working directory is not there: `ENOENT`.
    #[error("the program or the working directory of process {pid} is not found on node {node}")]
    NotFound {
        /// The process.
        pid: Pid,
        /// Where it was to go.
        node: ClusterNode,
    },
    /// It did not come to a point where it could go: `EAGAIN`.
    #[error("process {pid} cannot go to node {node} now; try again")]
    NotNow {
        /// The process.
        pid: Pid,
        /// Where it was to go.
        node: ClusterNode,
    },
    /// Any other number.
    #[error("process {pid} cannot go to node {node}: {source}")]
    Other {
        /// The process.
        pid: Pid,
        /// Where it was to go.
        node: ClusterNode,
        /// What a kernel said.
        source: io::Error,
    },
}

/// Has this process go to `node`: where it returns, if it does.
///
/// # Errors
///
/// [`NotMoved`]: then it returns where it was.
pub fn migrate(node: ClusterNode) -> Result<(), NotMoved> {
    let device = Device::open().map_err(|why| match why {
        Errno::NOSYS => NotMoved::NoCall,
        why => NotMoved::Device(why.into()),
    })?;
    let itself = i32::try_from(std::process::id()).ok().and_then(Pid::new);
    let itself = itself.ok_or(NotMoved::NoCall)?;
    device.migrate(node.get().into()).map_err(|why| {
        let cluster = Cluster::here();
        cluster.map_or_else(
            |_| NotMoved::from_errno(why, itself, node),
            |cluster| cluster.not_moved(why, itself, node),
        )
    })
}

impl NotMoved {
    fn from_errno(errno: Errno, pid: Pid, node: ClusterNode) -> Self {
        match errno {
            Errno::NOSYS => Self::NoCall,
            Errno::SRCH => Self::NoProcess(pid),
            Errno::PERM => Self::NoRight(pid),
            Errno::NODEV | Errno::HOSTDOWN => Self::NotUp(node),
            Errno::CONNREFUSED => Self::Drained(node),
            Errno::NOENT => Self::NotFound { pid, node },
            Errno::AGAIN => Self::NotNow { pid, node },
            other => Self::Other {
                pid,
                node,
                source: other.into(),
            },
        }
    }
}

impl Cluster {
    /// Has process `pid` go to `node`, from wherever it is. Waits until it is there, or
    /// stays.
    ///
    /// # Errors
    ///
    /// [`NotMoved`].
    pub fn migrate_pid(&self, pid: Pid, node: ClusterNode) -> Result<(), NotMoved> {
        let folder = self.path(&format!("../{pid}"));
        for _ in 1..TRIES_MAX {
            match go(&folder, node) {
                // It may be somewhere else by now.
                Err(Errno::SRCH) if fs::metadata(&folder).is_ok() => (),
                went => return went.map_err(|why| self.not_moved(why, pid, node)),
            }
        }
        go(&folder, node).map_err(|why| self.not_moved(why, pid, node))
    }

    /// Why a process does not go, which its kernel can say better than with a number.
    fn not_moved(&self, errno: Errno, pid: Pid, node: ClusterNode) -> NotMoved {
        let folder = self.path(&format!("../{pid}"));
        if errno == Errno::NOENT && fs::metadata(&folder).is_err() {
            return NotMoved::NoProcess(pid);
        }
        if errno == Errno::NOENT && fs::metadata(format!("{folder}/goto")).is_err() {
            return NotMoved::NoCall;
        }
        let is_of_process = !matches!(
            errno,
            Errno::HOSTDOWN | Errno::NODEV | Errno::AGAIN | Errno::CONNREFUSED
        );
        let said = fs::read_to_string(format!("{folder}/cantmove")).unwrap_or_default();
        match said.lines().next() {
            Some(reason) if is_of_process => NotMoved::Bound {
                pid,
                node,
                reason: reason.to_owned(),
            },
            _ => NotMoved::from_errno(errno, pid, node),
        }
    }

    /// The processes of group `group`, on all nodes, in rising order.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn group(&self, group: Pid) -> Result<Vec<Pid>, Error> {
        let mut members = self.processes()?;
        members.retain(|pid| self.group_of(*pid) == Some(group));
        Ok(members)
    }

    /// `None` for one that is gone.
    fn group_of(&self, pid: Pid) -> Option<Pid> {
        let line = fs::read_to_string(self.path(&format!("../{pid}/stat"))).ok()?;
        // The name is whatever it is, and ends with the last bracket.
        let (_, rest) = line.rsplit_once(')')?;
        rest.split_whitespace().nth(2).and_then(Pid::parse)
    }
}

/// Writes the number where the kernel takes it.
fn go(folder: &str, node: ClusterNode) -> Result<(), Errno> {
    let write = || {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .open(format!("{folder}/goto"))?;
        file.write_all(format!("{node}\n").as_bytes())
    };
    write().map_err(|why| Errno::from_io_error(&why).unwrap_or(Errno::IO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_words() {
        let (pid, node) = (Pid::new(65_600).unwrap(), ClusterNode::new(2).unwrap());
        for (errno, words) in [
            (Errno::NOSYS, "moves no processes"),
            (Errno::SRCH, "there is no process 65600"),
            (Errno::PERM, "process 65600 is another user's"),
            (Errno::NODEV, "node 2 is not up"),
            (Errno::HOSTDOWN, "node 2 is not up"),
            (Errno::CONNREFUSED, "node 2 is drained"),
            (Errno::NOENT, "of process 65600 is not found on node 2"),
            (Errno::AGAIN, "to node 2 now; try again"),
            (Errno::NOMEM, "65600 cannot go to node 2: Cannot allocate"),
        ] {
            let said = NotMoved::from_errno(errno, pid, node).to_string();
            assert!(said.contains(words), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }

    #[test]
    fn without_a_device_there_is_no_call() {
        let said = migrate(ClusterNode::new(1).unwrap());
        assert!(matches!(said, Err(NotMoved::NoCall)), "{said:?}");
    }
}
