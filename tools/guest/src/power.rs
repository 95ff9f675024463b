// SPDX-License-Identifier: GPL-2.0

//! The end of a node.
//!
//! Programs are asked to end, then made to; what they wrote is synced; the
//! kernel powers off, which ends the UML process. Whether the node comes back
//! is the launcher's business, so a reboot is an end as well.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use rustix::{
    process::{kill_process_group, Pid, Signal},
    system::{reboot, RebootCommand},
};

/// How long programs have between the request and the end.
const GRACE: Duration = Duration::from_millis(200);

static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether the node is about to end: nothing is started any more.
pub(crate) fn is_ending() -> bool {
    ENDING.load(Ordering::SeqCst)
}

/// Asks every program to end, makes them after a while, and powers off.
/// Pid 1 may find all of them gone before and power off itself.
pub(crate) fn end() {
    ENDING.store(true, Ordering::SeqCst);
    for signal in [Signal::HUP, Signal::TERM, Signal::CONT] {
        tell_everybody(signal);
    }
    thread::sleep(GRACE);
    tell_everybody(Signal::KILL);
    thread::sleep(GRACE);
    off();
}

/// Powers off now. Returns only when the kernel refuses.
pub(crate) fn off() {
    rustix::fs::sync();
    if let Err(why) = reboot(RebootCommand::PowerOff) {
        crate::log::line(&format!("the kernel does not end: {why}"));
    }
}

/// To every process but this one: the group of pid 1 is `kill(-1)`, which means
/// all of them. Nobody left is no failure.
fn tell_everybody(signal: Signal) {
    let _ = kill_process_group(Pid::INIT, signal);
}
