// SPDX-License-Identifier: GPL-2.0

//! Signals to processes of other nodes.
//!
//! kill(2) and its kin. Who may send what to whom is decided where the receiver is,
//! with the rights of the sender.

use kernel::{
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};
use ssi_core::vproc::{
    answers::{
        Answers,
        Rule, //
    },
    pidfd::{
        self,
        Held, //
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
    pidfd::{
        Kind,
        Native,
        Pidfd, //
    },
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
    calls,
    map,
    pid_watches,
    pidfds, //
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
    /// Of the receiver, if a pidfd names it.
    held: Option<Held>,
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
        Target::Process(_) | Target::Thread { .. } => {
            let pid = sending.target.pid()?;
            match calls::find(pid) {
                (Route::Here, Some(_visit)) => Some(Ok(call.native())),
                (Route::Here, None) => sending.to_one_here(call, pid),
                _ => sending.to_one_there(pid),
            }
        }
    }
}

/// What pidfd_send_signal(2) sends through.
pub(crate) trait Through {
    /// The process or thread.
    fn pid(&self) -> u32;

    /// Which of both.
    fn kind(&self) -> Kind;

    /// The same, as the node that tells of it knows it. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`pidfds::held`].
    fn held(&self) -> Result<Held>;
}

impl Through for Pidfd {
    fn pid(&self) -> u32 {
        Self::pid(self)
    }

    fn kind(&self) -> Kind {
        Self::kind(self)
    }

    fn held(&self) -> Result<Held> {
        pidfds::held(self)
    }
}

impl Through for Native {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn held(&self) -> Result<Held> {
        let node = map::me().ok_or(ESRCH)?;
        let identity = self.identity;
        Ok(Held { node, identity })
    }
}

/// Sends what `call`, a pidfd_send_signal(2), says.
pub(crate) fn send_through(pidfd: &impl Through, call: &SystemCall) -> Result<isize> {
    let [_, _, info, flags, ..] = call.arguments;
    let kind = match pidfd.kind() {
        Kind::Process => pidfd::Kind::Process,
        Kind::Thread => pidfd::Kind::Thread,
    };
    let target = pidfd::target(kind, pidfd.pid(), flags as u32).ok_or(EINVAL)?;
    let mut sending = Sending {
        target,
        signal: call.int(1),
        what: match (info, target) {
            (0, Target::Thread { .. }) => What::Plain(Origin::Tkill),
            (0, _) => What::Plain(Origin::Kill),
            (address, _) => What::Own(address),
        },
        held: None,
    };
    sending.checked()?;
    loop {
        let held = pidfd.held()?;
        let outcome = match target {
            Target::Group(pgid) => {
                pid_watches::still(held, pgid).and_then(|()| sending.to_group(pgid))
            }
            _ => {
                sending.held = Some(held);
                sending.to(pidfd.pid()).map(|()| 0)
            }
        };
        match outcome {
            // Its node went, and it lives on with another one.
            Err(ESRCH) if pidfd.held()? != held => (),
            outcome => return outcome,
        }
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
            held: None,
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

    /// To one that is here, or goes in this moment. What a process leaves here takes what comes
    /// late, but a thread leaves nothing.
    fn to_one_here(&self, call: &SystemCall, pid: u32) -> Option<Result<isize>> {
        if !matches!(self.target, Target::Thread { .. }) {
            return None;
        }
        let result = call.native();
        if result == ESRCH.to_errno() as isize && map::route(pid) != Route::Here {
            return self.to_one_there(pid);
        }
        Some(Ok(result))
    }

    fn to_one_there(&self, pid: u32) -> Option<Result<isize>> {
        match self.to(pid) {
            Err(ESRCH) => map::nobody(pid),
            outcome => Some(outcome.map(|()| 0)),
        }
    }

    fn question(&self) -> Result<Question> {
        let info = self.info()?;
        let operation = match self.held {
            Some(_) => Operation::SignalHeld,
            None => Operation::Signal,
        };
        Question::new(operation, |out| {
            if let Some(held) = self.held {
                held.encode(out);
            }
            self.target.encode(out);
            out.bytes(info.as_bytes());
        })
    }

    fn to(&self, pid: u32) -> Result {
        match self.question() {
            Ok(question) => self.put(&question, pid),
            Err(EINVAL) => {
                let probe = self.probe();
                match probe.put(&probe.question()?, pid) {
                    Err(ESRCH) => Err(ESRCH),
                    _ => Err(EINVAL),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn put(&self, question: &Question, pid: u32) -> Result {
        let Some(held) = self.held else {
            return question.put(pid).map(|_| ());
        };
        match question.put_held(held, pid)? {
            Some(_) => Ok(()),
            None => self.to_own(),
        }
    }

    /// It came here.
    fn to_own(&self) -> Result {
        let info = self.info()?;
        match self.target {
            Target::Process(pid) => behalf::signal_process(pid, &info, 0),
            Target::Thread { tgid, tid } => behalf::signal_thread(tgid, tid, &info, 0),
            Target::Group(_) | Target::Everybody => Err(ESRCH),
        }
    }

    /// What pidfd_send_signal(2) says before it looks for the receiver.
    fn checked(&self) -> Result {
        let What::Own(address) = self.what else {
            return Ok(());
        };
        let info = SignalInfo::from_user(self.signal, address);
        if let Err(error @ (EFAULT | E2BIG)) = info {
            return Err(error);
        }
        let mut signal = [0; 4];
        UserSlice::new(UserPtr::from_addr(address), signal.len())
            .reader()
            .read_slice(&mut signal)?;
        match info {
            _ if i32::from_le_bytes(signal) != self.signal => Err(EINVAL),
            Err(EPERM) => Err(EPERM),
            _ => Ok(()),
        }
    }

    /// If it is no signal the kernel says so only if there is somebody to get it.
    fn probe(&self) -> Self {
        Self {
            target: self.target,
            signal: 0,
            what: What::Plain(Origin::Kill),
            held: self.held,
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
