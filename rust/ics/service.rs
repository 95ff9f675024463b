// SPDX-License-Identifier: GPL-2.0

//! Services a node offers.
//!
//! A service has a name and a version. It is registered once, for as long as the
//! kernel runs; a node that lacks one answers calls to it with
//! [`Status::NoService`](ssi_core::ics::payload::Status::NoService), or
//! `NoVersion` if it has another version.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        SetOnce, //
    }, //
};
use ssi_core::ics::{
    call::CallId,
    payload::{
        ServiceId,
        Status, //
    }, //
};
use ssi_core::ids::Instance;

use crate::{
    counters::ServiceCounters,
    request::Request, //
};

/// Most services of a node.
pub const SERVICES_MAX: usize = 64;

static SERVICES: [SetOnce<Entry>; SERVICES_MAX] = [const { SetOnce::new() }; SERVICES_MAX];

/// Where the requests of a service are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the reactor thread, at once: for services that answer within
    /// microseconds. They must not sleep for long, and cannot call.
    Inline,
    /// On a worker of the request's level.
    Worker,
}

/// What a service does.
pub trait Handler: Sync {
    /// Serves `request`, which may be answered here or later, by any thread.
    fn serve(&self, request: Request);

    /// The caller no longer wants `call` of `from`, or is gone: a request that
    /// waits should be answered soon; its answer counts as before. Runs on the
    /// reactor thread and must not sleep.
    fn cancelled(&self, from: Instance, call: CallId) {
        let _ = (from, call);
    }
}

/// A service.
pub struct Service {
    /// Its name, the same on all nodes.
    pub name: &'static str,
    /// Its version; another one is another language.
    pub version: u16,
    /// Where it is served.
    pub place: Place,
    /// Requests one peer may have on their way at once, at one level.
    pub window: u16,
    /// What it does.
    pub handler: &'static dyn Handler,
}

/// A registered service.
pub(crate) struct Entry {
    pub(crate) id: ServiceId,
    pub(crate) service: &'static Service,
    pub(crate) counters: ServiceCounters,
    /// Requests of all peers that were not answered.
    held: Atomic<u32>,
}

impl Entry {
    /// Requests of all peers that were not answered.
    pub(crate) fn held(&self) -> u32 {
        self.held.load(Relaxed)
    }

    /// One more came.
    pub(crate) fn came(&self) {
        self.counters.requests.count();
        let _ = self.held.fetch_add(1u32, Relaxed);
    }

    /// One was answered.
    pub(crate) fn went(&self) {
        let _ = self.held.fetch_sub(1u32, Relaxed);
    }
}

/// Offers `service` to all nodes, from now on. Process context.
///
/// # Errors
///
/// `EEXIST` when its name, or another name with the same hash, is registered;
/// `EINVAL` for a window of 0; `ENOSPC` for more than [`SERVICES_MAX`].
pub fn register(service: &'static Service) -> Result {
    let id = ServiceId::of(service.name);
    if service.window == 0 {
        return Err(EINVAL);
    }
    if entries().any(|entry| entry.id == id) {
        return Err(EEXIST);
    }
    for slot in &SERVICES {
        let entry = Entry {
            id,
            service,
            counters: ServiceCounters::new(),
            held: Atomic::new(0),
        };
        if slot.populate(entry) {
            return Ok(());
        }
    }
    Err(ENOSPC)
}

/// The registered services.
pub(crate) fn entries() -> impl Iterator<Item = &'static Entry> {
    SERVICES.iter().map_while(SetOnce::as_ref)
}

/// The service a request is for.
pub(crate) fn find(id: ServiceId, version: u16) -> Result<&'static Entry, Status> {
    let entry = entries()
        .find(|entry| entry.id == id)
        .ok_or(Status::NoService)?;
    match entry.service.version == version {
        true => Ok(entry),
        false => Err(Status::NoVersion),
    }
}
