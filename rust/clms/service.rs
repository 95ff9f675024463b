// SPDX-License-Identifier: GPL-2.0

//! Services with one instance.
//!
//! A key service runs on one node of the cluster. Where follows from the view
//! (`clms/key_service.rs` of the core): the lowest node that was UP when the view was
//! committed. When a service moves between two that live, the old node stops it inside
//! the barrier of the view change, and the new one starts it when the view is active:
//! there are never two. A node that comes up is looked at by the next view, so that it
//! takes nothing from one that is not told.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::{
    clms::key_service::place,
    ids::{
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    view::View, //
};

use crate::{
    driver,
    subsystem, //
};

/// Most key services.
pub const KEY_SERVICES_MAX: usize = 16;

/// A service that runs on one node at a time.
///
/// Both functions are called on the thread of the subsystems, one at a time; they
/// may sleep and call other members.
pub trait KeyService: Send + Sync {
    /// Its name: lower case letters, digits, `_`; unique, at most
    /// [`SUBSYSTEM_NAME_BYTES_MAX`](crate::subsystem::SUBSYSTEM_NAME_BYTES_MAX)
    /// bytes.
    fn name(&self) -> &'static str;

    /// It runs on this node from now on. Nothing of it runs elsewhere; what it knew
    /// on a node that died is lost unless it is rebuilt here from the others.
    fn start(&self, view: &View);

    /// It runs on this node no longer: it must be at rest on return. Not called when
    /// this node is excluded; then the kernel stops.
    fn stop(&self, view: &View);
}

static SERVICES: [SetOnce<&'static dyn KeyService>; KEY_SERVICES_MAX] =
    [const { SetOnce::new() }; KEY_SERVICES_MAX];

/// Adds a key service. Call from the `init` of a module; process context.
///
/// # Errors
///
/// `EINVAL` for a name that is none, `EEXIST` for one that is taken, `ENOSPC` when
/// there are [`KEY_SERVICES_MAX`].
pub fn register(service: &'static dyn KeyService) -> Result {
    if !subsystem::is_name(service.name()) {
        return Err(EINVAL);
    }
    if all().any(|other| other.name() == service.name()) {
        return Err(EEXIST);
    }
    SERVICES
        .iter()
        .any(|slot| slot.populate(service))
        .then_some(())
        .ok_or(ENOSPC)
}

/// Which node the key service `name` runs on, as far as this node knows; `None`
/// while it runs nowhere, and for a name that is none. May sleep.
pub fn location(name: &str) -> Option<NodeId> {
    if !all().any(|service| service.name() == name) {
        return None;
    }
    let driver = driver::get().ok()?;
    let at = driver.board.lock().services_at;
    at.map(|instance| instance.node)
}

/// The key services, in the order they were registered.
pub(crate) fn all() -> impl Iterator<Item = &'static dyn KeyService> {
    SERVICES.iter().map_while(SetOnce::copy)
}

/// Where they run, as the thread of the subsystems knows.
pub(crate) struct Services {
    /// Where the view in force wanted them when it was committed.
    committed: Option<Instance>,
    /// Whether they run here.
    is_here: bool,
}

impl Services {
    /// They run nowhere.
    pub(crate) const fn new() -> Self {
        Self {
            committed: None,
            is_here: false,
        }
    }

    /// Stops them here when `view`, just committed, wants them elsewhere.
    pub(crate) fn leave(&mut self, view: &View) {
        self.committed = place(view, &everybody());
        if self.is_here && !is_me(self.committed) {
            self.is_here = false;
            for service in all() {
                service.stop(view);
            }
        }
        show(self.committed);
    }

    /// Starts them here when `view`, now active, wants them here and they do not run.
    pub(crate) fn settle(&mut self, view: &View) {
        let at = self.committed.or_else(|| place(view, &everybody()));
        self.committed = at;
        if !self.is_here && is_me(at) {
            self.is_here = true;
            for service in all() {
                service.start(view);
            }
        }
        show(at);
    }
}

fn show(at: Option<Instance>) {
    if let Ok(driver) = driver::get() {
        driver.board.lock().services_at = at;
    }
}

fn is_me(at: Option<Instance>) -> bool {
    let me = driver::get().map(|driver| driver.me.node).ok();
    at.map(|instance| instance.node) == me && me.is_some()
}

fn everybody() -> NodeSet {
    NodeId::all().collect()
}
