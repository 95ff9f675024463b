// SPDX-License-Identifier: GPL-2.0

//! Task that forks elsewhere.
//!
//! The child is made here, and before its first step it [hands itself
//! over](crate::hand_over). Its parent waits until that is decided: if it stayed, it never
//! was.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    }, //
};
use ssi_core::ids::NodeId;
use ssi_kapi::{
    address_space::Memory,
    device::Rfork,
    event::{
        Event,
        Patience, //
    },
    fork::{
        self,
        Fate, //
    },
    task_state::{
        self,
        Cannot, //
    }, //
};

use crate::{
    ask::Operation,
    hand_over::{
        HandOver,
        Outcome, //
    },
    lent,
    parcel::Parcel, //
};

/// What the parent is told by its child.
#[pin_data]
struct Word {
    #[pin]
    outcome: SpinLock<Option<Result>>,
    is_said: Event,
}

impl Word {
    fn new() -> Result<Arc<Self>> {
        let is_said = Event::new()?;
        Arc::pin_init(
            pin_init!(Self {
                outcome <- new_spinlock!(None, "ssi_migrate_word"),
                is_said,
            }),
            GFP_KERNEL,
        )
    }

    fn say(&self, outcome: Result) {
        *self.outcome.lock() = Some(outcome);
        self.is_said.raise();
    }

    /// Waits for it; `None` for who is killed, and does not.
    fn hear(&self) -> Option<Result> {
        self.is_said.wait(Patience::Killable, None).ok()?;
        *self.outcome.lock()
    }
}

/// Forks the running task as it is `wanted`; gives the number of the child. May sleep.
///
/// # Errors
///
/// `EINVAL` for flags, `ENODEV` for what is no node's number, `EHOSTDOWN` for a node that
/// is not in the cluster; those of fork(2); why the child cannot leave
/// ([`task_state::Cannot`]); those of [`Parcel::pack_process`]; `EAGAIN` for too many at
/// once; what the other node says. Then there is no child.
pub(crate) fn fork(wanted: &Rfork) -> Result<isize> {
    let me = ssi_ics::this_node().ok_or(ENODEV)?;
    if wanted.flags != 0 {
        return Err(EINVAL);
    }
    let node = u8::try_from(wanted.node).ok().and_then(NodeId::new);
    let node = node.ok_or(ENODEV)?;
    // A filter of system calls may say something of fork(2), and was not asked.
    if let Err(why @ Cannot::Seccomp) = task_state::may_leave() {
        return Err(why.error());
    }
    if node == me.node {
        return Ok(fork::fork(|| Fate::Lives)?.pid() as isize);
    }
    if !ssi_clms::view().members().contains(node) {
        return Err(EHOSTDOWN);
    }
    fork_to(node)
}

fn fork_to(node: NodeId) -> Result<isize> {
    let word = Word::new()?;
    let own = word.clone();
    let child = fork::fork(move || {
        let outcome = go(node);
        own.say(outcome);
        outcome.map_or(Fate::Undone, |()| Fate::Lives)
    })?;
    match word.hear() {
        None => Err(EINTR),
        Some(Ok(())) => Ok(child.pid() as isize),
        Some(Err(error)) => {
            child.await_end();
            Err(error)
        }
    }
}

/// In the child: goes to `node`. One that was killed is a child as any other: its parent
/// finds what became of it.
fn go(node: NodeId) -> Result {
    if fork::is_killed() {
        return Ok(());
    }
    task_state::may_leave().map_err(|why| why.error())?;
    let pid = task_state::pid();
    let memory = Memory::of_current()?;
    let parcel = Parcel::pack_process(node, &memory)?;
    let loan = match lent::lend(pid, node, memory) {
        Ok(loan) => loan,
        Err(error) => {
            parcel.withdraw();
            return Err(error);
        }
    };
    let hand_over = HandOver {
        pid,
        node,
        operation: Operation::Fork,
    };
    let outcome = hand_over.run(parcel);
    drop(loan);
    match outcome {
        Outcome::Left | Outcome::Killed => Ok(()),
        Outcome::Stayed(_) if fork::is_killed() => Ok(()),
        Outcome::Stayed(error) => Err(error),
    }
}
