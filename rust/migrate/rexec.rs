// SPDX-License-Identifier: GPL-2.0

//! Task that executes a program elsewhere.
//!
//! It [hands itself over](crate::hand_over) with what it keeps.

use kernel::prelude::*;
use ssi_core::migrate::record::Kind;
use ssi_kapi::{
    itimer::Paused,
    leave::{
        self,
        Cannot, //
    },
    moves::Asker,
    posix_timer::Stopped,
    task_state, //
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
    parcel::Parcel,
    wanted::Wanted, //
};

/// Has the running task execute what it wants. Returns 0 when it has, and then the task
/// executes nothing of what it was any more. May sleep.
///
/// # Errors
///
/// `EHOSTDOWN` for a node that is not in the cluster, `ECONNREFUSED` for one that is
/// drained; why the task cannot leave
/// ([`leave::Cannot`]); those of [`Parcel::pack`]; those of execve(2) there.
pub(crate) fn execute(wanted: &Wanted) -> Result<isize> {
    let me = ssi_ics::this_node().ok_or(ENODEV)?;
    if wanted.node == me.node {
        return execute_here(wanted);
    }
    let pid = task_state::pid();
    let entry = journal::begin(Kind::Program, pid, wanted.node, Asker::current()?);
    let home = journal::home_of(pid);
    let went = hand_over(wanted, entry);
    entry.end(&went, home);
    went.map(|()| 0)
}

fn hand_over(wanted: &Wanted, entry: Entry) -> Result {
    drained::may_go_to(wanted.node)?;
    entry.stands_still();
    leave::may_leave().map_err(|why| entry.refuse(why))?;
    let alarm = Paused::new();
    // They end with the program, and must not end before.
    let timers = Stopped::new()?;
    let parcel = Parcel::pack(wanted, &alarm)?;
    entry.is_packed(parcel.pages.bytes(), 0);
    let hand_over = HandOver {
        pid: task_state::pid(),
        node: wanted.node,
        operation: Operation::Execute,
        others: None,
    };
    match hand_over.run(parcel) {
        Outcome::Left => {
            alarm.leave();
            timers.leave();
            Ok(())
        }
        Outcome::Killed => Err(EINTR),
        Outcome::Stayed(error) => Err(error),
    }
}

/// A filter of system calls may say something of execve(2), and was not asked.
fn execute_here(wanted: &Wanted) -> Result<isize> {
    if let Err(why @ Cannot::Seccomp) = leave::may_leave() {
        return Err(why.error());
    }
    wanted.program()?.execute().map(|()| 0)
}
