// SPDX-License-Identifier: GPL-2.0

//! Guest that goes on.
//!
//! It moves to another node and leaves nothing here: its signals go along, and its task ends
//! without a word.

use kernel::{
    bindings,
    prelude::*, //
};

use super::{
    find,
    signal_late,
    Guest,
    State, //
};
use crate::{
    errand::{
        self,
        After, //
    },
    signal_info::SentSignal,
    surrogate,
    task_state, //
};

/// The running process, a guest on its way to user mode, is about to go on to another node:
/// its home's signals are [refused](signal) for now, and those that wait are taken out and
/// `given`. What could not be is the error; then it goes on as before. May sleep.
///
/// # Errors
///
/// `ESRCH` if it is no guest that runs, `ENOMEM`, or what `given` says.
pub fn hand_on(mut given: impl FnMut(&SentSignal) -> Result) -> Result {
    let guest = find(task_state::pid()).ok_or(ESRCH)?;
    guest.pass(&|state| matches!(state, State::Staying), State::Departing)?;
    let mut kept = KVec::new();
    let handed = hand_all(&mut kept, &mut given);
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
        let Some(signal) = surrogate::next_pending() else {
            return Ok(());
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
        let _ = signal_late(guest.arrival.pid, signal);
    }
    let _ = guest.pass(&|state| matches!(state, State::Departing), State::Staying);
}

/// The running process, a guest on its way to user mode, runs on another node from now on.
/// Here it ends without a word, and what signals wait for it until then are `left`. May sleep.
pub fn depart(left: impl Fn(&SentSignal) + Send + 'static) {
    let Some(guest) = find(task_state::pid()) else {
        return;
    };
    let is_here = |state| matches!(state, State::Staying | State::Departing);
    if guest.pass(&is_here, State::Departed).is_err() {
        return;
    }
    let pid = guest.arrival.pid;
    if errand::give_at_last(move || guest.leave(left)).is_err() {
        // Without memory for it: it ends all the same.
        // SAFETY: No preconditions; only a child of the thread is killed.
        unsafe { bindings::ssi_guest_kill(pid) };
    }
}

/// Whether guest `pid` has [departed](depart), and is about to be gone. Process context; does
/// not sleep.
pub fn has_departed(pid: u32) -> bool {
    find(pid).is_some_and(|guest| matches!(*guest.state.lock(), State::Departed))
}

impl Guest {
    /// Goes on to state `to` if it is in one that it may come `from`.
    fn pass(&self, from: &dyn Fn(State) -> bool, to: State) -> Result {
        let mut state = self.state.lock();
        if !from(*state) {
            return Err(ESRCH);
        }
        *state = to;
        Ok(())
    }

    /// In its task: takes what signals wait along.
    fn leave(&self, left: impl Fn(&SentSignal)) -> After {
        if !matches!(*self.state.lock(), State::Departed) {
            return After::GoesOn;
        }
        while let Some(signal) = surrogate::next_pending() {
            left(&signal);
        }
        After::Ends
    }
}
