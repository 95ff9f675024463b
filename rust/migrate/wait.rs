// SPDX-License-Identifier: GPL-2.0

//! Wait for children.
//!
//! wait4(2) and waitid(2) of a process that has children at home, too. All others are left to the
//! kernel.

use kernel::{
    fs::LocalFile,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        MutexGuard, //
    },
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};
use ssi_core::{
    migrate::{
        child_wait::{
            Action,
            Learnt,
            Look,
            Wait, //
        },
        children::{
            self as travelling,
            option,
            Answer,
            Found,
            Wanted,
            Which,
            WANTED_BYTES, //
        }, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::CallError;
use ssi_kapi::{
    children::{
        Waited,
        Waiter, //
    },
    pidfd::{
        Native,
        Pidfd,
        NONBLOCK, //
    },
    syscall::{
        self,
        number,
        SystemCall, //
    },
    thread, //
};

use crate::{
    at_home::{
        self,
        Operation, //
    },
    children::{
        self,
        Family, //
    }, //
};

/// What waitid(2) is asked for.
const P_ALL: i32 = 0;
const P_PID: i32 = 1;
const P_PGID: i32 = 2;
const P_PIDFD: i32 = 3;

/// What may be among the options of wait4(2).
const OPTIONS_OF_WAIT4: u32 = option::EVERY & !(option::EXITED | option::NO_WAIT);

/// Time until home is asked again whose answer is lost, in microseconds.
const AGAIN_MICROS: u64 = 1_000;

/// The number of the next question.
static NEXT: Atomic<u64> = Atomic::new(0);

/// Makes `call`, if it is a wait of a process that may mean a child at home.
pub(crate) fn dispatch(call: &SystemCall) -> Option<isize> {
    let family = children::of(syscall::own_process())?;
    let asked = Asked::of(call)?;
    if !family.may_have(&asked.wanted) {
        return None;
    }
    let sleeps = !asked.is_hasty && asked.wanted.options & option::NO_HANG == 0;
    let waiting = Waiting::of(&family, &asked.wanted);
    let outcome = waiting.and_then(|waiting| waiting.run(sleeps));
    Some(asked.give(outcome))
}

/// Where what was found goes.
enum Place {
    /// To wait4(2): the address of a status, or 0.
    Status(usize),
    /// To waitid(2): that of a siginfo, or 0.
    Info(usize),
}

/// A wait, as a program asks for it.
struct Asked {
    wanted: Wanted,
    /// Whether a file says that it does not sleep.
    is_hasty: bool,
    place: Place,
    /// Where what the child used goes, or 0.
    usage: usize,
}

impl Asked {
    /// `None` for what the kernel refuses, or none of this node and its home is meant by.
    fn of(call: &SystemCall) -> Option<Self> {
        let asked = match call.number {
            number::WAIT4 => Self::of_wait4(call),
            number::WAITID => Self::of_waitid(call),
            _ => None,
        };
        asked.filter(|asked| asked.wanted.is_valid())
    }

    fn of_wait4(call: &SystemCall) -> Option<Self> {
        let [_, status, _, usage, ..] = call.arguments;
        let options = call.int(2) as u32;
        let which = match call.int(0) {
            i32::MIN => return None,
            -1 => Which::All,
            pid @ 1.. => Which::Process(pid.unsigned_abs()),
            group => Which::Group(group.unsigned_abs()),
        };
        (options & !OPTIONS_OF_WAIT4 == 0).then_some(Self {
            wanted: Wanted {
                which,
                options: options | option::EXITED,
            },
            is_hasty: false,
            place: Place::Status(status),
            usage,
        })
    }

    fn of_waitid(call: &SystemCall) -> Option<Self> {
        let [_, _, info, _, usage, ..] = call.arguments;
        let options = call.int(3) as u32;
        let who = u32::try_from(call.int(1));
        let mut is_hasty = false;
        let which = match call.int(0) {
            P_ALL => Which::All,
            P_PID => Which::Process(who.ok()?),
            P_PGID => Which::Group(who.ok()?),
            P_PIDFD => {
                is_hasty = is_hasty_file(call.int(1))?;
                Which::Process(of_pidfd(call.int(1))?)
            }
            _ => return None,
        };
        Some(Self {
            wanted: Wanted { which, options },
            is_hasty: is_hasty && options & option::NO_HANG == 0,
            place: Place::Info(info),
            usage,
        })
    }

    /// What the program gets.
    fn give(&self, outcome: Result<Option<Waited>>) -> isize {
        let outcome = match outcome {
            Ok(None) if self.is_hasty => Err(EAGAIN),
            outcome => outcome,
        };
        let given = self.try_give(outcome);
        given.unwrap_or_else(|error| error.to_errno() as isize)
    }

    fn try_give(&self, outcome: Result<Option<Waited>>) -> Result<isize> {
        let waited = outcome.unwrap_or_default();
        let usage = waited.filter(|_| self.usage != 0);
        match self.place {
            Place::Status(address) => {
                if let Some(waited) = waited.filter(|_| address != 0) {
                    let status = to_travel(&waited).wait_status().to_ne_bytes();
                    UserSlice::new(UserPtr::from_addr(address), status.len())
                        .writer()
                        .write_slice(&status)?;
                }
                usage.map_or(Ok(()), |waited| waited.give_usage(self.usage))?;
                outcome.map(|waited| waited.map_or(0, |waited| waited.pid as isize))
            }
            Place::Info(address) => {
                usage.map_or(Ok(()), |waited| waited.give_usage(self.usage))?;
                if address != 0 {
                    waited.unwrap_or_default().give(address)?;
                }
                outcome.map(|_| 0)
            }
        }
    }
}

/// Whether file `fd` says that nobody waits by it; `None` if there is none.
fn is_hasty_file(fd: i32) -> Option<bool> {
    let file = LocalFile::fget(u32::try_from(fd).ok()?).ok()?;
    Some(file.flags() & NONBLOCK != 0)
}

/// The process pidfd `fd` is of, be it here or not.
fn of_pidfd(fd: i32) -> Option<u32> {
    let known = Pidfd::of(fd).map(|pidfd| pidfd.pid());
    known.or_else(|| Native::of(fd).map(|native| native.pid))
}

fn to_travel(waited: &Waited) -> travelling::Waited {
    travelling::Waited {
        pid: waited.pid,
        user: waited.user,
        status: waited.status,
        cause: waited.cause,
        usage: waited.usage,
    }
}

fn from_travel(waited: &travelling::Waited) -> Waited {
    Waited {
        pid: waited.pid,
        user: waited.user,
        status: waited.status,
        cause: waited.cause,
        usage: waited.usage,
    }
}

/// The running task, which waits.
struct Waiting<'a> {
    family: &'a Family,
    wanted: &'a Wanted,
    waiter: Waiter,
    found: Option<Waited>,
    /// While home is asked, under this number.
    turn: Option<MutexGuard<'a, ()>>,
    number: u64,
}

impl<'a> Waiting<'a> {
    fn of(family: &'a Family, wanted: &'a Wanted) -> Result<Self> {
        Ok(Self {
            family,
            wanted,
            waiter: Waiter::new()?,
            found: None,
            turn: None,
            number: 0,
        })
    }

    /// Does what the machine says. Whether it `sleeps` if there is nothing yet.
    fn run(mut self, sleeps: bool) -> Result<Option<Waited>> {
        let (mut wait, mut action) = Wait::begin(sleeps);
        loop {
            let learnt = match action {
                Action::LookHere => self.look()?,
                Action::Ask => {
                    self.turn = Some(self.family.turn());
                    self.number = NEXT.fetch_add(1, Relaxed);
                    self.ask()?
                }
                Action::AskAgain => {
                    thread::sleep(AGAIN_MICROS);
                    self.ask()?
                }
                Action::Sleep => match self.waiter.sleep() {
                    Ok(()) => Learnt::Called,
                    Err(_) => Learnt::Interrupted,
                },
                Action::GiveOwn | Action::GiveTold => return Ok(self.found),
                Action::SayNothing => return Ok(None),
                Action::SayNoChild => return Err(ECHILD),
                Action::Restart => return Err(ERESTARTSYS),
            };
            if learnt != Learnt::Lost {
                self.turn = None;
            }
            (wait, action) = wait.step(learnt);
        }
    }

    /// Whether it takes what it finds.
    fn takes(&self) -> bool {
        self.wanted.options & option::NO_WAIT == 0
    }

    fn look(&mut self) -> Result<Learnt> {
        self.waiter.begin();
        self.found = match at_home::to_kapi(self.wanted).find() {
            Err(ECHILD) => return Ok(Learnt::Here(Look::NoChild)),
            found => found?,
        };
        Ok(Learnt::Here(match self.found {
            Some(_) => Look::Child,
            None => Look::NothingYet,
        }))
    }

    /// Asks home, if there is any child.
    fn ask(&mut self) -> Result<Learnt> {
        if self.wanted.options & option::EXITED != 0 {
            let own = syscall::own_group();
            if let Some(waited) = self.family.lost(self.wanted, own, self.takes()) {
                self.found = Some(from_travel(&waited));
                return Ok(Learnt::There(Look::Child));
            }
        }
        if !self.family.is_at_home() {
            return Ok(Learnt::There(Look::NoChild));
        }
        let answer = self.put()?;
        Ok(answer.map_or(Learnt::Lost, |answer| self.take_in(&answer)))
    }

    /// What home says; `None` if that is to be asked again, or home is not what it was.
    fn put(&self) -> Result<Option<Answer>> {
        let Some(home) = children::home_of(self.family.pid()) else {
            self.family.lose();
            return Ok(None);
        };
        let mut args = [0; 12 + WANTED_BYTES];
        let mut out = Writer::new(&mut args);
        out.u32(self.family.pid()).u64(self.number);
        self.wanted.encode(&mut out);
        match at_home::put(home, Operation::Wait, &args) {
            Ok(reply) if reply.result == 0 => {
                let answer = Answer::decode(Reader::new(reply.body()));
                answer.map(Some).map_err(|_| EIO)
            }
            Ok(reply) => match ssi_ics::error_of_peer(reply.result) {
                ENOMEM => Ok(None),
                // What stood for it there has ended, and so does it.
                ESRCH => {
                    self.family.clear();
                    Ok(None)
                }
                error => Err(error),
            },
            Err(CallError::NotMember | CallError::NodeDown) => {
                self.family.lose();
                Ok(None)
            }
            Err(CallError::AnswerLost | CallError::TimedOut) => Ok(None),
            Err(CallError::Refused(_)) => {
                self.family.clear();
                Ok(None)
            }
            Err(why) => Err(why.into()),
        }
    }

    fn take_in(&mut self, answer: &Answer) -> Learnt {
        match (&answer.found, self.wanted.which) {
            (Found::Child(waited), _) => {
                let child = from_travel(waited);
                if waited.has_ended() && self.takes() {
                    self.family.remove(waited.pid);
                    child.account();
                }
                self.found = Some(child);
            }
            (Found::NoChild, Which::Process(pid)) => self.family.remove(pid),
            (_, _) => (),
        }
        if !answer.are_left {
            self.family.clear();
        }
        Learnt::There(Look::from(&answer.found))
    }
}
