// SPDX-License-Identifier: GPL-2.0

//! Levels of served requests.
//!
//! A call made while a request is served has the next higher level. Which request
//! a thread serves is looked up here, so that a service need not hand it on.

use kernel::{
    current,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use ssi_core::ics::priority::{
    Priority,
    TooDeep,
    LEVELS, //
};
use ssi_kapi::thread;

/// Requests of one level that workers serve at once.
pub(crate) const WORKERS_MAX: usize = 16;

static SERVING: [Serving; LEVELS * WORKERS_MAX] =
    [const { Serving::nobody() }; LEVELS * WORKERS_MAX];

/// A thread that serves a request, 0 for none, and the request's level.
struct Serving {
    thread: Atomic<usize>,
    level: Atomic<u32>,
}

impl Serving {
    const fn nobody() -> Self {
        Self {
            thread: Atomic::new(0),
            level: Atomic::new(0),
        }
    }
}

/// The calling thread serves a request as long as this lives.
pub(crate) struct Served(Option<&'static Serving>);

/// The calling thread begins to serve a request of `level`.
pub(crate) fn serve(level: Priority) -> Served {
    let me = me();
    let place = SERVING.iter().find(|slot| {
        // A thread finds its own entry only, so nobody needs to see more.
        slot.thread.load(Relaxed) == 0 && slot.thread.cmpxchg(0, me, Relaxed).is_ok()
    });
    if let Some(slot) = place {
        slot.level.store(level.get().into(), Relaxed);
    }
    Served(place)
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(slot) = self.0 {
            slot.thread.store(0, Relaxed);
        }
    }
}

/// The level of a call the calling thread makes.
///
/// # Errors
///
/// [`TooDeep`] when it serves a request of the highest level.
pub(crate) fn of_call() -> Result<Priority, TooDeep> {
    Priority::of_call(serving())
}

fn serving() -> Option<Priority> {
    if !thread::is_worker() {
        return None;
    }
    let me = me();
    SERVING
        .iter()
        .find(|slot| slot.thread.load(Relaxed) == me)
        .and_then(|slot| slot.level.load(Relaxed).try_into().ok())
        .and_then(Priority::new)
}

fn me() -> usize {
    current!().as_ptr().addr()
}
