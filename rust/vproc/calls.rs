// SPDX-License-Identifier: GPL-2.0

//! System calls about remote processes.
//!
//! Arguments and memory of the caller travel to the node of the process, the kernel
//! there makes the call with the rights of the caller, and what it wrote travels back.

use kernel::{
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};
use ssi_core::{
    vproc::{
        answers::Answers,
        call::{
            decode_memory,
            Asked,
            Call,
            Length,
            Piece,
            Subject,
            Way,
            MEMORY_BYTES_MAX,
            PIECES_MAX, //
        },
        pid::{
            self,
            Origin, //
        },
        route::Route, //
    },
    wire::Reader, //
};
use ssi_kapi::{
    behalf::{
        self,
        Whose, //
    },
    bytes,
    lent_number,
    page::PAGE_BYTES,
    syscall::{
        self,
        number,
        SystemCall, //
    },
    visit::{
        self,
        Visit, //
    },
    whereabouts, //
};

use crate::{
    ask::{
        self,
        error,
        Operation,
        Question, //
    },
    map,
};

/// The number of a call in this kernel.
pub(crate) fn number(call: Call) -> u32 {
    match call {
        Call::GetPgid => number::GETPGID,
        Call::GetSid => number::GETSID,
        Call::GetPriority => number::GETPRIORITY,
        Call::SetPriority => number::SETPRIORITY,
        Call::IoPrioGet => number::IOPRIO_GET,
        Call::IoPrioSet => number::IOPRIO_SET,
        Call::SchedGetScheduler => number::SCHED_GETSCHEDULER,
        Call::SchedSetScheduler => number::SCHED_SETSCHEDULER,
        Call::SchedGetParam => number::SCHED_GETPARAM,
        Call::SchedSetParam => number::SCHED_SETPARAM,
        Call::SchedGetAttr => number::SCHED_GETATTR,
        Call::SchedSetAttr => number::SCHED_SETATTR,
        Call::SchedGetAffinity => number::SCHED_GETAFFINITY,
        Call::SchedSetAffinity => number::SCHED_SETAFFINITY,
        Call::SchedRrGetInterval => number::SCHED_RR_GET_INTERVAL,
        Call::PrLimit => number::PRLIMIT64,
        Call::CapGet => number::CAPGET,
        Call::ClockGetTime => number::CLOCK_GETTIME,
        Call::ClockGetRes => number::CLOCK_GETRES,
        Call::ClockSetTime => number::CLOCK_SETTIME,
    }
}

/// Which one `call` is, `None` when it is none of them.
pub(crate) fn which(call: &SystemCall) -> Option<Call> {
    let mut all = Call::ALL.iter().copied();
    all.find(|which| number(*which) == call.number)
}

/// Makes it elsewhere if `call` means another node; `None` leaves it to the kernel.
pub(crate) fn dispatch(which: Call, call: &SystemCall) -> Option<Result<isize>> {
    let arguments = call.arguments.map(|argument| argument as u64);
    match subject(which, &arguments)? {
        Subject::Own => None,
        Subject::User => {
            let [_, who, ..] = arguments;
            Some(of_all(which, call, Whose::User(syscall::user(who as u32))))
        }
        Subject::Group(pgid) => of_group(which, call, pgid),
        Subject::OwnGroup => of_group(which, call, syscall::own_group()),
        Subject::Process(pid) => match find(pid) {
            (Route::Here, visit) => visit.map(|_visit| Ok(call.native())),
            (Route::Nowhere, _) => map::nobody(pid),
            (Route::Node(_) | Route::Anywhere, _) => {
                elsewhere(which, arguments, pid, call).map_or_else(|| map::nobody(pid), Some)
            }
        },
    }
}

/// Time until is looked again where a process is that is about to be elsewhere.
const LEAVING_MICROS: u64 = 500;

/// Where process or thread `pid` leads. A guest that is here does not leave as long as there is
/// the visit. Waits while one is about to leave, unless the running task is killed.
pub(crate) fn find(pid: u32) -> (Route, Option<Visit>) {
    loop {
        let route = map::route(pid);
        let process = lent_number::process_of(pid);
        if route != Route::Here || !may_be_guest(process) || whereabouts::guest(process).is_none() {
            return (route, None);
        }
        if let Ok(visit) = visit::visit(pid) {
            return (route, Some(visit));
        }
        if ask::wait(LEAVING_MICROS).is_err() {
            return (route, None);
        }
    }
}

/// Whether its number is that of another node. One of this node that came back from an earlier
/// life leaves something behind when it goes.
fn may_be_guest(pid: u32) -> bool {
    matches!(pid::origin(pid), Some(Origin::Node(node)) if Some(node) != map::me())
}

/// What the node of the process makes of it, `None` when there is none elsewhere. Then the
/// kernel here says that, and whatever else is wrong with the call, in its own order; or
/// it makes the call, for what the process has left here until its parent has seen its
/// end.
fn elsewhere(
    which: Call,
    arguments: [u64; 6],
    pid: u32,
    call: &SystemCall,
) -> Option<Result<isize>> {
    let copied = match Copied::of(which, arguments) {
        Ok(copied) => copied,
        Err(EFAULT) => return Some(unreadable(call, pid)),
        Err(error) => return Some(Err(error)),
    };
    let answer = copied.question().and_then(|question| question.put(pid));
    match answer.and_then(|answered| copied.give_back(answered.reply.body())) {
        Err(ESRCH) => None,
        Ok(result) if result == ESRCH.to_errno() as isize => None,
        outcome => Some(outcome),
    }
}

/// Memory of the caller cannot be read. That is what it gets, unless the kernel finds
/// something else wrong before it looks for the process.
fn unreadable(call: &SystemCall, pid: u32) -> Result<isize> {
    if pid == pid::INIT {
        // The process here that has this number is not the one that is meant.
        return Err(EFAULT);
    }
    match call.native() {
        result if result < 0 && result != ESRCH.to_errno() as isize => Ok(result),
        _ => Err(EFAULT),
    }
}

/// Whom it is about; `None` when the memory that says so cannot be read.
fn subject(which: Call, arguments: &[u64; 6]) -> Option<Subject> {
    let mut arguments = *arguments;
    if which == Call::CapGet {
        let [header, ..] = &mut arguments;
        let mut bytes = [0; 8];
        user(*header, bytes.len())
            .reader()
            .read_slice(&mut bytes)
            .ok()?;
        *header = u64::from_le_bytes(bytes);
    }
    Some(which.subject(&arguments))
}

/// About a process group; the kernel here has all of many.
fn of_group(which: Call, call: &SystemCall, pgid: u32) -> Option<Result<isize>> {
    (!map::has_group_alone(pgid)).then(|| of_all(which, call, Whose::Group(pgid)))
}

/// About all processes of a user or a group: the call is made on every node.
fn of_all(which: Call, call: &SystemCall, whose: Whose) -> Result<isize> {
    let mut arguments = call.arguments.map(|argument| argument as u64);
    let (Whose::User(number) | Whose::Group(number)) = whose;
    let [_, who, ..] = &mut arguments;
    *who = u64::from(number);
    let question = Copied::of(which, arguments)?.question()?;
    let mut answers = Answers::new(which.rule());
    if whereabouts::any_left() || matches!(whose, Whose::Group(_)) {
        // The kernel would take what processes left here for the processes.
        behalf::own_tasks_of(whose, &mut |task| {
            answers.add(for_task(which, whose, task, call.arguments, |arguments| {
                SystemCall { arguments, ..*call }.native()
            }));
        });
    } else {
        answers.add(call.native() as i64);
    }
    question.put_to_all(map::others(), |answer| {
        answers.add(match answer.and_then(|reply| result(reply.body())) {
            Ok(result) => result,
            Err(error) => error.to_errno().into(),
        });
    });
    Ok(answers.result() as isize)
}

/// What comes of a call for one `task` of all it is about; `make` makes it.
pub(crate) fn for_task(
    call: Call,
    whose: Whose,
    task: u32,
    mut arguments: [usize; 6],
    make: impl FnOnce([usize; 6]) -> isize,
) -> i64 {
    if call == Call::IoPrioGet {
        // Of a process alone it says less.
        let priority = behalf::io_priority(task);
        return priority.map_or_else(|error| error.to_errno().into(), i64::from);
    }
    // A process, a group and a user are named by numbers one behind another.
    let [which, who, ..] = &mut arguments;
    *which = which.wrapping_sub(match whose {
        Whose::Group(_) => 1,
        Whose::User(_) => 2,
    });
    *who = task as usize;
    make(arguments) as i64
}

/// A call with the memory of its caller.
struct Copied {
    call: Call,
    arguments: [u64; 6],
    /// The first four bytes of its memory.
    first: u32,
    memory: [KVec<u8>; PIECES_MAX],
}

impl Copied {
    fn of(call: Call, arguments: [u64; 6]) -> Result<Self> {
        let mut memory = [KVec::new(), KVec::new()];
        let mut first = 0;
        for (place, (piece, memory)) in call.pieces().iter().zip(&mut memory).enumerate() {
            let address = address(piece, &arguments);
            if place == 0 && address != 0 {
                first = beginning(piece, &arguments)?;
            }
            *memory = copy(piece, &arguments, first)?;
        }
        Ok(Self {
            call,
            arguments,
            first,
            memory,
        })
    }

    fn question(&self) -> Result<Question> {
        let [one, other] = &self.memory;
        let mut asked = Asked {
            call: self.call,
            arguments: self.arguments,
            memory: [one, other],
        };
        // Addresses mean nothing elsewhere.
        for piece in self.call.pieces() {
            if let Some(address) = asked.arguments.get_mut(piece.argument) {
                *address = u64::from(*address != 0);
            }
        }
        Question::new(Operation::Call, |out| asked.encode(out))
    }

    /// Writes to the caller's memory what `body` says was written.
    fn give_back(&self, body: &[u8]) -> Result<isize> {
        let result = result(body)?;
        let memory = returned(body)?;
        for ((piece, sent), came) in self.call.pieces().iter().zip(&self.memory).zip(memory) {
            let is_back = match piece.way {
                Way::In => false,
                Way::Out => result >= 0,
                Way::InOut => true,
            };
            if is_back && !sent.is_empty() {
                let came = came.get(..sent.len()).ok_or(EIO)?;
                let address = address(piece, &self.arguments);
                user(address, came.len()).writer().write_slice(came)?;
                self.clear_rest(piece, result)?;
            }
        }
        Ok(result as isize)
    }

    /// The kernel clears what it has nothing for, be it more than travels.
    fn clear_rest(&self, piece: &Piece, result: i64) -> Result {
        let bytes = match piece.length {
            Length::Argument(_) if result >= 0 => piece.length.bytes(&self.arguments, self.first),
            _ => 0,
        };
        // The kernel takes no more; a node that says so is not believed.
        let bytes = bytes.min(PAGE_BYTES);
        let address = address(piece, &self.arguments);
        let zeros = [0; MEMORY_BYTES_MAX];
        for at in (MEMORY_BYTES_MAX..bytes).step_by(MEMORY_BYTES_MAX) {
            let length = MEMORY_BYTES_MAX.min(bytes - at);
            let zeros = zeros.get(..length).ok_or(EINVAL)?;
            user(address + at as u64, length)
                .writer()
                .write_slice(zeros)?;
        }
        Ok(())
    }
}

fn address(piece: &Piece, arguments: &[u64; 6]) -> u64 {
    arguments.get(piece.argument).copied().unwrap_or(0)
}

/// The first four bytes of a piece that the call reads, as a number.
fn beginning(piece: &Piece, arguments: &[u64; 6]) -> Result<u32> {
    let mut first = [0; 4];
    if piece.way != Way::Out {
        let least = piece.length.travelling(arguments, 0).min(first.len());
        let (beginning, _) = first.split_at_mut(least);
        user(address(piece, arguments), least)
            .reader()
            .read_slice(beginning)?;
    }
    Ok(u32::from_le_bytes(first))
}

/// The memory of a piece, nothing where there is none.
fn copy(piece: &Piece, arguments: &[u64; 6], first: u32) -> Result<KVec<u8>> {
    let address = address(piece, arguments);
    if address == 0 {
        return Ok(KVec::new());
    }
    let bytes = piece.length.travelling(arguments, first);
    let mut memory = bytes::zeros(bytes)?;
    if piece.way != Way::Out {
        user(address, memory.len())
            .reader()
            .read_slice(&mut memory)?;
    }
    if piece.length == Length::Attributes && has_surplus(address, first)? {
        // The kernel there knows nothing of this byte either, and refuses it.
        if let Some(last) = memory.last_mut() {
            *last = 1;
        }
    }
    Ok(memory)
}

/// Whether there is anything but zeros in what does not travel of `bytes`.
fn has_surplus(address: u64, bytes: u32) -> Result<bool> {
    let bytes = bytes as usize;
    // More than a page is refused for its size alone.
    if bytes <= MEMORY_BYTES_MAX || bytes > PAGE_BYTES {
        return Ok(false);
    }
    let mut rest = bytes::zeros(bytes - MEMORY_BYTES_MAX)?;
    let from = address + MEMORY_BYTES_MAX as u64;
    user(from, rest.len()).reader().read_slice(&mut rest)?;
    Ok(rest.iter().any(|&byte| byte != 0))
}

fn user(address: u64, bytes: usize) -> UserSlice {
    UserSlice::new(UserPtr::from_addr(address as usize), bytes)
}

/// What the call gave, as its reply says.
fn result(body: &[u8]) -> Result<i64> {
    let result = Reader::new(body).u64().map_err(|_| EIO)? as i64;
    Ok(match result {
        0.. => result,
        _ => error(result).to_errno().into(),
    })
}

fn returned(body: &[u8]) -> Result<[&[u8]; PIECES_MAX]> {
    let mut message = Reader::new(body.get(8..).ok_or(EIO)?);
    decode_memory(&mut message).map_err(|_| EIO)
}
