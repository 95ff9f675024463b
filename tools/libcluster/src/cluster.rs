// SPDX-License-Identifier: GPL-2.0

//! Questions to the cluster.

use std::{
    fs,
    io,
    net::Ipv4Addr,
    os::fd::OwnedFd, //
};

use ssi_core::{
    address::NodeAddress,
    ids::ClusterName, //
};

use crate::{
    decoder::Decoder,
    events,
    history::History,
    text,
    ClusterNode,
    Error,
    Event,
    NodeInfo,
    NodeState,
    Snapshot,
    TransId,
    Transition,
    NODE_MAX, //
};

/// Where the kernel shows the cluster.
pub const PROC_CLUSTER: &str = "/proc/cluster";

/// Which transition, by its relation to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one with this number.
    This(TransId),
    /// The one behind it.
    Next(TransId),
    /// The one before it.
    Previous(TransId),
    /// The oldest that is remembered.
    First,
    /// The latest.
    Last,
}

/// Who is up, and since which transition that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The last transition before this was so.
    pub transid: TransId,
    /// The nodes in state [`NodeState::Up`], in the order of their numbers.
    pub up: Vec<ClusterNode>,
}

/// What a node does at the end of an orderly shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerAction {
    /// It stays down.
    Halt,
    /// It comes back.
    Reboot,
}

/// The cluster this kernel is a node of.
///
/// Every question is asked of the kernel when it is put: nothing is remembered
/// here.
#[derive(Clone, Debug)]
pub struct Cluster {
    root: String,
}

impl Cluster {
    /// The cluster this kernel is a node of.
    ///
    /// # Errors
    ///
    /// [`Error::NotNode`] when it is none.
    pub fn here() -> Result<Self, Error> {
        Self::at(PROC_CLUSTER)
    }

    /// A cluster shown in another place than [`PROC_CLUSTER`], for tests.
    ///
    /// # Errors
    ///
    /// [`Error::NotNode`] when it is not shown there.
    pub fn at(root: &str) -> Result<Self, Error> {
        let root = root.to_owned();
        if fs::metadata(&root).is_ok_and(|found| found.is_dir()) {
            Ok(Self { root })
        } else {
            Err(Error::NotNode { path: root })
        }
    }

    /// Whether this kernel is a node of a cluster.
    pub fn ssiconfig() -> bool {
        Self::here().is_ok()
    }

    /// The highest number a node can have.
    pub fn maxnodes() -> u32 {
        NODE_MAX.into()
    }

    /// The name of the cluster.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::Io`].
    pub fn name(&self) -> Result<ClusterName, Error> {
        let (path, line) = self.line("name")?;
        ClusterName::parse(line.as_bytes()).map_err(|_| malformed(path, &line))
    }

    /// The node this runs on.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::Io`].
    pub fn num(&self) -> Result<ClusterNode, Error> {
        let (path, line) = self.line("self")?;
        ClusterNode::parse(line.as_bytes()).map_err(|_| malformed(path, &line))
    }

    /// The whole cluster at one moment.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::Io`].
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let path = self.path("view");
        let content = fs::read_to_string(&path).map_err(|why| self.explain(&path, why))?;
        Snapshot::parse(&path, &content)
    }

    /// Who is up. Nobody is before this node has joined.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    pub fn membership(&self) -> Result<Membership, Error> {
        let snapshot = self.snapshot()?;
        let is_up = |info: &&NodeInfo| info.state == NodeState::Up;
        Ok(Membership {
            transid: snapshot.transid,
            up: snapshot
                .nodes
                .iter()
                .filter(is_up)
                .map(|info| info.node)
                .collect(),
        })
    }

    /// What is known of `node`. One nobody has heard of is
    /// [`NodeState::NeverUp`].
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    pub fn info(&self, node: ClusterNode) -> Result<NodeInfo, Error> {
        Ok(self.snapshot()?.info(node))
    }

    /// Whether `node` is in state [`NodeState::Up`]. One nobody has heard of is
    /// not.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    pub fn avail(&self, node: ClusterNode) -> Result<bool, Error> {
        Ok(self.info(node)?.state == NodeState::Up)
    }

    /// The next transition behind `last` that is simple: into
    /// [`NodeState::Up`] or out of it. `None` when there is none yet.
    ///
    /// # Errors
    ///
    /// [`Error::Forgotten`] when there may have been one that is forgotten: ask
    /// for the membership anew. [`Error::NoSuchTransition`] when `last` has not
    /// been yet. [`Error::Malformed`], [`Error::Io`].
    pub fn transition_after(&self, last: TransId) -> Result<Option<Transition>, Error> {
        Ok(self.history()?.next_simple(last)?.cloned())
    }

    /// Any transition, simple or not.
    ///
    /// # Errors
    ///
    /// [`Error::NotYet`], [`Error::Forgotten`], [`Error::NoSuchTransition`],
    /// [`Error::Malformed`], [`Error::Io`].
    pub fn detailed_transition(&self, which: Which) -> Result<Transition, Error> {
        Ok(self.history()?.find(which)?.clone())
    }

    /// Has the kernel send the signal with this number to this process at each
    /// simple transition, until the descriptor is closed. It is closed on exec.
    ///
    /// Several transitions may come as one signal: take them with
    /// [`transition_after`](Self::transition_after) until there is none.
    ///
    /// # Errors
    ///
    /// [`Error::BadSignal`] for a number that is no signal, or one nobody can
    /// catch; [`Error::Io`].
    pub fn register_signal(&self, signal: i32) -> Result<OwnedFd, Error> {
        events::register_signal(self, signal)
    }

    /// Asks `node` to shut down. Returns when the coordinator was asked; the
    /// state of the node tells the rest. Needs `CAP_SYS_BOOT`.
    ///
    /// # Errors
    ///
    /// [`Error::NotUp`], [`Error::NoView`], [`Error::Io`].
    pub fn shut_down(&self, node: ClusterNode, then: PowerAction) -> Result<(), Error> {
        let path = self.path(&format!("node{node}/shutdown"));
        let word = match then {
            PowerAction::Halt => "halt\n",
            PowerAction::Reboot => "reboot\n",
        };
        let asked = fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut file| io::Write::write_all(&mut file, word.as_bytes()));
        asked.map_err(|why| {
            let number = why.raw_os_error();
            let is = |errno: rustix::io::Errno| number == Some(errno.raw_os_error());
            match why.kind() {
                // A node that never was a member has no folder.
                io::ErrorKind::NotFound => Error::NotUp(node),
                _ if is(rustix::io::Errno::SRCH) => Error::NotUp(node),
                _ if is(rustix::io::Errno::AGAIN) => Error::NoView,
                _ => Error::io(&path, why),
            }
        })
    }

    /// A file of the cluster.
    pub(crate) fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.root)
    }

    /// A file that is not there is a kernel that is no node.
    pub(crate) fn explain(&self, path: &str, why: io::Error) -> Error {
        match why.kind() {
            io::ErrorKind::NotFound => Error::NotNode {
                path: path.to_owned(),
            },
            _ => Error::io(path, why),
        }
    }

    fn history(&self) -> Result<History, Error> {
        let path = self.path("events");
        let mut file = fs::File::open(&path).map_err(|why| self.explain(&path, why))?;
        let mut decoder = Decoder::new(&path, None);
        let mut transitions = Vec::new();
        loop {
            let read = events::read_some(&mut file).map_err(|why| Error::io(&path, why))?;
            if read.is_empty() {
                return Ok(History::new(transitions));
            }
            decoder.feed(&read, |event| match event {
                Event::Transition(transition) => transitions.push(transition),
                // The ring turned while it was read: what came before is forgotten.
                Event::Lost(_) => transitions.clear(),
            })?;
        }
    }

    fn line(&self, file: &str) -> Result<(String, String), Error> {
        let path = self.path(file);
        let mut line = fs::read_to_string(&path).map_err(|why| self.explain(&path, why))?;
        if line.ends_with('\n') {
            line.pop();
        }
        Ok((path, line))
    }
}

/// The address of `node` on the network between the nodes.
pub fn address(node: ClusterNode) -> Ipv4Addr {
    NodeAddress::of(node).octets().into()
}

fn malformed(file: String, line: &str) -> Error {
    Error::Malformed {
        file,
        line: text::shown(line),
    }
}
