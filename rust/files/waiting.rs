// SPDX-License-Identifier: GPL-2.0

//! Transfers that wait at home.
//!
//! A pipe or a stream that is not ready would have to be asked twice, and what is written
//! would travel twice. So the question stays, and is taken up when something happened to the
//! file. It holds no thread and no file.
//!
//! ```text
//!   serve() -> Going --- not ready, and somebody waits ---> Waiting
//!                |  ^                                        |   |
//!             answered  '--- happened(), or it was ready ----'   |
//!                          before it waited                      |
//!             answered with what is done <--- cancelled() -------'
//! ```

use crate::transfer::{
    Progress,
    Transfer, //
};
use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    files::handles::Handle,
    ics::call::CallId,
    ids::Instance, //
};

/// Most of all nodes. One for which there is no place is told to wait on its own node.
const ALL_MAX: usize = 1024;

/// How often one is tried that is ready each time and then is not, for others are faster.
const TRIES_MAX: usize = 16;

type List = KVec<KBox<Transfer>>;

static WAITING: SetOnce<Pin<KBox<SpinLock<List>>>> = SetOnce::new();

/// Makes room.
pub(crate) fn create() -> Result {
    let room = KVec::with_capacity(ALL_MAX, GFP_KERNEL)?;
    WAITING.populate(KBox::pin_init(
        new_spinlock!(room, "ssi_files_waiting"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// Goes on with `transfer` until it is answered or waits. A thread of the kernel; may sleep.
pub(crate) fn go_on(mut transfer: KBox<Transfer>) {
    for _ in 0..TRIES_MAX {
        let (file, events) = match transfer.go_on() {
            Progress::Over(outcome) => return KBox::into_inner(transfer).answer(outcome),
            Progress::NotReady(file, events) => (file, events),
        };
        let caller = transfer.caller();
        let refused = match transfer.may_stay(&file) {
            true => put(transfer).err(),
            false => Some(transfer),
        };
        if let Some(transfer) = refused {
            return KBox::into_inner(transfer).give_up(&file);
        }
        // What happens, or is cancelled, from here on finds it.
        if !file.go_on_when(events) && caller.waits() {
            return;
        }
        transfer = match take(|waiting| waiting.caller() == caller) {
            Some(waiting) => waiting,
            None => return,
        };
        if !caller.waits() {
            return KBox::into_inner(transfer).cancel();
        }
    }
    KBox::into_inner(transfer).yield_to_others();
}

/// Something happened to the file of this name. A thread of the kernel; may sleep.
pub(crate) fn happened(handle: Handle) {
    // Those that wait again are behind the others.
    for _ in 0..count(|waiting| waiting.handle() == handle) {
        match take(|waiting| waiting.handle() == handle) {
            Some(waiting) => go_on(waiting),
            None => return,
        }
    }
}

/// Who made `call` does not wait any more.
pub(crate) fn cancelled(from: Instance, call: CallId) {
    if let Some(waiting) = take(|waiting| waiting.caller().is(from, call)) {
        KBox::into_inner(waiting).cancel();
    }
}

fn count(is_it: impl Fn(&Transfer) -> bool) -> usize {
    let Some(all) = WAITING.as_ref() else {
        return 0;
    };
    all.lock().iter().filter(|waiting| is_it(waiting)).count()
}

fn take(is_it: impl Fn(&Transfer) -> bool) -> Option<KBox<Transfer>> {
    let mut all = WAITING.as_ref()?.lock();
    let place = all.iter().position(|waiting| is_it(waiting))?;
    all.remove(place).ok()
}

/// Gives it back if there is no place for it.
fn put(transfer: KBox<Transfer>) -> core::result::Result<(), KBox<Transfer>> {
    let Some(all) = WAITING.as_ref() else {
        return Err(transfer);
    };
    let put = all.lock().push_within_capacity(transfer);
    put.map_err(|full| full.0)
}
