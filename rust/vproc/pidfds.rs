// SPDX-License-Identifier: GPL-2.0

//! Pidfds of other nodes' processes.
//!
//! Each has an [`Anchor`], the node that tells of the end of its process. When that node
//! goes the process may live on as a guest of another one, which is looked for then.

use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        SetOnce,
        SpinLock, //
    },
};
use ssi_core::{
    ids::NodeId,
    node_set::NodeSet,
    vproc::{
        anchor::{
            self,
            Anchor, //
        },
        pidfd::{
            self,
            Held,
            Notice,
            Watch, //
        },
        route::Route, //
    }, //
};
use ssi_kapi::{
    pidfd::{
        on_closed,
        Kind,
        Life,
        Pidfd,
        THREAD, //
    },
    queue,
    random,
    thread,
    whereabouts, //
};

use crate::{
    ask,
    map,
    pid_watches, //
};

/// How long to wait before what failed for lack of memory or room is tried again, in
/// microseconds.
const AGAIN_MICROS: u64 = 50_000;

static PIDFDS: SetOnce<Pin<KBox<SpinLock<Pidfds>>>> = SetOnce::new();

/// The token of the next one. None of an earlier life of this node comes again.
static NEXT: Atomic<u64> = Atomic::new(0);

/// By their tokens.
type Pidfds = RBTree<u64, Known>;

struct Known {
    pidfd: ARef<Pidfd>,
    anchor: Anchor,
}

/// Makes the table.
pub(crate) fn create() -> Result {
    NEXT.store(random::number(), Relaxed);
    PIDFDS.populate(KBox::pin_init(
        new_spinlock!(RBTree::new(), "ssi_pidfds"),
        GFP_KERNEL,
    )?);
    on_closed(closed);
    Ok(())
}

fn pidfds() -> Result<&'static SpinLock<Pidfds>> {
    PIDFDS
        .as_ref()
        .map(|pidfds| pidfds.as_ref().get_ref())
        .ok_or(ENODEV)
}

/// What `act` gives for that one, `None` if it was closed.
fn with<R>(token: u64, act: impl FnOnce(&mut Known) -> R) -> Option<R> {
    pidfds().ok()?.lock().get_mut(&token).map(act)
}

/// Opens one for the running task, `None` when that is for the kernel here: it has the
/// process, or what that has left here, or says itself that there is none. The flags are those of
/// pidfd_open(2). May sleep.
pub fn open(pid: u32, flags: u32) -> Option<Result<isize>> {
    let is_here = whereabouts::away(pid).is_some() || whereabouts::guest(pid).is_some();
    let map = map::of(pid)?;
    let nodes = match map::route(pid) {
        _ if is_here => None,
        Route::Anywhere => Some(map.others()),
        _ => anchor::candidates(&map, pid),
    }?;
    match open_at(nodes, pid, flags) {
        Err(ESRCH | EREMOTE) => map::nobody(pid),
        outcome => Some(outcome),
    }
}

fn open_at(nodes: NodeSet, pid: u32, flags: u32) -> Result<isize> {
    let kind = match flags & THREAD {
        0 => Kind::Process,
        _ => Kind::Thread,
    };
    let pidfd = Pidfd::new(NEXT.fetch_add(1, Relaxed), pid, kind)?;
    let known = Known {
        pidfd: pidfd.clone(),
        anchor: Anchor::Sought,
    };
    let node = RBTreeNode::new(pidfd.token(), known, GFP_KERNEL)?;
    let replaced = pidfds()?.lock().insert(node);
    drop(replaced);
    let settled = match settle(&pidfd, nodes) {
        Err(EREMOTE) => map::of(pid)
            .ok_or(ESRCH)
            .and_then(|map| settle(&pidfd, anchor::heirs(&map, pid))),
        settled => settled,
    };
    let opened = settled.and_then(|()| pidfd.open(flags));
    if opened.is_err() {
        closed(pidfd.token());
    }
    opened
}

/// Asks `nodes` one after another to tell of its process.
///
/// # Errors
///
/// `ESRCH` when none has it, `EREMOTE` when others may, `EBADF` when the pidfd was closed
/// meanwhile; those of [`pid_watches::ask`].
fn settle(pidfd: &Pidfd, nodes: NodeSet) -> Result {
    let token = pidfd.token();
    let asked = Watch {
        token,
        pid: pidfd.pid(),
        kind: match pidfd.kind() {
            Kind::Process => pidfd::Kind::Process,
            Kind::Thread => pidfd::Kind::Thread,
        },
    };
    let mut outcome = Err(ESRCH);
    for node in nodes {
        with(token, |known| known.anchor.ask(node)).ok_or(EBADF)?;
        let watched = match pid_watches::ask(node, asked) {
            Ok(watched) => watched,
            Err(ESRCH) => continue,
            Err(EREMOTE) => {
                outcome = Err(EREMOTE);
                continue;
            }
            Err(error) => return Err(error),
        };
        let identity = watched.identity;
        let held = Held { node, identity };
        match with(token, |known| known.anchor.settle(held)) {
            Some(true) => {
                pidfd.tell(to_kernel(watched.life));
                return Ok(());
            }
            // It went meanwhile.
            Some(false) => (),
            None => {
                pid_watches::forget(node, token);
                return Err(EBADF);
            }
        }
    }
    outcome
}

/// The last file of it was closed.
fn closed(token: u64) {
    let removed = pidfds()
        .ok()
        .and_then(|pidfds| pidfds.lock().remove_node(&token));
    let Some((_, known)) = removed.map(|node| node.to_key_value()) else {
        return;
    };
    let is_told = known.pidfd.life() != Life::Gone;
    if let Some(node) = known.anchor.node().filter(|_| is_told) {
        pid_watches::forget(node, token);
    }
}

/// `from` says what became of a process.
pub(crate) fn tell(from: NodeId, notice: Notice) {
    let told = with(notice.token, |known| {
        (known.anchor.node() == Some(from)).then(|| known.pidfd.clone())
    });
    if let Some(pidfd) = told.flatten() {
        pidfd.tell(to_kernel(notice.life));
    }
}

/// The process, as the node that tells of it knows it. Waits as long as that is looked for.
///
/// # Errors
///
/// `ESRCH` when there is none any more, `EBUSY` after some time, `EINTR` for a task that is
/// killed.
pub(crate) fn held(pidfd: &Pidfd) -> Result<Held> {
    for pause in ask::pauses() {
        let life = pidfd.life();
        match with(pidfd.token(), |known| known.anchor.held()).flatten() {
            Some(held) => return Ok(held),
            None if life == Life::Gone => return Err(ESRCH),
            None => ask::wait(pause)?,
        }
    }
    Err(EBUSY)
}

/// `node` is gone.
pub(crate) fn lose(node: NodeId) {
    let Ok(pidfds) = pidfds() else {
        return;
    };
    let mut is_lost = false;
    for known in pidfds.lock().values_mut() {
        is_lost |= known.anchor.lose(node);
    }
    // To look for them others have to be asked, which takes longer.
    while is_lost && queue::run_long(seek).is_err() {
        thread::sleep(AGAIN_MICROS);
    }
}

/// Looks for the processes of those that are lost.
fn seek() {
    loop {
        let mut from = Some(0);
        let mut has_failed = false;
        while let Some(pidfd) = from.and_then(take_lost) {
            has_failed |= find(&pidfd).is_err();
            from = pidfd.token().checked_add(1);
        }
        if !has_failed {
            return;
        }
        thread::sleep(AGAIN_MICROS);
    }
}

/// The first one from `token` on that is lost: the caller looks for it.
fn take_lost(token: u64) -> Option<ARef<Pidfd>> {
    let mut pidfds = pidfds().ok()?.lock();
    let mut cursor = pidfds.cursor_lower_bound_mut(&token);
    while let Some(mut at) = cursor {
        let (_, known) = at.current_mut();
        if known.anchor.take() {
            return Some(known.pidfd.clone());
        }
        cursor = at.move_next();
    }
    None
}

/// Looks for a node that tells of its process, or finds that it is no more; if it cannot be
/// said, it is lost again.
fn find(pidfd: &Pidfd) -> Result {
    let pid = pidfd.pid();
    let map = map::of(pid).ok_or(ENODEV)?;
    let mut nodes = anchor::heirs(&map, pid);
    if whereabouts::guest(pid).is_some() {
        nodes = [map.me].into_iter().collect();
    }
    match settle(pidfd, nodes) {
        Err(ESRCH | EREMOTE) => {
            pidfd.tell(Life::Gone);
            Ok(())
        }
        Ok(()) | Err(EBADF) => Ok(()),
        Err(error) => {
            with(pidfd.token(), |known| known.anchor.give_up());
            Err(error)
        }
    }
}

fn to_kernel(life: pidfd::Life) -> Life {
    match life {
        pidfd::Life::Runs => Life::Runs,
        pidfd::Life::Ended => Life::Ended,
        pidfd::Life::Gone => Life::Gone,
    }
}
