// SPDX-License-Identifier: GPL-2.0

//! Attributes of a file in `/proc`.
//!
//! What the node a process runs on says of a file, and what the node that shows
//! it puts into the inode. The numbers are those of the serving node, the ids
//! those of the initial user namespace.
//!
//! C header: [`include/linux/stat.h`](srctree/include/linux/stat.h)

/// What stat(2) says of a file in `/proc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Type and permission bits, `S_IF...` included.
    pub mode: u32,
    /// Owner, a kuid of the initial user namespace.
    pub uid: u32,
    /// Group, a kgid of the initial user namespace.
    pub gid: u32,
    /// Number of links.
    pub nlink: u32,
    /// Size in bytes; 0 for most files of `/proc`.
    pub size: u64,
    /// Number of the inode on the serving node.
    pub ino: u64,
    /// Of the process whose it is: no other process of that node ever has it.
    pub identity: u64,
}
