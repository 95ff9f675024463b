// SPDX-License-Identifier: GPL-2.0

//! Processes about to be elsewhere.
//!
//! Or here again. What home knows of each, see
//! [`ssi_core::migrate::relocation::keeper`], besides the node it is on, which its surrogate
//! knows. Those that stay where they are need no more.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    ics::call::CallId,
    ids::{
        Instance,
        NodeId, //
    },
    migrate::relocation::keeper::{
        Action,
        Keeper,
        Learnt, //
    }, //
};
use ssi_kapi::surrogate;

/// Most of them at once.
const KEPT_MAX: usize = 256;

static KEPT: SetOnce<Pin<KBox<SpinLock<KVec<Kept>>>>> = SetOnce::new();

/// A process that is about to be somewhere else.
struct Kept {
    pid: u32,
    keeper: Keeper,
    /// The call with which it comes back.
    call: Option<(Instance, CallId)>,
}

/// Makes the place where they are kept. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let room = KVec::with_capacity(KEPT_MAX, GFP_KERNEL)?;
    KEPT.populate(KBox::pin_init(
        new_spinlock!(room, "ssi_migrate_kept"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// Takes in what was learnt of process `pid`; gives what is to be done besides, which is
/// [`Action::Refuse`] when there is no room. Does not sleep.
pub(crate) fn learnt(pid: u32, learnt: Learnt) -> Action {
    step(pid, learnt, None)
}

/// Process `pid` asks to come back from `from` with `call`.
pub(crate) fn returns(pid: u32, from: Instance, call: CallId) -> Action {
    let learnt = Learnt::Returns { from: from.node };
    step(pid, learnt, Some((from, call)))
}

/// Whether process `pid` is about to come back from `node`.
pub(crate) fn is_coming(pid: u32, node: NodeId) -> bool {
    let Some(kept) = KEPT.as_ref() else {
        return false;
    };
    kept.lock().iter().any(|kept| {
        kept.pid == pid && matches!(kept.keeper, Keeper::Filling { node: from, .. } if from == node)
    })
}

/// `call` of `from` is not wanted any more. Does not sleep.
pub(crate) fn cancelled(from: Instance, call: CallId) {
    let is_it = |kept: &Kept| (kept.call == Some((from, call))).then_some(kept.pid);
    let found = KEPT
        .as_ref()
        .and_then(|kept| kept.lock().iter().find_map(is_it));
    if let Some(pid) = found {
        act(pid, learnt(pid, Learnt::Abort { from: from.node }));
    }
}

/// `node` died. What was there is reported by its surrogate.
pub(crate) fn node_down(node: NodeId) {
    let Some(kept) = KEPT.as_ref() else {
        return;
    };
    let mut kept = kept.lock();
    for one in kept.iter_mut() {
        one.keeper = one.keeper.step(Learnt::Down(node)).0;
    }
    kept.retain(|one| is_open(one.keeper));
}

/// Does what concerns the surrogate alone.
pub(crate) fn act(pid: u32, action: Action) {
    match action {
        Action::Empty => surrogate::refuse(pid),
        Action::Release => surrogate::resume(pid),
        Action::ReportKilled => {
            surrogate::report(pid, surrogate::Change::killed());
        }
        _ => (),
    }
}

fn step(pid: u32, learnt: Learnt, call: Option<(Instance, CallId)>) -> Action {
    let Some(kept) = KEPT.as_ref() else {
        return Action::Refuse;
    };
    let mut kept = kept.lock();
    let place = kept.iter().position(|kept| kept.pid == pid);
    let known = place.and_then(|place| kept.get(place));
    let (keeper, mut own_call) = match known {
        Some(known) => (known.keeper, known.call),
        None => (of_surrogate(pid), None),
    };
    let (next, action) = keeper.step(learnt);
    if let (Keeper::Away { node: from, .. }, Keeper::Away { node: to, .. }) = (keeper, next) {
        if from != to {
            match surrogate::follow(pid, from.get(), to.get()) {
                Ok(()) => (),
                Err(EBUSY) => return Action::Refuse,
                Err(_) => return Action::Disown,
            }
        }
    }
    own_call = call.or(own_call);
    match (place, is_open(next)) {
        (Some(place), true) => {
            if let Some(known) = kept.get_mut(place) {
                (known.keeper, known.call) = (next, own_call);
            }
        }
        (Some(place), false) => {
            let _ = kept.remove(place);
        }
        (None, true) => {
            let new = Kept {
                pid,
                keeper: next,
                call: own_call,
            };
            if kept.len() == KEPT_MAX {
                forget_intent(&mut kept);
            }
            if kept.push_within_capacity(new).is_err() {
                return Action::Refuse;
            }
        }
        (None, false) => (),
    }
    action
}

/// Makes room: who wants to go on and is forgotten stays where it is.
fn forget_intent(kept: &mut KVec<Kept>) {
    let is_intent = |one: &Kept| matches!(one.keeper, Keeper::Away { .. });
    if let Some(place) = kept.iter().position(is_intent) {
        let _ = kept.remove(place);
    }
}

/// One that its surrogate knows all of is not kept.
fn is_open(keeper: Keeper) -> bool {
    match keeper {
        Keeper::Away { next, .. } => next.is_some(),
        Keeper::Filling { .. } => true,
        Keeper::Home | Keeper::Over => false,
    }
}

fn of_surrogate(pid: u32) -> Keeper {
    let node = surrogate::node(pid).and_then(NodeId::new);
    node.map_or(Keeper::Over, Keeper::of)
}
