// SPDX-License-Identifier: GPL-2.0

//! Programs scattered by chance.
//!
//! A mode for tests. With `/proc/sys/ssi/migrate/scatter` 1, an execve(2) whose environment
//! has [`MARK`] is made on a node drawn by lot, as if it had been asked for there. Who cannot
//! go executes its program here.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::ids::NodeId;
use ssi_kapi::{
    random,
    syscall::{
        self,
        number,
        SystemCall, //
    },
    sysctl::{
        self,
        Entry,
        Number,
        Registration, //
    }, //
};

use crate::{
    rexec,
    wanted::Wanted, //
};

/// What a process has in its environment whose programs are scattered.
const MARK: &[u8] = b"SSI_SCATTER=1\0";

/// Whether they are.
static SCATTER: Number = Number::new(0, 0..=1).telling(hook);

static FILES: SetOnce<Registration> = SetOnce::new();

/// Creates `/proc/sys/ssi/migrate`. Call it once; may sleep.
pub(crate) fn begin() {
    match sysctl::register(c"ssi/migrate", &[Entry::number(c"scatter", &SCATTER)]) {
        Ok(files) => {
            FILES.populate(files);
        }
        Err(why) => pr_warn!("no settings in /proc/sys/ssi/migrate: {:?}\n", why),
    }
}

/// The kernel asks before execve(2) once this was switched on, and not before.
fn hook() {
    // The number is one.
    let _ = syscall::hook(number::EXECVE);
}

/// Makes execve(2) of the running task on another node, if chance will have it so.
pub(crate) fn dispatch(call: &SystemCall) -> Option<isize> {
    if SCATTER.get() == 0 {
        return None;
    }
    let [path, arguments, environment, ..] = call.arguments;
    let wanted = Wanted::of_execve(draw()?, path, arguments, environment).ok()?;
    let mut strings = wanted.environment.split_inclusive(|&byte| byte == 0);
    if !strings.any(|string| string == MARK) {
        return None;
    }
    // Whatever kept it from going, the kernel here finds again, or does not mind.
    rexec::execute(&wanted).ok()
}

/// A member by lot; `None` for this node.
fn draw() -> Option<NodeId> {
    let members = ssi_clms::view().members();
    let lot = random::number() % members.len().max(1) as u64;
    let drawn = members.iter().nth(lot as usize)?;
    (drawn != ssi_ics::this_node()?.node).then_some(drawn)
}
