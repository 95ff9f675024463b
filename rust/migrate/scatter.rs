// SPDX-License-Identifier: GPL-2.0

//! Programs scattered by chance.
//!
//! A mode for tests. With `/proc/sys/ssi/migrate/scatter` 1, an execve(2) whose environment
//! has [`PROGRAMS`] or [`CHILDREN`] is made on a node drawn by lot, as if it had been asked
//! for there. Who has [`CHILDREN`] has its children begin on one, too, those that share no
//! memory with it. Who cannot go executes its program here, or begins here.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::ids::NodeId;
use ssi_kapi::{
    fork::{
        self,
        Fork, //
    },
    program_state,
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
    ahead,
    drained,
    rexec,
    rfork,
    wanted::Wanted, //
};

/// What a process has in its environment whose programs are scattered.
const PROGRAMS: &[u8] = b"SSI_SCATTER=1\0";
/// And whose children are, too.
const CHILDREN: &[u8] = b"SSI_SCATTER=2\0";

/// The calls that may be made elsewhere.
const CALLS: [u32; 3] = [number::EXECVE, number::FORK, number::CLONE];

/// Whether they are.
static SCATTER: Number = Number::new(0, 0..=1).telling(hook);

static FILES: SetOnce<Registration> = SetOnce::new();

/// Creates `/proc/sys/ssi/migrate`. Call it once; may sleep.
pub(crate) fn begin() {
    match sysctl::register(
        c"ssi/migrate",
        &[
            Entry::number(c"scatter", &SCATTER),
            Entry::choice(c"mode", &ahead::MODE),
        ],
    ) {
        Ok(files) => {
            FILES.populate(files);
        }
        Err(why) => pr_warn!("no settings in /proc/sys/ssi/migrate: {:?}\n", why),
    }
}

/// The kernel asks before them once this was switched on, and not before.
fn hook() {
    for number in CALLS {
        // The number is one.
        let _ = syscall::hook(number);
    }
}

/// Makes execve(2) of the running task on another node, if chance will have it so.
pub(crate) fn execute(call: &SystemCall) -> Option<isize> {
    if SCATTER.get() == 0 {
        return None;
    }
    let [path, arguments, environment, ..] = call.arguments;
    let wanted = Wanted::of_execve(draw()?, path, arguments, environment).ok()?;
    if !has(&wanted.environment, PROGRAMS) && !has(&wanted.environment, CHILDREN) {
        return None;
    }
    // Whatever kept it from going, the kernel here finds again, or does not mind.
    rexec::execute(&wanted).ok()
}

/// Makes fork(2) or clone(2) of the running task, and has the child begin on another node,
/// if chance will have it so.
pub(crate) fn fork(call: &SystemCall) -> Option<isize> {
    if SCATTER.get() == 0 || fork::is_traced() {
        return None;
    }
    let wanted = match call.number {
        number::FORK => Fork::plain(),
        _ => Fork::of_clone(&call.arguments)?,
    };
    let node = draw()?;
    if !has(&program_state::environment().ok()?, CHILDREN) {
        return None;
    }
    let made = rfork::fork_by_chance(&wanted, node);
    Some(made.unwrap_or_else(|error| error.to_errno() as isize))
}

fn has(environment: &[u8], mark: &[u8]) -> bool {
    let mut strings = environment.split_inclusive(|&byte| byte == 0);
    strings.any(|string| string == mark)
}

/// A member by lot that is not drained; `None` for this node, and if there is none.
fn draw() -> Option<NodeId> {
    let members = ssi_clms::view().members();
    let open = || members.iter().filter(|&node| !drained::is(node));
    let lot = random::number() % open().count().max(1) as u64;
    let drawn = open().nth(lot as usize)?;
    (drawn != ssi_ics::this_node()?.node).then_some(drawn)
}
