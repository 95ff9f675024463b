// SPDX-License-Identifier: GPL-2.0

//! Stash of pages.
//!
//! They were sent ahead, of processes that may come here, and still run where they are. When one
//! comes it takes what is as it was; all else is dropped then, or when the other node says so, or
//! dies.

use kernel::{
    new_mutex,
    prelude::*,
    rbtree::RBTree,
    sync::{
        Mutex,
        SetOnce, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    migrate::batch::Batch, //
};
use ssi_ics::Pages;
use ssi_kapi::{
    memory,
    page::SharedPage, //
};

/// Most processes pages are kept of at once.
const STASHES_MAX: usize = 256;

/// The part of the node's memory that is not given to those who may never come: one in so
/// many.
const SPARED: u64 = 8;

static STASHES: SetOnce<Pin<KBox<Mutex<KVec<Stash>>>>> = SetOnce::new();

/// Pages of process `pid` of `from`, by their address.
pub(crate) struct Stash {
    pid: u32,
    from: NodeId,
    pages: RBTree<u64, SharedPage>,
}

impl Stash {
    /// The one at `address`.
    pub(crate) fn remove(&mut self, address: u64) -> Option<SharedPage> {
        self.pages.remove(&address)
    }
}

/// Makes the place where they are kept. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let room = KVec::with_capacity(STASHES_MAX, GFP_KERNEL)?;
    STASHES.populate(KBox::pin_init(
        new_mutex!(room, "ssi_migrate_stash"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// Keeps `pages` of a process of `from`, which belong to `batch`. Those at the same address
/// that came before are dropped. May sleep.
///
/// # Errors
///
/// `ENOMEM`, also where this would leave too little to others; `EAGAIN` for more than
/// [`STASHES_MAX`] processes.
pub(crate) fn put(from: NodeId, batch: &Batch<'_>, pages: &Pages) -> Result {
    if memory::free_pages() < memory::total_pages() / SPARED {
        return Err(ENOMEM);
    }
    let mut stashes = STASHES.as_ref().ok_or(ENODEV)?.lock();
    let is_it = |stash: &Stash| (stash.pid, stash.from) == (batch.pid, from);
    if !stashes.iter().any(is_it) {
        let new = Stash {
            pid: batch.pid,
            from,
            pages: RBTree::new(),
        };
        stashes.push_within_capacity(new).map_err(|_| EAGAIN)?;
    }
    let stash = stashes.iter_mut().find(|stash| is_it(stash)).ok_or(EIO)?;
    for (address, page) in batch.addresses().zip(pages.as_slice()) {
        stash
            .pages
            .try_create_and_insert(address, page.clone(), GFP_KERNEL)?;
    }
    Ok(())
}

/// What is kept of process `pid` of `from`, and is not any more. May sleep.
pub(crate) fn take(pid: u32, from: NodeId) -> Option<Stash> {
    let mut stashes = STASHES.as_ref()?.lock();
    let is_it = |stash: &Stash| (stash.pid, stash.from) == (pid, from);
    let place = stashes.iter().position(is_it)?;
    stashes.remove(place).ok()
}

/// `node` died. May sleep.
pub(crate) fn node_down(node: NodeId) {
    if let Some(stashes) = STASHES.as_ref() {
        stashes.lock().retain(|stash| stash.from != node);
    }
}
