// SPDX-License-Identifier: GPL-2.0

//! Nodes that are drained.
//!
//! Nothing comes to one from another node, and no command chooses it. This is the mark alone;
//! what runs there goes on until it is moved or ends.

use std::{
    fs,
    io::{
        self,
        Write as _, //
    }, //
};

use rustix::io::Errno;

use crate::{
    Cluster,
    ClusterNode,
    Error, //
};

impl Cluster {
    /// Whether `node` is drained, as this node knows. One that never was up, or whose kernel
    /// moves no processes, is not.
    pub fn is_drained(&self, node: ClusterNode) -> bool {
        let said = fs::read_to_string(self.path(&format!("node{node}/drained")));
        said.is_ok_and(|text| text == "1\n")
    }

    /// Whether `node` can be drained: it was up once, and this kernel moves processes.
    pub fn can_drain(&self, node: ClusterNode) -> bool {
        fs::metadata(self.path(&format!("node{node}/drained"))).is_ok()
    }

    /// Has `node` be drained from now on, in this life, or not any more. All nodes that are up
    /// know it on return. Root alone may do that.
    ///
    /// # Errors
    ///
    /// [`Error::NotUp`]; [`Error::NotNode`] on a kernel that moves no processes;
    /// [`Error::Io`].
    pub fn set_drained(&self, node: ClusterNode, is_drained: bool) -> Result<(), Error> {
        let path = self.path(&format!("node{node}/drained"));
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).open(&path)?;
            file.write_all(if is_drained { b"1\n" } else { b"0\n" })
        };
        write().map_err(|why: io::Error| match Errno::from_io_error(&why) {
            Some(Errno::HOSTDOWN) => Error::NotUp(node),
            Some(Errno::NOENT) if fs::metadata(self.path(&format!("node{node}"))).is_err() => {
                Error::NotUp(node)
            }
            _ => self.explain(&path, why),
        })
    }
}
