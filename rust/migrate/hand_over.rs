// SPDX-License-Identifier: GPL-2.0

//! Hand-over of a process.
//!
//! The side of home: see [`ssi_core::migrate::handover`] for what may happen between two of
//! its steps.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
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
    }, //
};

use crate::{
    ask::{
        self,
        Operation, //
    },
    parcel::Parcel, //
};

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// The running task stands for the process on the other node.
    Left,
    /// It is being killed.
    Killed,
    /// It goes on, and nothing of it is elsewhere.
    Stayed(Error),
}

/// A call that failed, and made no copy that lives.
fn without_effect(why: CallError) -> (Learnt, Result) {
    match why {
        CallError::Interrupted => (Learnt::Killed, Err(EINTR)),
        CallError::NotMember | CallError::NodeDown => (Learnt::Lost, Err(EHOSTDOWN)),
        why => (Learnt::Refused, Err(why.into())),
    }
}

/// Hand-over of the running process.
pub(crate) struct HandOver {
    /// Its number.
    pub(crate) pid: u32,
    /// Where it goes.
    pub(crate) node: NodeId,
    /// What is asked there: to execute a program, or to go on with what it is.
    pub(crate) operation: Operation,
}

impl HandOver {
    /// Has the other node make what is in `parcel`, and lets go of the process. May sleep.
    pub(crate) fn run(&self, parcel: Parcel) -> Outcome {
        let (learnt, outcome) = self.ask(parcel);
        let (source, action) = Source::Asking.step(learnt);
        match (action, outcome) {
            (HomeAction::LeaveAndCommit, _) => self.leave_and_commit(source),
            (HomeAction::Abort, _) => {
                self.tell(Operation::Abort);
                Outcome::Killed
            }
            (_, Err(error)) => Outcome::Stayed(error),
            // No answer is good and has it stay.
            (_, Ok(())) => Outcome::Stayed(EIO),
        }
    }

    /// Has the other node make the copy. What an answer comes from has the files; so even
    /// who is killed waits for one.
    fn ask(&self, parcel: Parcel) -> (Learnt, Result) {
        let mut args = [0; 5];
        let is_orphaned = surrogate::Place::of_current(self.node.get()).is_orphaned;
        Writer::new(&mut args).u32(self.pid).u8(is_orphaned.into());
        let mut ask = ask::question(self.operation, &args);
        ask.pages = parcel.pages.clone();
        ask.patience = Patience::Killable;
        ask.is_to_the_end = true;
        match ssi_ics::call(self.node, &ask) {
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

    fn leave_and_commit(&self, source: Source) -> Outcome {
        if let Err(error) = surrogate::leave(self.node.get()) {
            self.tell(Operation::Abort);
            return Outcome::Stayed(error);
        }
        let args = self.pid.to_le_bytes();
        let learnt = match ask::put(self.node, Operation::Commit, &args) {
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
        Outcome::Left
    }

    fn tell(&self, operation: Operation) {
        ask::tell(self.node, operation, &self.pid.to_le_bytes());
    }
}
