// SPDX-License-Identifier: GPL-2.0

//! The end of this kernel.
//!
//! C header: [`include/linux/reboot.h`](srctree/include/linux/reboot.h)

use core::{
    cell::UnsafeCell,
    ffi::c_void, //
};

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::SetOnce, //
};

static LAST_WORDS: SetOnce<fn()> = SetOnce::new();

/// The entry in the kernel's list of those to be told.
///
/// # Invariants
///
/// After [`before_end`] only the list itself touches it.
struct Block(UnsafeCell<bindings::notifier_block>);

// SAFETY: By the type invariant the lock of the list protects it.
unsafe impl Sync for Block {}

static BLOCK: Block = Block(UnsafeCell::new(bindings::notifier_block {
    notifier_call: Some(call),
    next: core::ptr::null_mut(),
    priority: 0,
}));

/// Runs `last_words` when the kernel is about to end: after user space asked for
/// a restart, halt or power-off, before devices are shut down. May sleep.
///
/// # Errors
///
/// `EBUSY` when somebody else has done so before.
pub fn before_end(last_words: fn()) -> Result {
    if !LAST_WORDS.populate(last_words) {
        return Err(EBUSY);
    }
    // SAFETY: The block is static and registered once.
    to_result(unsafe { bindings::register_reboot_notifier(BLOCK.0.get()) })
}

/// # Safety
///
/// Called by the kernel's list.
unsafe extern "C" fn call(_: *mut bindings::notifier_block, _: c_ulong, _: *mut c_void) -> c_int {
    if let Some(last_words) = LAST_WORDS.as_ref() {
        last_words();
    }
    bindings::NOTIFY_DONE as c_int
}

/// Lets user space shut everything down and end the kernel, by the program of the
/// setting `kernel.poweroff_cmd`.
///
/// Returns at once. Where there is no such program the kernel ends by itself.
pub fn power_off_in_order() {
    // SAFETY: Schedules work, in any context.
    unsafe { bindings::orderly_poweroff(true) }
}

/// Lets user space shut everything down and restart the kernel, as Ctrl-Alt-Del
/// does: init is asked, or, if it wants to know nothing of it, the kernel restarts
/// itself.
///
/// Returns at once. A root need have no `/sbin/reboot` for it.
pub fn restart_in_order() {
    // SAFETY: Schedules work or sends a signal, in any context.
    unsafe { bindings::ctrl_alt_del() }
}

/// Ends this kernel now: no program, no device and no disk is asked. Whether it
/// starts again is for the machine. Any context.
pub fn stop_now() -> ! {
    // SAFETY: May be called in any context.
    unsafe { bindings::emergency_restart() };
    loop {
        core::hint::spin_loop();
    }
}
