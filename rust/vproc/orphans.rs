// SPDX-License-Identifier: GPL-2.0

//! Processes of an earlier life.
//!
//! A guest lives on when its home dies. Its number still names that node, which knows nothing
//! of it when it comes back. So those who have such guests tell it: it does not give their
//! numbers again, and for who asks for one that is not there it says that any node may have
//! it.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Release, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    vproc::pid::{
        origin,
        Origin, //
    },
    wire::{
        Malformed,
        Reader, //
    }, //
};
use ssi_kapi::{
    pids,
    whereabouts, //
};

use crate::{
    ask::{
        Operation,
        Question, //
    },
    map,
    service::Fault, //
};

/// Most numbers in a message.
const NUMBERS_MAX: usize = 256;

/// Whether there are any of this node.
static ANY: Atomic<bool> = Atomic::new(false);

/// Whether processes of an earlier life of this node are on others.
pub(crate) fn are_there() -> bool {
    ANY.load(Acquire)
}

/// `home` came: tells it which of its processes are here. May sleep.
pub(crate) fn tell(home: NodeId) {
    if let Err(error) = try_tell(home) {
        let home = home.get();
        pr_warn!("node {home} does not know its earlier processes here: {error:?}\n");
    }
}

fn try_tell(home: NodeId) -> Result {
    let mut list = KVec::new();
    let mut kept = Ok(());
    whereabouts::guests(&mut |pid, guest| {
        if guest.home.is_none() && origin(pid) == Some(Origin::Node(home)) {
            kept = kept.and(list.push(pid, GFP_KERNEL));
        }
    });
    kept?;
    for part in list.chunks(NUMBERS_MAX) {
        let question = Question::new(Operation::Orphans, |out| {
            for pid in part {
                out.u32(*pid);
            }
        })?;
        question.put_to(home)?;
    }
    Ok(())
}

/// Another node has these processes of an earlier life of this one.
pub(crate) fn hear(mut message: Reader<'_>) -> Result<(), Fault> {
    let me = map::of(0).map(|map| Origin::Node(map.me));
    while !message.rest().is_empty() {
        let pid = message.u32()?;
        if origin(pid) != me {
            return Err(Malformed.into());
        }
        ANY.store(true, Release);
        // One that is in use already is that of another process, which has it here.
        pids::withhold(pid);
    }
    Ok(())
}
