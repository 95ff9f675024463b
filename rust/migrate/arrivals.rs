// SPDX-License-Identifier: GPL-2.0

//! Processes that arrive.
//!
//! From the request to execute a program until home has decided. Those that run are known
//! to [`ssi_kapi::guest`] alone.

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
    ids::Instance,
    migrate::handover::{
        Guest,
        GuestAction,
        Happened, //
    }, //
};
use ssi_kapi::guest;

/// Most processes that arrive at once.
const ARRIVALS_MAX: usize = 256;

static ARRIVALS: SetOnce<Pin<KBox<SpinLock<KVec<Arrival>>>>> = SetOnce::new();

/// Process between two nodes.
struct Arrival {
    pid: u32,
    from: Instance,
    call: CallId,
    guest: Guest,
}

/// Makes the place where they are kept. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let room = KVec::with_capacity(ARRIVALS_MAX, GFP_KERNEL)?;
    ARRIVALS.populate(KBox::pin_init(
        new_spinlock!(room, "ssi_migrate_arrivals"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// Process `pid` of `from` arrives with `call`.
///
/// # Errors
///
/// `EEXIST` if it does so already, `EBUSY` for more than [`ARRIVALS_MAX`] at once.
pub(crate) fn begin(pid: u32, from: Instance, call: CallId) -> Result {
    let mut arrivals = ARRIVALS.as_ref().ok_or(ENODEV)?.lock();
    if arrivals.iter().any(|arrival| arrival.pid == pid) {
        return Err(EEXIST);
    }
    let arrival = Arrival {
        pid,
        from,
        call,
        guest: Guest::Starting,
    };
    // There is as much room as may be used.
    arrivals.push_within_capacity(arrival).map_err(|_| EBUSY)
}

/// Takes in what happened to process `pid` of `from`; gives what is to be done besides.
pub(crate) fn happened(pid: u32, from: Instance, happened: Happened) -> GuestAction {
    let is_it = |arrival: &Arrival| arrival.pid == pid && arrival.from == from;
    step(is_it, happened).unwrap_or_else(|| Guest::Gone.step(happened).1)
}

/// `call` of `from` is not wanted any more. Does not sleep.
pub(crate) fn cancelled(from: Instance, call: CallId) {
    let is_it = |arrival: &Arrival| arrival.from == from && arrival.call == call;
    step(is_it, Happened::Abort);
}

/// `home` died: none of its processes that arrive runs.
pub(crate) fn home_down(home: Instance) {
    let is_open = |arrival: &Arrival| {
        arrival.from == home && matches!(arrival.guest, Guest::Starting | Guest::Held)
    };
    while step(is_open, Happened::HomeDown).is_some() {}
}

/// Takes the first one a step further that `is_it`, and forgets it if nothing is open any
/// more.
fn step(is_it: impl Fn(&Arrival) -> bool, happened: Happened) -> Option<GuestAction> {
    let mut arrivals = ARRIVALS.as_ref()?.lock();
    let place = arrivals.iter().position(is_it)?;
    let arrival = arrivals.get_mut(place)?;
    let (guest, action) = arrival.guest.step(happened);
    arrival.guest = guest;
    let pid = arrival.pid;
    if matches!(guest, Guest::Running | Guest::Gone) {
        let _ = arrivals.remove(place);
    }
    drop(arrivals);
    match action {
        GuestAction::Kill => guest::kill(pid),
        GuestAction::Release => guest::release(pid),
        _ => (),
    }
    Some(action)
}
