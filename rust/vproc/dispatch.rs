// SPDX-License-Identifier: GPL-2.0

//! System calls that name a process.
//!
//! Each goes where its process is: to another node if that is the one, else the kernel
//! here makes it as ever. What cannot be done from afar yet is refused with a defined
//! error, never done to somebody else.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::vproc::{
    call::Call,
    route::Route, //
};
use ssi_kapi::{
    proc_remote::Listing,
    syscall::{
        self,
        number,
        Dispatch,
        SystemCall, //
    },
    whereabouts, //
};

use crate::{
    calls,
    cpu_clocks,
    map,
    owners,
    pidfd_calls,
    signals, //
};

/// Sends calls where they belong.
pub(crate) struct Dispatcher;

/// Has the kernel ask before these calls.
pub(crate) fn hook() -> Result {
    syscall::install(&Dispatcher)?;
    syscall::hook(number::GETPPID)?;
    for number in signals::NUMBERS {
        syscall::hook(number)?;
    }
    for call in Call::ALL {
        syscall::hook(calls::number(*call))?;
    }
    for number in LISTINGS {
        syscall::hook(number)?;
    }
    for number in owners::NUMBERS {
        syscall::hook(number)?;
    }
    for number in cpu_clocks::NUMBERS {
        syscall::hook(number)?;
    }
    for number in pidfd_calls::NUMBERS {
        syscall::hook(number)?;
    }
    for refused in &REFUSED {
        syscall::hook(refused.number)?;
    }
    Ok(())
}

impl Dispatch for Dispatcher {
    fn dispatch(&self, call: &SystemCall) -> Option<isize> {
        let outcome = if owners::NUMBERS.contains(&call.number) {
            owners::dispatch(call).or_else(|| put_group(call))
        } else if call.number == number::GETPPID {
            parent()
        } else if OF_ITSELF.contains(&call.number) {
            of_itself(call)
        } else if signals::NUMBERS.contains(&call.number) {
            signals::dispatch(call)
        } else if let Some(which) = calls::which(call) {
            calls::dispatch(which, call)
        } else if cpu_clocks::NUMBERS.contains(&call.number) {
            cpu_clocks::dispatch(call)
        } else if call.number == number::WAITID {
            of_itself(call).or_else(|| pidfd_calls::dispatch(call))
        } else if pidfd_calls::NUMBERS.contains(&call.number) {
            pidfd_calls::dispatch(call)
        } else if LISTINGS.contains(&call.number) {
            list(call)
        } else {
            refuse(call)
        };
        outcome.map(result)
    }

    fn dispatch_first(&self, call: &SystemCall) -> Option<isize> {
        signals::dispatch_first(call).map(result)
    }
}

fn result(outcome: Result<isize>) -> isize {
    outcome.unwrap_or_else(|error| error.to_errno() as isize)
}

/// The calls that put a process into a group or a session.
const RELATIONS: [u32; 2] = [number::SETPGID, number::SETSID];

/// The calls that change the process that makes them, or copy it, or are about its children.
const OF_ITSELF: [u32; 17] = [
    number::SETPGID,
    number::SETSID,
    number::EXECVE,
    number::EXECVEAT,
    number::SETUID,
    number::SETGID,
    number::SETREUID,
    number::SETREGID,
    number::SETRESUID,
    number::SETRESGID,
    number::SETFSUID,
    number::SETFSGID,
    number::CAPSET,
    number::FORK,
    number::CLONE,
    number::WAIT4,
    number::RT_SIGACTION,
];

static ITSELF: SetOnce<&'static dyn Dispatch> = SetOnce::new();

/// Has `dispatch` asked before a process joins a group or leads a session, as setpgid(2)
/// and setsid(2) have it; and before execve(2), fork(2), clone(2) and the calls that change
/// users, and before wait4(2), waitid(2) and sigaction(2), if somebody
/// [hooks](syscall::hook) those. Call it once, from an initcall.
///
/// # Errors
///
/// `EBUSY` the second time.
pub fn install_itself(dispatch: &'static dyn Dispatch) -> Result {
    ITSELF.populate(dispatch).then_some(()).ok_or(EBUSY)?;
    RELATIONS.into_iter().try_for_each(syscall::hook)
}

fn of_itself(call: &SystemCall) -> Option<Result<isize>> {
    ITSELF.as_ref()?.dispatch(call).map(Ok)
}

/// The parent of a guest: here that is a thread of the kernel.
fn parent() -> Option<Result<isize>> {
    let guest = whereabouts::guest(syscall::own_process())?;
    Some(Ok(guest.parent as isize))
}

/// Puts a group of other nodes into the foreground of a terminal here.
#[cfg(CONFIG_SSI_FILES)]
fn put_group(call: &SystemCall) -> Option<Result<isize>> {
    ssi_kapi::terminal::dispatch(call)
}

#[cfg(not(CONFIG_SSI_FILES))]
fn put_group(_: &SystemCall) -> Option<Result<isize>> {
    None
}

/// The calls that list a folder.
const LISTINGS: [u32; 2] = [number::GETDENTS, number::GETDENTS64];

/// Asks the other nodes before `/proc` is locked to be listed.
fn list(call: &SystemCall) -> Option<Result<isize>> {
    match Listing::ask(u32::try_from(call.int(0)).ok()?) {
        Ok(None) => None,
        Ok(Some(_asked)) => Some(Ok(call.native())),
        Err(error) => Some(Err(error)),
    }
}

/// A call that is not made on another node.
struct Refused {
    number: u32,
    /// The arguments that are pids.
    pids: &'static [usize],
    error: Error,
}

const fn refused(number: u32, pids: &'static [usize], error: Error) -> Refused {
    Refused {
        number,
        pids,
        error,
    }
}

const REFUSED: [Refused; 8] = [
    refused(number::PTRACE, &[1], EPERM),
    refused(number::PROCESS_VM_READV, &[0], EPERM),
    refused(number::PROCESS_VM_WRITEV, &[0], EPERM),
    refused(number::KCMP, &[0, 1], EPERM),
    refused(number::MOVE_PAGES, &[0], EPERM),
    refused(number::MIGRATE_PAGES, &[0], EPERM),
    refused(number::PERF_EVENT_OPEN, &[1], EPERM),
    refused(number::GET_ROBUST_LIST, &[0], EPERM),
];

fn refuse(call: &SystemCall) -> Option<Result<isize>> {
    let refused = REFUSED
        .iter()
        .find(|refused| refused.number == call.number)?;
    let is_elsewhere = |place: &usize| {
        let pid = u32::try_from(call.int(*place)).unwrap_or(0);
        let is_there = matches!(map::route(pid), Route::Node(_) | Route::Anywhere);
        is_there || map::nobody(pid).is_some()
    };
    refused
        .pids
        .iter()
        .any(is_elsewhere)
        .then_some(Err(refused.error))
}
