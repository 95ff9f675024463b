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
    ids::{
        Instance,
        NodeId, //
    },
    migrate::relocation::arrival::{
        self,
        Action,
        Happened, //
    }, //
};
use ssi_kapi::guest;

use crate::ask::{
    self,
    Operation, //
};

/// Most processes that arrive at once.
const ARRIVALS_MAX: usize = 256;

static ARRIVALS: SetOnce<Pin<KBox<SpinLock<KVec<Arrival>>>>> = SetOnce::new();

/// Process between two nodes.
#[derive(Clone, Copy)]
struct Arrival {
    pid: u32,
    from: Instance,
    /// Where its surrogate is.
    home: NodeId,
    call: CallId,
    machine: arrival::Arrival,
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

/// Process `pid` arrives from `from` with `call`; its home is `home`.
///
/// # Errors
///
/// `EEXIST` if it does so already, `EBUSY` for more than [`ARRIVALS_MAX`] at once.
pub(crate) fn begin(pid: u32, from: Instance, home: NodeId, call: CallId) -> Result {
    let mut arrivals = ARRIVALS.as_ref().ok_or(ENODEV)?.lock();
    if arrivals.iter().any(|arrival| arrival.pid == pid) {
        return Err(EEXIST);
    }
    let machine = match home == from.node {
        true => arrival::Arrival::under_source(),
        false => arrival::Arrival::under_home(),
    };
    let arrival = Arrival {
        pid,
        from,
        home,
        call,
        machine,
    };
    // There is as much room as may be used.
    arrivals.push_within_capacity(arrival).map_err(|_| EBUSY)
}

/// Takes in what happened to process `pid` that came from `from`; gives what is to be done
/// besides.
pub(crate) fn happened(pid: u32, from: Instance, happened: Happened) -> Action {
    let is_it = |arrival: &Arrival| arrival.pid == pid && arrival.from == from;
    step(is_it, happened).unwrap_or(Action::TellNotThere)
}

/// `from` decided for process `pid`: where it comes from, or its home.
pub(crate) fn commit(pid: u32, from: Instance) -> Action {
    let of_source = happened(pid, from, Happened::CommitOfSource);
    if of_source != Action::TellNotThere {
        return of_source;
    }
    let is_at_home = |arrival: &Arrival| arrival.pid == pid && arrival.home == from.node;
    step(is_at_home, Happened::CommitOfHome).unwrap_or(Action::TellNotThere)
}

/// Its home `from` never decides for process `pid`.
pub(crate) fn forsaken(pid: u32, from: Instance) {
    let is_it = |arrival: &Arrival| arrival.pid == pid && arrival.home == from.node;
    step(is_it, Happened::Forsaken);
}

/// Whether process `pid` came a moment ago, and not all who may speak for it have done so.
pub(crate) fn is_open(pid: u32) -> bool {
    ARRIVALS.as_ref().is_some_and(|arrivals| {
        let arrivals = arrivals.lock();
        arrivals.iter().any(|arrival| arrival.pid == pid)
    })
}

/// `call` of `from` is not wanted any more. Does not sleep.
pub(crate) fn cancelled(from: Instance, call: CallId) {
    let is_it = |arrival: &Arrival| {
        arrival.from == from && arrival.call == call && !arrival.machine.is_released()
    };
    step(is_it, Happened::Abort);
}

/// `node` died: what came from there, or is at home there, takes it in.
pub(crate) fn node_down(node: Instance) {
    each(|arrival| arrival.from == node, Happened::SourceDown);
    home_down(node.node);
}

/// Node `home` is gone.
pub(crate) fn home_down(home: NodeId) {
    each(|arrival| arrival.home == home, Happened::HomeDown);
}

/// Takes each that `is_it` one step further.
fn each(is_it: impl Fn(&Arrival) -> bool, happened: Happened) {
    let pids = ARRIVALS.as_ref().map(|arrivals| {
        let mut pids = [0; ARRIVALS_MAX];
        let arrivals = arrivals.lock();
        let found = arrivals.iter().filter(|arrival| is_it(arrival));
        for (place, arrival) in pids.iter_mut().zip(found) {
            *place = arrival.pid;
        }
        pids
    });
    for pid in pids.into_iter().flatten().take_while(|&pid| pid != 0) {
        step(|arrival| arrival.pid == pid && is_it(arrival), happened);
    }
}

/// Takes the first one a step further that `is_it`, and forgets it if nothing is open any
/// more.
fn step(is_it: impl Fn(&Arrival) -> bool, happened: Happened) -> Option<Action> {
    let mut arrivals = ARRIVALS.as_ref()?.lock();
    let place = arrivals.iter().position(is_it)?;
    let arrival = arrivals.get_mut(place)?;
    let (machine, action) = arrival.machine.step(happened);
    arrival.machine = machine;
    let arrival = *arrival;
    if machine.is_over() {
        let _ = arrivals.remove(place);
    }
    drop(arrivals);
    arrival.act(action);
    Some(action)
}

impl Arrival {
    fn act(&self, action: Action) {
        match action {
            Action::Kill => guest::kill(self.pid),
            Action::Release => guest::release(self.pid),
            Action::AskHome => ask::tell(self.home, Operation::Asked, &self.pid.to_le_bytes()),
            _ => (),
        }
    }
}
