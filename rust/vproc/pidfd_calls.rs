// SPDX-License-Identifier: GPL-2.0

//! System calls on pidfds.
//!
//! Those on a pidfd of this kernel are left to it. It would not know one of another node's
//! process.

use kernel::prelude::*;
use ssi_kapi::{
    pidfd::{
        Life,
        Native,
        Pidfd,
        NONBLOCK,
        THREAD, //
    },
    syscall::{
        number,
        SystemCall, //
    },
    whereabouts, //
};

use crate::{
    pidfds,
    signals, //
};

/// The calls.
pub(crate) const NUMBERS: [u32; 6] = [
    number::PIDFD_OPEN,
    number::PIDFD_SEND_SIGNAL,
    number::WAITID,
    number::PIDFD_GETFD,
    number::PROCESS_MADVISE,
    number::PROCESS_MRELEASE,
];

/// Which of waitid(2): a process, or that of a pidfd.
const P_PID: usize = 1;
const P_PIDFD: usize = 3;

/// A number no process has.
const NOBODY: usize = i32::MAX as usize;

/// Makes the call if it is about a process elsewhere; `None` leaves it to the kernel.
pub(crate) fn dispatch(call: &SystemCall) -> Option<Result<isize>> {
    match call.number {
        number::PIDFD_OPEN => open(call),
        number::WAITID => wait(call),
        number::PIDFD_SEND_SIGNAL => send_signal(call),
        number::PIDFD_GETFD => refuse(call, 2),
        number::PROCESS_MADVISE => refuse(call, 4),
        number::PROCESS_MRELEASE => refuse(call, 1),
        _ => None,
    }
}

fn open(call: &SystemCall) -> Option<Result<isize>> {
    let pid = u32::try_from(call.int(0)).ok().filter(|&pid| pid != 0)?;
    let flags = call.int(1) as u32;
    match flags & !(NONBLOCK | THREAD) {
        0 => pidfds::open(pid, flags),
        _ => None,
    }
}

/// A process of this node that went to another one is asked for there, as by kill(2): what it
/// left here has other rights than its program.
fn send_signal(call: &SystemCall) -> Option<Result<isize>> {
    if let Some(pidfd) = Pidfd::of(call.int(0)) {
        return Some(signals::send_through(&*pidfd, call));
    }
    let native = Native::of(call.int(0))?;
    whereabouts::away(native.pid)?;
    Some(signals::send_through(&native, call))
}

/// The process is nobody's child here. The kernel says so, or what else is wrong.
fn wait(call: &SystemCall) -> Option<Result<isize>> {
    if call.int(0) as usize != P_PIDFD {
        return None;
    }
    Pidfd::of(call.int(1))?;
    let mut arguments = call.arguments;
    let [which, who, ..] = &mut arguments;
    (*which, *who) = (P_PID, NOBODY);
    Some(Ok(SystemCall { arguments, ..*call }.native()))
}

/// What reaches into a process needs its node.
fn refuse(call: &SystemCall, flags: usize) -> Option<Result<isize>> {
    let pidfd = Pidfd::of(call.int(0))?;
    Some(Err(match (call.int(flags), pidfd.life()) {
        (0, Life::Gone) => ESRCH,
        (0, Life::Runs | Life::Ended) => EPERM,
        (_, _) => EINVAL,
    }))
}
