// SPDX-License-Identifier: GPL-2.0

//! Task that forks elsewhere.
//!
//! The child is made here, and before its first step it [hands itself
//! over](crate::hand_over). Its parent waits until that is decided: if it stayed, it never
//! was; or, by [chance](crate::scatter), is as any.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    migrate::record::Kind, //
};
use ssi_kapi::{
    device::Rfork,
    fork::{
        self,
        Fate,
        Fork, //
    },
    leave::{
        self,
        Cannot, //
    },
    moves::Asker,
    task_state, //
};

use crate::{
    drained,
    hand_over::Outcome,
    journal,
    moving,
    word::Word, //
};

/// Forks the running task as it is `wanted`; gives the number of the child. May sleep.
///
/// # Errors
///
/// `EINVAL` for flags, `ENODEV` for what is no node's number, `EHOSTDOWN` for a node that
/// is not in the cluster, `ECONNREFUSED` for one that is drained; those of fork(2); why the
/// child cannot leave ([`leave::Cannot`]); those of [`moving::hand_over`]; what the other node
/// says. Then there is no child.
pub(crate) fn fork(wanted: &Rfork) -> Result<isize> {
    let me = ssi_ics::this_node().ok_or(ENODEV)?;
    if wanted.flags != 0 {
        return Err(EINVAL);
    }
    let node = u8::try_from(wanted.node).ok().and_then(NodeId::new);
    let node = node.ok_or(ENODEV)?;
    // A filter of system calls may say something of fork(2), and was not asked.
    if let Err(why @ Cannot::Seccomp) = leave::may_leave() {
        return Err(why.error());
    }
    if node == me.node {
        return Ok(Fork::plain().make(|| Fate::Lives)?.pid() as isize);
    }
    drained::may_go_to(node)?;
    fork_to(node)
}

fn fork_to(node: NodeId) -> Result<isize> {
    let word = Word::new()?;
    let own = word.clone();
    let child = Fork::plain().make(move || {
        let outcome = go(node);
        own.say(outcome);
        outcome.map_or(Fate::Undone, |()| Fate::Lives)
    })?;
    match word.hear() {
        None => Err(EINTR),
        Some(Ok(())) => Ok(child.pid() as isize),
        Some(Err(error)) => {
            child.await_end();
            Err(error)
        }
    }
}

/// Makes the child of the running task that is `wanted`, on `node` if it can be there; gives
/// its number. May sleep.
///
/// # Errors
///
/// Those of fork(2).
pub(crate) fn fork_by_chance(wanted: &Fork, node: NodeId) -> Result<isize> {
    let word = Word::new()?;
    let own = word.clone();
    let child = wanted.make(move || {
        own.say(go(node));
        Fate::Lives
    })?;
    // Who is killed does not wait for it.
    let _ = word.hear();
    Ok(child.pid() as isize)
}

/// In the child: goes to `node`. One that was killed is a child as any other: its parent
/// finds what became of it.
fn go(node: NodeId) -> Result {
    if fork::is_killed() {
        return Ok(());
    }
    let pid = task_state::pid();
    let entry = journal::begin(Kind::Fork, pid, node, Asker::current()?);
    let home = journal::home_of(pid);
    let outcome = moving::hand_over(node, entry, None, None);
    entry.end(&outcome.and_then(Outcome::went), home);
    match outcome? {
        Outcome::Left | Outcome::Killed => Ok(()),
        Outcome::Stayed(_) if fork::is_killed() => Ok(()),
        Outcome::Stayed(error) => Err(error),
    }
}
