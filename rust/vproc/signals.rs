// SPDX-License-Identifier: GPL-2.0

//! Signals to processes of other nodes.
//!
//! kill(2) and its kin. Who may send what to whom is decided where the receiver is,
//! with the rights of the sender.

use kernel::prelude::*;
use ssi_core::vproc::{
    answers::{
        Answers,
        Rule, //
    },
    route::Route,
    signal::Target, //
};
use ssi_kapi::{
    behalf::{
        self,
        Caller,
        Origin,
        SignalInfo, //
    },
    group_signal,
    syscall::{
        self,
        number,
        SystemCall, //
    },
    whereabouts, //
};

use crate::{
    ask::{
        Operation,
        Question, //
    },
    map,
};

/// The calls that send one.
pub(crate) const NUMBERS: [u32; 5] = [
    number::KILL,
    number::TKILL,
    number::TGKILL,
    number::RT_SIGQUEUEINFO,
    number::RT_TGSIGQUEUEINFO,
];

/// Sends it if `call` of the first process is to all; `None` leaves it to the kernel. A node
/// that ends ends what is on it, and nobody who went.
pub(crate) fn dispatch_first(call: &SystemCall) -> Option<Result<isize>> {
    let sending = Sending::of(call).filter(|sending| sending.target == Target::Everybody)?;
    if !whereabouts::any_left() {
        return None;
    }
    let info = sending.info();
    Some(info.and_then(|info| behalf::signal_all(&info, 0).result().map(|()| 0)))
}

/// A signal a task wants to send.
struct Sending {
    target: Target,
    signal: i32,
    what: What,
}

/// What the receiver is told of it.
enum What {
    /// What the kernel says of its sender.
    Plain(Origin),
    /// What the sender has at this address.
    Own(usize),
}

/// Sends it if `call` means another node; `None` leaves it to the kernel.
pub(crate) fn dispatch(call: &SystemCall) -> Option<Result<isize>> {
    let sending = Sending::of(call)?;
    match sending.target {
        Target::Everybody => Some(sending.to_everybody(call)),
        Target::Group(pgid) if map::has_group_alone(pgid) => None,
        Target::Group(pgid) => Some(sending.to_group(pgid)),
        Target::Process(pid) | Target::Thread { tid: pid, .. } => match map::route(pid) {
            Route::Here => None,
            _ => match sending.to(pid) {
                Err(ESRCH) => map::nobody(pid),
                outcome => Some(outcome.map(|()| 0)),
            },
        },
    }
}

impl Sending {
    /// What `call` sends, `None` when it is no such call, or one the kernel refuses by
    /// itself.
    fn of(call: &SystemCall) -> Option<Self> {
        let int = |place| call.int(place);
        let address = |place: usize| call.arguments.get(place).copied().unwrap_or(0);
        let (target, signal, what) = match call.number {
            number::KILL => (kill_target(int(0))?, int(1), What::Plain(Origin::Kill)),
            number::TKILL => (thread(None, int(0))?, int(1), What::Plain(Origin::Tkill)),
            number::TGKILL => (
                thread(Some(positive(int(0))?), int(1))?,
                int(2),
                What::Plain(Origin::Tkill),
            ),
            number::RT_SIGQUEUEINFO => (
                Target::Process(positive(int(0))?),
                int(1),
                What::Own(address(2)),
            ),
            number::RT_TGSIGQUEUEINFO => (
                thread(Some(positive(int(0))?), int(1))?,
                int(2),
                What::Own(address(3)),
            ),
            _ => return None,
        };
        Some(Self {
            target,
            signal,
            what,
        })
    }

    fn info(&self) -> Result<SignalInfo> {
        match self.what {
            What::Own(address) => SignalInfo::from_user(self.signal, address),
            What::Plain(origin) => {
                let caller = Caller::current()?;
                SignalInfo::user(self.signal, origin, caller.tgid, caller.user.real)
            }
        }
    }

    fn question(&self) -> Result<Question> {
        let info = self.info()?;
        Question::new(Operation::Signal, |out| {
            self.target.encode(out);
            out.bytes(info.as_bytes());
        })
    }

    fn to(&self, pid: u32) -> Result {
        match self.question() {
            Ok(question) => question.put(pid).map(|_| ()),
            Err(EINVAL) => match self.probe().question()?.put(pid) {
                Err(ESRCH) => Err(ESRCH),
                _ => Err(EINVAL),
            },
            Err(error) => Err(error),
        }
    }

    /// If it is no signal the kernel says so only if there is somebody to get it.
    fn probe(&self) -> Self {
        Self {
            target: self.target,
            signal: 0,
            what: What::Plain(Origin::Kill),
        }
    }

    /// Each node sends it to those of the group it has: what a process left at home is
    /// passed over. What a terminal sent before comes before it.
    fn to_group(&self, pgid: u32) -> Result<isize> {
        let question = match self.question() {
            Err(EINVAL) => {
                return match self.probe().to_group(pgid) {
                    Ok(result) if result == ESRCH.to_errno() as isize => Ok(result),
                    _ => Err(EINVAL),
                }
            }
            question => question?,
        };
        let info = self.info()?;
        group_signal::settle()?;
        Ok(to_all(&question, Rule::Any, || {
            errno(behalf::signal_group(pgid, &info, 0))
        }))
    }

    fn to_everybody(&self, call: &SystemCall) -> Result<isize> {
        let (question, info) = (self.question()?, self.info()?);
        group_signal::settle()?;
        Ok(to_all(&question, Rule::All, || {
            if whereabouts::any_left() {
                errno(behalf::signal_all(&info, 0).result())
            } else {
                call.native() as i64
            }
        }))
    }
}

/// Asks the other nodes and then does what `here` does: that may end the caller.
fn to_all(question: &Question, rule: Rule, here: impl FnOnce() -> i64) -> isize {
    let mut answers = Answers::new(rule);
    question.put_to_all(map::others(), |answer| {
        answers.add(errno(answer.map(|_| ())));
    });
    answers.add(here());
    answers.result() as isize
}

fn errno(outcome: Result) -> i64 {
    outcome.map_or_else(|error| error.to_errno().into(), |()| 0)
}

/// Whom kill(2) means by `pid`, `None` for nobody there can be.
fn kill_target(pid: i32) -> Option<Target> {
    match pid {
        1.. => Some(Target::Process(pid.unsigned_abs())),
        0 => Some(Target::Group(syscall::own_group())),
        i32::MIN => None,
        -1 => Some(Target::Everybody),
        _ => Some(Target::Group(pid.unsigned_abs())),
    }
}

fn thread(tgid: Option<u32>, tid: i32) -> Option<Target> {
    let tid = positive(tid)?;
    Some(Target::Thread { tgid, tid })
}

fn positive(pid: i32) -> Option<u32> {
    u32::try_from(pid).ok().filter(|&pid| pid != 0)
}
