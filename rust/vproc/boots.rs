// SPDX-License-Identifier: GPL-2.0

//! When nodes booted.
//!
//! Times in `/proc` count from the boot of a node. Each is asked once in its life when
//! it booted, by the clock on the wall, which all nodes of a host share.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use ssi_core::{
    ids::{
        NodeId,
        NODES_LEN, //
    },
    wire::Reader, //
};
use ssi_kapi::{
    bytes,
    clock::{
        self,
        NANOS_PER_MICRO, //
    }, //
};

use crate::{
    ask::{
        Operation,
        Question, //
    },
    service::{
        Answer,
        Fault, //
    }, //
};

/// Nanoseconds in a tick of `/proc`, `1 / USER_HZ` seconds.
const NANOS_PER_TICK: i64 = 10_000_000;

const TRIES: usize = 5;

/// Nanoseconds since 1970, 0 for one that was not asked.
static BOOTS: [Atomic<u64>; NODES_LEN] = [const { Atomic::new(0) }; NODES_LEN];

/// By how many ticks `node` booted later than this one. May sleep.
///
/// # Errors
///
/// As for any question.
pub(crate) fn ticks(node: NodeId) -> Result<i64> {
    let slot = BOOTS.get(node.index()).ok_or(EINVAL)?;
    let mut boot = slot.load(Relaxed);
    if boot == 0 {
        let reply = Question::new(Operation::Boot, |_| ())?.put_to(node)?;
        boot = Reader::new(reply.body()).u64().map_err(|_| EIO)?;
        slot.store(boot, Relaxed);
    }
    Ok((boot as i64).saturating_sub(own() as i64) / NANOS_PER_TICK)
}

/// A life of `node` ended or began.
pub(crate) fn forget(node: NodeId) {
    if let Some(slot) = BOOTS.get(node.index()) {
        slot.store(0, Relaxed);
    }
}

/// Says when this node booted.
pub(crate) fn answer() -> Result<Answer, Fault> {
    let mut body = KVec::new();
    bytes::extend(&mut body, &own().to_le_bytes())?;
    Ok(Answer::body(body))
}

/// The host may stop this node between a look at one clock and at the other: the latest
/// of some tries is the one with the least between.
fn own() -> u64 {
    let once = |_| clock::wall().saturating_sub(clock::monotonic() * NANOS_PER_MICRO);
    (0..TRIES).map(once).max().unwrap_or(0)
}
