// SPDX-License-Identifier: GPL-2.0

//! Hand-over of a process.
//!
//! The side of the node it leaves. See [`ssi_core::migrate::handover`] for what may happen
//! between two of its steps when that is its home, and [`ssi_core::migrate::relocation`] when
//! it is a guest.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    migrate::{
        handover::{
            HomeAction,
            Learnt,
            Source, //
        },
        relocation::departure::{
            self,
            Action,
            Departure, //
        }, //
    },
    wire::Writer, //
};
use ssi_ics::{
    CallError,
    Reply, //
};
use ssi_kapi::{
    errand,
    event::Patience,
    guest,
    parking::Parking,
    signal_info::{
        SentSignal,
        SIGNAL_INFO_BYTES, //
    },
    surrogate::{
        self,
        Change,
        Leaving, //
    },
    thread,
    whereabouts, //
};

use crate::{
    arrivals,
    ask::{
        self,
        Operation, //
    },
    children,
    journal,
    luggage,
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

impl Outcome {
    /// Whether it left, or why not.
    pub(crate) fn went(self) -> Result {
        match self {
            Self::Left => Ok(()),
            Self::Killed => Err(EINTR),
            Self::Stayed(error) => Err(error),
        }
    }
}

/// A call that failed, and made no copy that lives.
fn without_effect(why: CallError) -> (Learnt, Result) {
    match why {
        CallError::Interrupted => (Learnt::Killed, Err(EINTR)),
        CallError::NotMember | CallError::NodeDown => (Learnt::Lost, Err(EHOSTDOWN)),
        why => (Learnt::Refused, Err(why.into())),
    }
}

/// How often, and after how many microseconds each time, is looked whether all have spoken
/// about a process that just came.
const SETTLING_LOOKS: u32 = 200;
const SETTLING_MICROS: u64 = 500;

/// Whether process `pid` may go on: a word about its last hand-over that is late would be
/// taken for one about the next. May sleep.
fn has_settled(pid: u32) -> bool {
    (0..SETTLING_LOOKS).any(|look| {
        if look > 0 {
            thread::sleep(SETTLING_MICROS);
        }
        !arrivals::is_open(pid)
    })
}

/// Hand-over of the running process.
pub(crate) struct HandOver<'a> {
    /// Its number.
    pub(crate) pid: u32,
    /// Where it goes.
    pub(crate) node: NodeId,
    /// What is asked there: to execute a program, or to go on with what it is.
    pub(crate) operation: Operation,
    /// Its other threads, which wait, if it has such and goes on.
    pub(crate) others: Option<&'a Parking>,
}

impl HandOver<'_> {
    /// Has the other node make what is in `parcel`, and lets go of the process. May sleep.
    pub(crate) fn run(&self, parcel: Parcel) -> Outcome {
        let guest = whereabouts::guest(self.pid);
        match guest.and_then(|guest| NodeId::new(guest.home?)) {
            Some(home) => self.run_as_guest(parcel, home),
            None => self.run_at_home(parcel),
        }
    }

    fn run_as_guest(&self, parcel: Parcel, home: NodeId) -> Outcome {
        if !has_settled(self.pid) {
            parcel.withdraw();
            return Outcome::Stayed(EBUSY);
        }
        let (departure, action) = match home == self.node {
            true => (Departure::alone(), Action::Copy),
            false => {
                let (learnt, error) = self.ask_home(home, Operation::Intend);
                let (departure, action) = Departure::guest().step(learnt);
                if action != Action::Copy {
                    parcel.withdraw();
                    return match action {
                        Action::Die => Outcome::Killed,
                        _ => Outcome::Stayed(error),
                    };
                }
                (departure, action)
            }
        };
        Moving {
            hand_over: self,
            home,
            departure,
            parcel: Some(parcel),
            error: EIO,
            kept: KVec::new(),
        }
        .run(action)
    }

    /// Asks `home` about the node it goes to.
    fn ask_home(&self, home: NodeId, operation: Operation) -> (departure::Learnt, Error) {
        let mut args = [0; 5];
        Writer::new(&mut args).u32(self.pid).u8(self.node.get());
        match ask::put(home, operation, &args) {
            Ok(Reply { result: 0, .. }) if operation == Operation::Intend => {
                (departure::Learnt::Allowed, EIO)
            }
            Ok(Reply { result: 0, .. }) => (departure::Learnt::Agreed, EIO),
            Ok(reply) => match ssi_ics::error_of_peer(reply.result) {
                ESRCH => (departure::Learnt::Disowned, ESRCH),
                error => (departure::Learnt::Refused, error),
            },
            Err(CallError::NotMember | CallError::NodeDown) => {
                (departure::Learnt::HomeDown, EHOSTDOWN)
            }
            // It says so of each such question.
            Err(why @ CallError::Refused(_)) => (departure::Learnt::Refused, why.into()),
            Err(why) => {
                thread::sleep(SETTLING_MICROS);
                (departure::Learnt::Unclear, why.into())
            }
        }
    }

    fn run_at_home(&self, parcel: Parcel) -> Outcome {
        let me = ssi_ics::this_node().map_or(0, |me| me.node.get());
        let (learnt, outcome) = self.ask(parcel, me);
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
    fn ask(&self, parcel: Parcel, home: u8) -> (Learnt, Result) {
        let mut args = [0; 6];
        let is_orphaned = surrogate::Place::is_orphaned_for(self.node.get());
        Writer::new(&mut args)
            .u32(self.pid)
            .u8(is_orphaned.into())
            .u8(home);
        let mut ask = ask::question(self.operation, &args);
        ask.pages = parcel.pages.clone();
        ask.patience = Patience::Killable;
        ask.is_to_the_end = true;
        match ssi_ics::call(self.node, &ask) {
            Ok(Reply { result: 0, .. }) => {
                journal::is_held(self.pid, self.node);
                (Learnt::Held, Ok(()))
            }
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
        let how = match self.operation {
            Operation::Execute => Leaving::Executed,
            _ => Leaving::AsItIs,
        };
        let told = children::hand_over(self.pid, self.node);
        if let Err(error) = told.and_then(|()| surrogate::leave(self.node.get(), how)) {
            self.tell(Operation::Abort);
            return Outcome::Stayed(error);
        }
        if let Some(others) = self.others {
            forward_signals(self.pid, self.node, others);
        }
        surrogate::forward_blocked(self.pid, self.node.get());
        self.hand_over_locks();
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

    /// It is held there, and nothing keeps it here any more. What execve(2) closes has no
    /// locks.
    fn hand_over_locks(&self) {
        let closes = self.operation == Operation::Execute;
        luggage::hand_over_locks(self.pid, self.node, |number| {
            !(closes && number.is_closed_on_exec)
        });
    }

    fn tell(&self, operation: Operation) {
        ask::tell(self.node, operation, &self.pid.to_le_bytes());
    }
}

/// Guest that is handed over.
struct Moving<'a> {
    hand_over: &'a HandOver<'a>,
    home: NodeId,
    departure: Departure,
    /// Until it was sent.
    parcel: Option<Parcel>,
    /// Why it stays, if it does.
    error: Error,
    /// Signals to single threads that were handed on, for as long as it may stay.
    kept: KVec<(u32, SentSignal)>,
}

impl Moving<'_> {
    /// Does what the machine says, beginning with `action`, until that is decided.
    fn run(mut self, mut action: Action) -> Outcome {
        loop {
            let learnt = match action {
                Action::Copy => self.copy(),
                Action::HandOn => self.hand_on(),
                Action::TellHome => self.tell_home(),
                Action::Leave => return self.leave(),
                Action::Return => return self.stay(),
                Action::AbortAndReturn => {
                    // What follows must not be taken for what this is about.
                    let _ = self.put(Operation::Abort);
                    return self.stay();
                }
                Action::Die => return Outcome::Killed,
                Action::AbortAndDie => {
                    self.hand_over.tell(Operation::Abort);
                    return Outcome::Killed;
                }
                Action::Vanish => {
                    self.hand_over.tell(Operation::Abort);
                    guest::depart(|_| ());
                    return Outcome::Left;
                }
                // Nothing comes of itself.
                Action::Nothing => return self.stay(),
            };
            (self.departure, action) = self.departure.step(learnt);
        }
    }

    fn put(&self, operation: Operation) -> core::result::Result<Reply, CallError> {
        ask::put(
            self.hand_over.node,
            operation,
            &self.hand_over.pid.to_le_bytes(),
        )
    }

    fn copy(&mut self) -> departure::Learnt {
        let Some(parcel) = self.parcel.take() else {
            return departure::Learnt::Refused;
        };
        let (learnt, outcome) = self.hand_over.ask(parcel, self.home.get());
        if let Err(error) = outcome {
            self.error = error;
        }
        match learnt {
            Learnt::Held => departure::Learnt::Held,
            Learnt::Lost => departure::Learnt::TargetDown,
            Learnt::Killed => departure::Learnt::Killed,
            Learnt::Refused | Learnt::Released => departure::Learnt::Refused,
        }
    }

    fn hand_on(&mut self) -> departure::Learnt {
        let (pid, node) = (self.hand_over.pid, self.hand_over.node);
        let (others, kept) = (self.hand_over.others, &mut self.kept);
        let first = || {
            others.map_or(Ok(()), |others| {
                others.take_signals(|tid, signal| {
                    let handed = leave_behind(pid, node, tid, &signal);
                    kept.push((tid, signal), GFP_KERNEL)?;
                    handed
                })
            })
        };
        let told = children::hand_on(pid, node);
        let handed =
            told.and_then(|()| guest::hand_on(first, |signal| leave_behind(pid, node, 0, signal)));
        match handed {
            Ok(()) => departure::Learnt::Handed,
            Err(EHOSTDOWN) => departure::Learnt::TargetDown,
            Err(EINTR) => departure::Learnt::Killed,
            Err(error) => {
                self.error = error;
                departure::Learnt::Refused
            }
        }
    }

    fn tell_home(&mut self) -> departure::Learnt {
        let (learnt, error) = self.hand_over.ask_home(self.home, Operation::Moved);
        self.error = error;
        learnt
    }

    /// It is on the other node.
    fn leave(self) -> Outcome {
        let (pid, node) = (self.hand_over.pid, self.hand_over.node);
        self.hand_over.hand_over_locks();
        guest::depart(move |signal| {
            // One that is gone there needs none.
            let _ = leave_behind(pid, node, 0, signal);
        });
        // Whatever comes of it.
        let _ = self.put(Operation::Commit);
        Outcome::Left
    }

    fn stay(self) -> Outcome {
        if let Some(parcel) = self.parcel {
            parcel.withdraw();
        }
        guest::go_on();
        for (tid, signal) in &self.kept {
            // One that is gone needs none.
            let _ = errand::signal_thread(self.hand_over.pid, *tid, signal);
        }
        Outcome::Stayed(self.error)
    }
}

/// Gives process `pid` on `node` the signals that wait here for the running thread alone, or for
/// one of the `others`.
pub(crate) fn forward_signals(pid: u32, node: NodeId, others: &Parking) {
    // Without memory for it those behind are lost.
    let forwarded = others.take_signals(|tid, signal| {
        // A thread that is gone there needs none.
        let _ = leave_behind(pid, node, tid, &signal);
        Ok(())
    });
    if let Err(error) = forwarded {
        pr_warn!("process {pid} has lost signals to its threads: {error:?}\n");
    }
}

/// Gives process `pid` on `node`, or its thread `tid` if that is not 0, a signal that waited for
/// it here.
fn leave_behind(pid: u32, node: NodeId, tid: u32, signal: &SentSignal) -> Result {
    let mut args = [0; 8 + SIGNAL_INFO_BYTES];
    Writer::new(&mut args)
        .u32(pid)
        .u32(tid)
        .bytes(signal.as_bytes());
    match ask::put(node, Operation::Leftover, &args) {
        Ok(Reply { result: 0, .. }) => Ok(()),
        Ok(reply) => Err(ssi_ics::error_of_peer(reply.result)),
        Err(CallError::NotMember | CallError::NodeDown) => Err(EHOSTDOWN),
        Err(why) => Err(why.into()),
    }
}
