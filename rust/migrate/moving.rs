// SPDX-License-Identifier: GPL-2.0

//! Process that moves.
//!
//! It [hands itself over](crate::hand_over) as it is, whatever it was about to do: on its way
//! to user mode, where it is brought by an [errand]. If it cannot go, it goes on.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    migrate::record::Kind, //
};
use ssi_kapi::{
    address_space::Memory,
    device::Migrate,
    errand,
    fork,
    itimer::Paused,
    leave,
    moves::Asker,
    posix_timer::Stopped,
    restart,
    task_state,
    whereabouts, //
};

use crate::{
    ask::Operation,
    drained,
    hand_over::{
        HandOver,
        Outcome, //
    },
    journal::{
        self,
        Entry, //
    },
    lent,
    parcel::Parcel,
    word::Word, //
};

/// How long a process has to come to the way to user mode, in microseconds. One that waits
/// for another to move, which waits for it, never does.
const PATIENCE: u64 = 10_000_000;

/// Has process `pid`, which runs on this node, move to `node`. Waits until that is decided,
/// or the caller is killed, when it is decided all the same. May sleep.
///
/// # Errors
///
/// `ESRCH` if there is no such process here, or none any more; `EAGAIN` for one that is in a
/// call that does not let it go for long, and stays; `EINTR`; those of [`go`].
pub(crate) fn request(pid: u32, node: NodeId, entry: Entry) -> Result {
    let word = Word::new()?;
    let own = word.clone();
    errand::give(pid, move || {
        if own.begin() {
            own.say(go(node, entry));
        }
    })?;
    word.hear_within(PATIENCE).unwrap_or(Err(EINTR))
}

/// Has the running process move as it is `wanted` when it returns from the call it is in,
/// which gives 0 there, or here an error. May sleep.
///
/// # Errors
///
/// `EINVAL` for flags, `ENODEV` for what is no node's number, `ENOMEM`.
pub(crate) fn request_own(wanted: &Migrate) -> Result<isize> {
    if wanted.flags != 0 {
        return Err(EINVAL);
    }
    let node = u8::try_from(wanted.node).ok().and_then(NodeId::new);
    let node = node.ok_or(ENODEV)?;
    let entry = journal::begin(Kind::Move, task_state::pid(), node, Asker::current()?);
    give_own(node, entry)?;
    Ok(0)
}

/// As [`request_own`], to `node`.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn give_own(node: NodeId, entry: Entry) -> Result {
    errand::give_own(move || {
        if let Err(error) = go(node, entry) {
            errand::set_result(error);
        }
    })
}

/// Moves the running process, which is on its way to user mode. May sleep.
///
/// # Errors
///
/// `ESRCH` for one that ends, `EBUSY` for one that has just left, `EHOSTDOWN` for a node
/// that is not in the cluster, `ECONNREFUSED` for one that is drained; why it cannot go
/// ([`leave::Cannot`]); those of [`hand_over`]. Then it goes on.
fn go(node: NodeId, entry: Entry) -> Result {
    let home = journal::home_of(task_state::pid());
    let went = try_to_go(node, entry);
    entry.end(&went, home);
    went
}

fn try_to_go(node: NodeId, entry: Entry) -> Result {
    let me = ssi_ics::this_node().ok_or(ENODEV)?;
    if fork::is_killed() {
        return Err(ESRCH);
    }
    // Another one was faster, and what is left here is not the process.
    if whereabouts::away(task_state::pid()).is_some() {
        return Err(EBUSY);
    }
    restart::quietly();
    if node == me.node {
        return Ok(());
    }
    drained::may_go_to(node)?;
    leave::may_move().map_err(|why| entry.refuse(why))?;
    match hand_over(node, entry)? {
        Outcome::Left => Ok(()),
        Outcome::Killed => Err(ESRCH),
        Outcome::Stayed(error) => Err(error),
    }
}

/// Hands the running process over to `node` as it is. May sleep.
///
/// # Errors
///
/// Why it cannot leave ([`leave::Cannot`]); those of [`Parcel::pack_process`]; `EAGAIN`
/// for too many at once.
pub(crate) fn hand_over(node: NodeId, entry: Entry) -> Result<Outcome> {
    entry.stands_still();
    leave::may_leave().map_err(|why| entry.refuse(why))?;
    let pid = task_state::pid();
    let memory = Memory::of_current()?;
    let alarm = Paused::new();
    let timers = Stopped::new()?;
    let parcel = Parcel::pack_process(node, &memory, &alarm, &timers)?;
    entry.is_packed(parcel.pages.bytes(), memory.resident());
    let loan = match lent::lend(pid, node, memory) {
        Ok(loan) => loan,
        Err(error) => {
            parcel.withdraw();
            return Err(error);
        }
    };
    let hand_over = HandOver {
        pid,
        node,
        operation: Operation::Fork,
    };
    let outcome = hand_over.run(parcel);
    drop(loan);
    if let Outcome::Left = outcome {
        alarm.leave();
        timers.leave();
    }
    Ok(outcome)
}
