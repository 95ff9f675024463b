// SPDX-License-Identifier: GPL-2.0

//! Users of a guest.
//!
//! What a guest is from now on its home is told, so that what it left there is the same users:
//! they are in what its parent is told, and are asked for where the kernel sends signals.
//! That is seen when the call that changed them returns, in the thread that stands for the
//! process.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::{
    ids::NodeId,
    migrate::news::{
        News,
        Users,
        What, //
    }, //
};
use ssi_kapi::{
    behalf::{
        Caller,
        Ids, //
    },
    surrogate,
    syscall::{
        self,
        number,
        SystemCall, //
    },
    whereabouts, //
};

use crate::news;

/// The calls that may change them.
const NUMBERS: [u32; 11] = [
    number::SETUID,
    number::SETGID,
    number::SETREUID,
    number::SETREGID,
    number::SETRESUID,
    number::SETRESGID,
    number::SETFSUID,
    number::SETFSGID,
    number::CAPSET,
    number::EXECVE,
    number::EXECVEAT,
];

static IS_HOOKED: SetOnce<()> = SetOnce::new();

/// Has the kernel ask before these calls from now on: there is a guest.
pub(crate) fn watch() {
    if IS_HOOKED.populate(()) {
        for number in NUMBERS {
            // The number is one.
            let _ = syscall::hook(number);
        }
    }
}

/// Makes `call`, if it is one of a guest that may change its users, and tells home.
pub(crate) fn dispatch(call: &SystemCall) -> Option<isize> {
    if !NUMBERS.contains(&call.number) {
        return None;
    }
    home()?;
    let before = of_current().ok()?;
    let result = call.native();
    if let Ok(now) = of_current() {
        if now != before {
            tell(now);
        }
    }
    Some(result)
}

/// The running task is a guest that begins. A program may have made it other users than it
/// was when it left.
pub(crate) fn began() {
    if let Ok(users) = of_current() {
        let differ = |numbers: [u32; 4]| {
            let [real, others @ ..] = numbers;
            others.iter().any(|&number| number != real)
        };
        if differ(users.user) || differ(users.group) {
            tell(users);
        }
    }
}

/// What process `pid`, of `node`, left here is `users` from now on.
pub(crate) fn take_in(pid: u32, node: u8, users: Users) {
    // One that is gone needs none.
    let _ = surrogate::change_users(pid, node, to_caller(&users));
}

/// What the running task stands for is `users`: if that is a guest, its home is told.
pub(crate) fn became(users: &Caller) {
    tell(of(users));
}

/// The home of the running task, if that stands for a guest.
fn home() -> Option<NodeId> {
    let own = syscall::own_process();
    let home = whereabouts::guest(own)?.home?;
    NodeId::new(home).filter(|_| syscall::is_leader())
}

fn tell(users: Users) {
    if let Some(home) = home() {
        let pid = syscall::own_process();
        let what = What::Users(users);
        news::tell(home, News { pid, what });
    }
}

fn of_current() -> Result<Users> {
    Caller::current().map(|caller| of(&caller))
}

fn of(caller: &Caller) -> Users {
    let numbers = |ids: Ids| [ids.real, ids.effective, ids.saved, ids.fs];
    Users {
        user: numbers(caller.user),
        group: numbers(caller.group),
        effective: caller.effective,
        permitted: caller.permitted,
    }
}

fn to_caller(users: &Users) -> Caller {
    let ids = |[real, effective, saved, fs]: [u32; 4]| Ids {
        real,
        effective,
        saved,
        fs,
    };
    Caller {
        user: ids(users.user),
        group: ids(users.group),
        effective: users.effective,
        permitted: users.permitted,
        tgid: 0,
        tid: 0,
        session: 0,
        is_foreign: false,
        groups: KVec::new(),
    }
}
