// SPDX-License-Identifier: GPL-2.0

//! Those who follow the membership.
//!
//! A [`Subsystem`] is told on every node which nodes came and which went. No node
//! is UP before all subsystems of all members were told of it and have returned;
//! no node is cleaned up after before all have done their part. The order of the
//! calls is decided in the core (`clms/subsystems.rs`): losses before gains,
//! subsystems in the order of registration, which is that of their layers.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::{
    clms::{
        subsystems::SUBSYSTEMS_MAX,
        transition::Transition, //
    },
    ids::Instance,
    view::View,
};

/// Longest name, in bytes.
pub const SUBSYSTEM_NAME_BYTES_MAX: usize = 24;

/// Something that must know who is in the cluster.
///
/// All functions are called on a thread of their own, one call at a time, in the
/// same order on all nodes. They may sleep and call other members through ICS: a
/// call to a node that dies meanwhile ends with an error. They must return; until
/// then the view change waits, and after a while the log names the subsystem.
pub trait Subsystem: Send + Sync {
    /// Its name: lower case letters, digits, `_`; unique, at most
    /// [`SUBSYSTEM_NAME_BYTES_MAX`] bytes.
    fn name(&self) -> &'static str;

    /// Names of subsystems it stands on. They are told first, of gains and of
    /// losses: a layer is in order before the one above it looks.
    fn stands_on(&self) -> &'static [&'static str] {
        &[]
    }

    /// `instance` has come; `view` has it as a member. This node itself comes, too,
    /// and with it, for its own subsystems, everybody who is in already.
    fn node_up(&self, view: &View, instance: Instance);

    /// `instance` is gone for good, proven; `view` does not have it. Calls to it
    /// have ended, and nothing it sent takes effect any more.
    fn node_down(&self, view: &View, instance: Instance);

    /// A state has changed, that of a member or not. Called for each transition
    /// this node has taken part in, in order, on the thread of the machine: must
    /// not sleep for long or wait for another node.
    fn transition(&self, _transition: &Transition) {}
}

/// The subsystems, in the order in which they are told.
static SUBSYSTEMS: [SetOnce<&'static dyn Subsystem>; SUBSYSTEMS_MAX] =
    [const { SetOnce::new() }; SUBSYSTEMS_MAX];

/// Nobody registers any more.
static CLOSED: SetOnce<()> = SetOnce::new();

/// Adds a subsystem, behind those that are there. Call from the `init` of a
/// module; process context.
///
/// # Errors
///
/// `EINVAL` for a name that is none, `EEXIST` for one that is taken, `ENOENT` when
/// it stands on one that is not there (yet), `ENOSPC` when there are
/// [`SUBSYSTEMS_MAX`], `EBUSY` after boot.
pub fn register(subsystem: &'static dyn Subsystem) -> Result {
    if CLOSED.as_ref().is_some() {
        return Err(EBUSY);
    }
    if !is_name(subsystem.name()) {
        return Err(EINVAL);
    }
    if is_there(subsystem.name()) {
        return Err(EEXIST);
    }
    if !subsystem.stands_on().iter().all(|name| is_there(name)) {
        return Err(ENOENT);
    }
    SUBSYSTEMS
        .iter()
        .any(|slot| slot.populate(subsystem))
        .then_some(())
        .ok_or(ENOSPC)
}

/// Refuses everybody from now on: the first view is about to come.
pub(crate) fn close() {
    CLOSED.populate(());
}

/// The subsystems, in order.
pub(crate) fn all() -> impl Iterator<Item = &'static dyn Subsystem> {
    SUBSYSTEMS.iter().map_while(SetOnce::copy)
}

/// The one with this place in the order.
pub(crate) fn get(place: usize) -> Option<&'static dyn Subsystem> {
    SUBSYSTEMS.get(place).and_then(SetOnce::copy)
}

/// Whether `name` may be that of a subsystem or service.
pub(crate) fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=SUBSYSTEM_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(good)
}

fn is_there(name: &str) -> bool {
    all().any(|subsystem| subsystem.name() == name)
}
