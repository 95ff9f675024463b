// SPDX-License-Identifier: GPL-2.0

//! Word to move a process.
//!
//! As it is written to `/proc/<pid>/goto`, here or on another node.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    migrate::record::Kind, //
};
use ssi_kapi::{
    leave,
    moves::{
        Asker,
        Mover, //
    },
    task_state,
    whereabouts, //
};

use crate::{
    drained,
    journal::{
        self,
        Entry, //
    },
    moving, //
};

/// Has processes of this node move.
pub(crate) struct Goto;

impl Mover for Goto {
    /// Who cannot go says so at once, and need not come to its way to user mode for that.
    fn go(&self, pid: u32, text: &[u8], by: Asker) -> Result {
        let node = node_of(text)?;
        let me = ssi_ics::this_node().ok_or(ENODEV)?;
        if node == me.node {
            return Ok(());
        }
        let entry = journal::begin(Kind::Move, pid, node, by);
        let asked = ask(pid, node, entry);
        if let Err(why) = asked {
            if why != EINTR {
                entry.end(&asked, None);
            }
        }
        asked
    }
}

/// Has process `pid` go to `node`. Only the caller is killed with `EINTR`, and it may go yet.
fn ask(pid: u32, node: NodeId, entry: Entry) -> Result {
    drained::may_go_to(node)?;
    leave::may_be_moved(pid).map_err(|why| entry.refuse(why))?;
    match pid == task_state::pid() {
        true => moving::give_own(node, entry),
        false => moving::request(pid, node, entry).map_err(|why| explained(why, pid)),
    }
}

/// Why process `pid` did not go: if it went elsewhere meanwhile it is not here.
fn explained(why: Error, pid: u32) -> Error {
    whereabouts::away(pid).map_or(why, |_| ESRCH)
}

/// The node a line names, the end of which may be missing.
fn node_of(text: &[u8]) -> Result<NodeId> {
    let number = text.strip_suffix(b"\n").unwrap_or(text);
    NodeId::parse(number).map_err(|_| EINVAL)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_migrate_goto)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_node() {
        for text in [&b"2"[..], b"2\n"] {
            assert!(node_of(text).ok() == NodeId::new(2));
        }
        assert!(node_of(b"63\n").ok() == NodeId::new(63));
    }

    #[test]
    fn anything_else_names_none() {
        for text in [
            &b""[..],
            b"\n",
            b"0",
            b"64",
            b"02",
            b"+2",
            b"-1",
            b" 2",
            b"2 ",
            b"2\n\n",
            b"2\0",
            b"node2",
            b"4294967298",
        ] {
            assert!(node_of(text).err() == Some(EINVAL));
        }
    }
}
