// SPDX-License-Identifier: GPL-2.0

//! Work after the last driver.
//!
//! The modules of SSI start with the drivers, some of which they wait for: the
//! network interfaces of UML appear in a `late_initcall`. What needs them is
//! handed in here and runs right behind, still before init.
//!
//! C header: [`include/linux/init.h`](srctree/include/linux/init.h)

use kernel::{
    prelude::*,
    sync::SetOnce, //
};

/// How many callbacks can be handed in.
const CALLBACKS_MAX: usize = 8;

static CALLBACKS: [SetOnce<fn()>; CALLBACKS_MAX] = [const { SetOnce::new() }; CALLBACKS_MAX];

/// Runs `callback` once, after all `late_initcall`s, in the order handed in.
///
/// Call from the `init` of a module. The callback runs in process context and
/// may sleep.
///
/// # Errors
///
/// `ENOSPC` when eight callbacks wait already.
pub fn call(callback: fn()) -> Result {
    CALLBACKS
        .iter()
        .any(|slot| slot.populate(callback))
        .then_some(())
        .ok_or(ENOSPC)
}

extern "C" fn run_all() -> c_int {
    for callback in CALLBACKS.iter().filter_map(SetOnce::as_ref) {
        callback();
    }
    0
}

// UML keeps initcalls as plain pointers. An architecture with relative ones
// needs assembly here, as in the `module!` macro.
#[cfg(CONFIG_HAVE_ARCH_PREL32_RELOCATIONS)]
compile_error!("late.rs knows only architectures without relative initcalls");

#[link_section = ".initcall7s.init"]
#[used]
static INITCALL: extern "C" fn() -> c_int = run_all;
