// SPDX-License-Identifier: GPL-2.0

//! The folder of a node.
//!
//! `/proc/cluster/node<N>` is there from the first time the node is in a view, and
//! stays: a node that is down has a state, too.

use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    str::CString,
    sync::SetOnce, //
};
use ssi_core::{
    address::NodeAddress,
    ids::{
        NodeId,
        NODES_LEN, //
    }, //
};
use ssi_kapi::{
    memory::PAGE_BYTES,
    print::Plain,
    procfs::{
        Dir,
        ShowNumbered,
        SubDir, //
    }, //
};

use crate::{
    board::BoardInner,
    driver,
    events::Line,
    files,
    shutdown::Door, //
};

/// The folders that are there.
static FOLDERS: [SetOnce<SubDir<'static>>; NODES_LEN] = [const { SetOnce::new() }; NODES_LEN];

/// Creates the folder of `node`, if it is not there. May sleep. One caller at a
/// time.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn ensure(node: NodeId) -> Result {
    let slot = FOLDERS.get(node.index()).ok_or(EINVAL)?;
    if slot.as_ref().is_some() {
        return Ok(());
    }
    let name = CString::try_from_fmt(fmt!("node{}", Plain(node)))?;
    let folder = files::folder().ok_or(ENOENT)?.sub(&name)?;
    let number = node.index();
    folder.add_numbered::<State>(c"state", number)?;
    folder.add_numbered::<Incarnation>(c"incarnation", number)?;
    folder.add_numbered::<Processors>(c"cpus", number)?;
    folder.add_numbered::<Memory>(c"memory", number)?;
    folder.add_numbered::<Address>(c"address", number)?;
    folder.add_numbered::<LastTransition>(c"transition", number)?;
    folder.add_stream::<Door>(c"shutdown", number)?;
    slot.populate(folder);
    Ok(())
}

/// The folder of `node`, if it was in a view. Any context.
pub fn get(node: NodeId) -> Option<&'static Dir> {
    let folder = FOLDERS.get(node.index())?.as_ref()?;
    Some(folder)
}

struct State;

impl ShowNumbered for State {
    fn show(out: &SeqFile, number: usize) {
        show(number, |board, node| {
            seq_print!(out, "{}\n", Plain(board.view.entry(node).state));
        });
    }
}

struct Incarnation;

impl ShowNumbered for Incarnation {
    fn show(out: &SeqFile, number: usize) {
        show(number, |board, node| {
            seq_print!(out, "{}\n", Plain(board.view.entry(node).incarnation));
        });
    }
}

struct Processors;

impl ShowNumbered for Processors {
    fn show(out: &SeqFile, number: usize) {
        show(number, |board, node| {
            seq_print!(out, "{}\n", board.facts(node).cpus);
        });
    }
}

struct Memory;

impl ShowNumbered for Memory {
    fn show(out: &SeqFile, number: usize) {
        show(number, |board, node| {
            seq_print!(out, "{}\n", memory_bytes(board, node));
        });
    }
}

struct Address;

impl ShowNumbered for Address {
    fn show(out: &SeqFile, number: usize) {
        show(number, |_, node| {
            seq_print!(out, "{}\n", Plain(NodeAddress::of(node)));
        });
    }
}

struct LastTransition;

impl ShowNumbered for LastTransition {
    fn show(out: &SeqFile, number: usize) {
        show(number, |board, node| {
            if let Some(transition) = board.last_of(node) {
                seq_print!(out, "{}\n", Plain(Line(transition)));
            }
        });
    }
}

/// Memory of `node`, in bytes.
pub(crate) fn memory_bytes(board: &BoardInner, node: NodeId) -> u64 {
    board.facts(node).memory_pages.saturating_mul(PAGE_BYTES)
}

fn show(number: usize, print: impl FnOnce(&BoardInner, NodeId)) {
    let node = number.try_into().ok().and_then(NodeId::new);
    if let (Some(node), Ok(driver)) = (node, driver::get()) {
        print(&driver.board.lock(), node);
    }
}
