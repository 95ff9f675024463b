// SPDX-License-Identifier: GPL-2.0

//! Calls about the caller itself.

use ssi_kapi::syscall::{
    number,
    Dispatch,
    SystemCall, //
};

use crate::{
    relations,
    scatter,
    users, //
};

/// Asked before setpgid(2), setsid(2), execve(2), fork(2), clone(2) and what changes users.
pub(crate) struct Calls;

impl Dispatch for Calls {
    fn dispatch(&self, call: &SystemCall) -> Option<isize> {
        match call.number {
            number::EXECVE => scatter::execute(call).or_else(|| users::dispatch(call)),
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
