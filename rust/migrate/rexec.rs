// SPDX-License-Identifier: GPL-2.0

//! Task that executes a program elsewhere.
//!
//! The side of home of the hand-over: see [`ssi_core::migrate::handover`] for what may
//! happen between two of its steps.

use kernel::prelude::*;
use ssi_core::{
    migrate::handover::{
        HomeAction,
        Learnt,
        Source, //
    },
    wire::Writer, //
};
use ssi_ics::{
    CallError,
    Reply, //
};
use ssi_kapi::{
    event::Patience,
    surrogate::{
        self,
        Change, //
    },
    task_state::{
        self,
        Cannot, //
    }, //
};

use crate::{
    ask::{
        self,
        Operation, //
    },
    parcel::Parcel,
    wanted::Wanted, //
};

/// Has the running task execute what it wants. Returns 0 when it has, and then the task
/// executes nothing of what it was any more. May sleep.
///
/// # Errors
///
/// `EHOSTDOWN` for a node that is not in the cluster; why the task cannot leave
/// ([`task_state::Cannot`]); those of [`Parcel::pack`]; those of execve(2) there.
pub(crate) fn execute(wanted: &Wanted) -> Result<isize> {
    let me = ssi_ics::this_node().ok_or(ENODEV)?;
    if wanted.node == me.node {
        return execute_here(wanted);
    }
    if !ssi_clms::view().members().contains(wanted.node) {
        return Err(EHOSTDOWN);
    }
    task_state::may_leave().map_err(|why| why.error())?;
    let parcel = Parcel::pack(wanted)?;
    let hand_over = HandOver {
        pid: task_state::pid(),
        wanted,
    };
    hand_over.run(parcel).map(|()| 0)
}

/// A filter of system calls may say something of execve(2), and was not asked.
fn execute_here(wanted: &Wanted) -> Result<isize> {
    if let Err(why @ Cannot::Seccomp) = task_state::may_leave() {
        return Err(why.error());
    }
    wanted.program()?.execute().map(|()| 0)
}

/// A call that failed, and made no copy that lives.
fn without_effect(why: CallError) -> (Learnt, Result) {
    match why {
        CallError::Interrupted => (Learnt::Killed, Err(EINTR)),
        CallError::NotMember | CallError::NodeDown => (Learnt::Lost, Err(EHOSTDOWN)),
        why => (Learnt::Refused, Err(why.into())),
    }
}

struct HandOver<'a> {
    pid: u32,
    wanted: &'a Wanted,
}

impl HandOver<'_> {
    fn run(&self, parcel: Parcel) -> Result {
        let (learnt, outcome) = self.ask(parcel);
        let (source, action) = Source::Asking.step(learnt);
        match action {
            HomeAction::LeaveAndCommit => self.leave_and_commit(source),
            HomeAction::Abort => {
                self.tell(Operation::Abort);
                outcome
            }
            _ => outcome,
        }
    }

    /// Has the other node make the copy. What an answer comes from has the files; so even
    /// who is killed waits for one.
    fn ask(&self, parcel: Parcel) -> (Learnt, Result) {
        let mut args = [0; 5];
        let is_orphaned = surrogate::Place::of_current(self.wanted.node.get()).is_orphaned;
        Writer::new(&mut args).u32(self.pid).u8(is_orphaned.into());
        let mut ask = ask::question(Operation::Execute, &args);
        ask.pages = parcel.pages.clone();
        ask.patience = Patience::Killable;
        ask.is_to_the_end = true;
        match ssi_ics::call(self.wanted.node, &ask) {
            Ok(Reply { result: 0, .. }) => (Learnt::Held, Ok(())),
            Ok(reply) => (Learnt::Refused, Err(ssi_ics::error_of_peer(reply.result))),
            Err(why @ CallError::AnswerLost) => {
                // It may be held, and has the files.
                self.tell(Operation::Abort);
                (Learnt::Refused, Err(why.into()))
            }
            Err(why) => {
                parcel.withdraw();
                without_effect(why)
            }
        }
    }

    fn leave_and_commit(&self, source: Source) -> Result {
        if let Err(error) = surrogate::leave(self.wanted.node.get()) {
            self.tell(Operation::Abort);
            return Err(error);
        }
        let args = self.pid.to_le_bytes();
        let learnt = match ask::put(self.wanted.node, Operation::Commit, &args) {
            Ok(Reply { result: 0, .. }) => Learnt::Released,
            Ok(_) | Err(CallError::NotMember | CallError::NodeDown) => Learnt::Lost,
            Err(_) => {
                // Whether it was released or not.
                self.tell(Operation::Abort);
                self.tell(Operation::Kill);
                Learnt::Lost
            }
        };
        if let (_, HomeAction::Die) = source.step(learnt) {
            surrogate::report(self.pid, Change::killed());
        }
        Ok(())
    }

    fn tell(&self, operation: Operation) {
        ask::tell(self.wanted.node, operation, &self.pid.to_le_bytes());
    }
}
