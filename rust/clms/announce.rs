// SPDX-License-Identifier: GPL-2.0

//! News for everybody else.
//!
//! What a transition means outside of the machine: a folder in `/proc/cluster`, a
//! line in the log, an event for user space, a signal for who asked, a call of the
//! subsystems that want them all, and a script on the coordinator.

use kernel::{
    pr_warn_once,
    prelude::*,
    str::CString,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};
use ssi_core::{
    clms::transition::Transition,
    ids::NodeId,
    view::NodeState, //
};
use ssi_kapi::{
    print::Plain,
    signal::Target,
    uevent::Source, //
};

use crate::{
    driver,
    node_folder,
    scripts::Script,
    subsystem, //
};

/// Most processes that are signalled.
const TARGETS_MAX: usize = 1024;

/// Most of them in the name of one user.
const TARGETS_PER_USER_MAX: usize = 64;

/// Who is told of transitions.
#[pin_data]
pub(crate) struct Audience {
    #[pin]
    targets: Mutex<KVec<Arc<Target>>>,
    /// `/sys/kernel/ssi/cluster`.
    source: Source,
}

impl Audience {
    /// Nobody yet.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            targets <- new_mutex!(KVec::new(), "ssi_clms_targets"),
            source: Source::new(c"ssi", c"cluster")?,
        })
    }
}

/// Signals `target` at every simple transition from now on. May sleep.
///
/// # Errors
///
/// `ENOSPC` when there are [`TARGETS_MAX`], or [`TARGETS_PER_USER_MAX`] of the same
/// user; `ENOMEM`.
pub(crate) fn register(target: Arc<Target>) -> Result {
    let mut targets = driver::get()?.audience.targets.lock();
    let own = targets
        .iter()
        .filter(|other| other.same_user(&target))
        .count();
    if targets.len() >= TARGETS_MAX || own >= TARGETS_PER_USER_MAX {
        return Err(ENOSPC);
    }
    targets.push(target, GFP_KERNEL)?;
    Ok(())
}

/// Signals `target` no longer. May sleep.
pub(crate) fn unregister(target: &Arc<Target>) {
    if let Ok(driver) = driver::get() {
        let mut targets = driver.audience.targets.lock();
        targets.retain(|registered| !Arc::ptr_eq(registered, target));
    }
}

/// Tells everybody of a transition that can already be read. May sleep.
pub(crate) fn tell(transition: &Transition) {
    let Ok(driver) = driver::get() else {
        return;
    };
    log(transition);
    for subsystem in subsystem::all() {
        subsystem.transition(transition);
    }
    if let Err(error) = send_event(&driver.audience.source, transition) {
        pr_warn_once!("an event for user space was lost: {:?}\n", error);
    }
    if transition.is_simple() {
        for target in driver.audience.targets.lock().iter() {
            // Who is gone or may not be signalled misses nothing.
            let _ = target.send();
        }
    }
    let is_coordinator = driver.board.lock().view.coordinator == Some(driver.me.node);
    if transition.to == NodeState::Up && is_coordinator {
        driver.scripts.run(Script::NodeUp, transition.instance);
    }
}

/// Makes the folder of a node, when it has come for the first time. May sleep.
pub(crate) fn prepare(node: NodeId) {
    if let Err(error) = node_folder::ensure(node) {
        pr_err!("no folder for node {}: {:?}\n", Plain(node), error);
    }
}

fn log(transition: &Transition) {
    let Transition {
        instance,
        from,
        to,
        cause,
        epoch,
        ..
    } = transition;
    if matches!(
        to,
        NodeState::Up | NodeState::GoingDown | NodeState::Shutdown
    ) {
        pr_info!(
            "node {} is {} ({}), was {}; epoch {}\n",
            Plain(instance.node),
            Plain(to),
            Plain(cause),
            Plain(from),
            Plain(epoch)
        );
    }
}

fn send_event(source: &Source, transition: &Transition) -> Result {
    let Transition {
        id,
        epoch,
        instance,
        from,
        to,
        cause,
        ..
    } = transition;
    let words = [
        CString::try_from_fmt(fmt!("SSI_NODE={}", Plain(instance.node)))?,
        CString::try_from_fmt(fmt!("SSI_FROM={}", Plain(from)))?,
        CString::try_from_fmt(fmt!("SSI_TO={}", Plain(to)))?,
        CString::try_from_fmt(fmt!("SSI_CAUSE={}", Plain(cause)))?,
        CString::try_from_fmt(fmt!("SSI_EPOCH={}", Plain(epoch)))?,
        CString::try_from_fmt(fmt!("SSI_TRANSID={}", Plain(id)))?,
    ];
    source.change(&words)
}
