// SPDX-License-Identifier: GPL-2.0

//! Calls about the caller itself.

use ssi_kapi::syscall::{
    number,
    Dispatch,
    SystemCall, //
};

use crate::{
    children,
    relations,
    scatter,
    users,
    wait, //
};

/// Asked before setpgid(2), setsid(2), execve(2), fork(2), clone(2), wait4(2), waitid(2),
/// sigaction(2) and what changes users.
pub(crate) struct Calls;

impl Dispatch for Calls {
    fn dispatch(&self, call: &SystemCall) -> Option<isize> {
        match call.number {
            number::EXECVE | number::EXECVEAT => execute(call),
            number::WAIT4 | number::WAITID => wait::dispatch(call),
            number::RT_SIGACTION => children::handle(call),
            number::FORK | number::CLONE => scatter::fork(call),
            number::SETPGID | number::SETSID => relations::dispatch(call),
            _ => users::dispatch(call),
        }
    }

    /// It never is a guest, nor becomes one.
    fn dispatch_first(&self, _: &SystemCall) -> Option<isize> {
        None
    }
}

/// What a program has become handles its children in another way than before.
fn execute(call: &SystemCall) -> Option<isize> {
    let scattered = match call.number {
        number::EXECVE => scatter::execute(call),
        _ => None,
    };
    let result = scattered.or_else(|| users::dispatch(call))?;
    children::tell_handling();
    Some(result)
}
