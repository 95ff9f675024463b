// SPDX-License-Identifier: GPL-2.0

//! Guest that goes on.
//!
//! It moves to another node and leaves nothing here: its signals go along, and its task ends
//! without a word.

use kernel::{
    bindings,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Relaxed,
            Release, //
        },
        Arc, //
    }, //
};

use super::{
    find,
    Guest,
    State, //
};
use crate::{
    errand::{
        self,
        After, //
    },
    fork,
    lent_number,
    signal_info::SentSignal,
    surrogate,
    task_state,
    thread,
    whereabouts, //
};

/// Time until is looked again whether somebody is about to do something.
const VISIT_MICROS: u64 = 50;

/// The running process, a guest on its way to user mode, is about to go on to another node:
/// its home's signals are [refused](signal) for now, `first` is called, and those that wait for
/// the process are taken out and `given`. What could not be is the error; then it goes on as
/// before. May sleep.
///
/// # Errors
///
/// `ESRCH` if it is no guest that runs, `EINTR` for one that is being killed, `ENOMEM`, or what
/// `first` and `given` say.
pub fn hand_on(
    first: impl FnOnce() -> Result,
    mut given: impl FnMut(&SentSignal) -> Result,
) -> Result {
    let guest = find(task_state::pid()).ok_or(ESRCH)?;
    guest.pass(&|state| matches!(state, State::Staying), State::Departing)?;
    guest.await_visits();
    // Who asks for members of a group finds the copy.
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_guest_leaves(guest.arrival.pid, true) };
    let mut kept = KVec::new();
    let handed = first().and_then(|()| hand_all(&mut kept, &mut given));
    *guest.kept.lock() = kept;
    if handed.is_err() {
        go_on();
    }
    handed
}

fn hand_all(kept: &mut KVec<SentSignal>, given: &mut impl FnMut(&SentSignal) -> Result) -> Result {
    loop {
        // Ahead, for it may fail.
        kept.reserve(1, GFP_KERNEL)?;
        let Some(signal) = surrogate::next_pending(true) else {
            return match fork::is_killed() {
                true => Err(EINTR),
                false => Ok(()),
            };
        };
        let handed = given(&signal);
        kept.push(signal, GFP_KERNEL)?;
        handed?;
    }
}

/// The running process, which was [about to go](hand_on), stays, with the signals it had.
pub fn go_on() {
    let Some(guest) = find(task_state::pid()) else {
        return;
    };
    let kept = core::mem::replace(&mut *guest.kept.lock(), KVec::new());
    for signal in &kept {
        // One that is gone needs none.
        let _ = errand::signal(guest.arrival.pid, signal);
    }
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_guest_leaves(guest.arrival.pid, false) };
    let _ = guest.pass(&|state| matches!(state, State::Departing), State::Staying);
}

/// The running process, a guest on its way to user mode, runs on another node from now on.
/// Here it ends without a word. What signals wait for it are `left`, now and until then. May
/// sleep.
pub fn depart(left: impl Fn(&SentSignal) + Send + 'static) {
    let Some(guest) = find(task_state::pid()) else {
        return;
    };
    let is_here = |state| matches!(state, State::Staying | State::Departing);
    if guest.pass(&is_here, State::Departed).is_err() {
        return;
    }
    guest.await_visits();
    leave_signals(&left);
    let ended = errand::give_at_last(move || {
        leave_signals(&left);
        After::Ends
    });
    if ended.is_err() {
        // Without memory for it: it ends all the same.
        // SAFETY: No preconditions; only a child of the thread is killed.
        unsafe { bindings::ssi_guest_kill(guest.arrival.pid) };
    }
}

fn leave_signals(left: &impl Fn(&SentSignal)) {
    while let Some(signal) = surrogate::next_pending(false) {
        left(&signal);
    }
}

/// Gives process `pid` a signal that was sent to it on node `from`, where it was before: a
/// guest, or one that came back or is about to. It is for thread `tid` alone, unless that is 0.
/// Does not sleep; process context.
///
/// # Errors
///
/// `ESRCH` if it is not here, `EAGAIN` when too many signals wait.
pub fn signal_late(pid: u32, tid: u32, from: u8, signal: &SentSignal) -> Result {
    if tid != 0 {
        return errand::signal_thread(pid, tid, signal);
    }
    match whereabouts::away(pid) {
        Some(_) => surrogate::bring(pid, from, signal),
        None => errand::signal(pid, signal),
    }
}

/// Whether guest `pid` has [departed](depart), or does not run after all, and is about to be
/// gone. Process context; does not sleep.
pub fn is_going(pid: u32) -> bool {
    let is_going = |state| matches!(state, State::Departed | State::Refused(_));
    find(pid).is_some_and(|guest| is_going(*guest.state.lock()))
}

/// A moment in which a guest does not go on to another node.
pub struct Visit(Option<Arc<Guest>>);

/// Begins one to process or thread `pid`, which may be no guest. Process context; does not sleep.
///
/// # Errors
///
/// `EBUSY` for a guest that is about to be elsewhere: look again where it is.
pub fn visit(pid: u32) -> Result<Visit> {
    let pid = lent_number::process_of(pid);
    if whereabouts::guest(pid).is_none() {
        return Ok(Visit(None));
    }
    let Some(guest) = find(pid) else {
        return Ok(Visit(None));
    };
    let state = guest.state.lock();
    // One that is held may be dropped, and who departs is elsewhere.
    let State::Staying = *state else {
        return Err(EBUSY);
    };
    guest.visits.add(1, Relaxed);
    drop(state);
    Ok(Visit(Some(guest)))
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(guest) = &self.0 {
            guest.visits.fetch_sub(1, Release);
        }
    }
}

impl Guest {
    /// Waits until nobody does anything to it. No visit begins any more.
    fn await_visits(&self) {
        while self.visits.load(Acquire) != 0 {
            thread::sleep(VISIT_MICROS);
        }
    }

    /// Goes on to state `to` if it is in one that it may come `from`.
    fn pass(&self, from: &dyn Fn(State) -> bool, to: State) -> Result {
        let mut state = self.state.lock();
        if !from(*state) {
            return Err(ESRCH);
        }
        *state = to;
        Ok(())
    }
}
