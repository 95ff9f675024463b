// SPDX-License-Identifier: GPL-2.0

//! The end of a node.
//!
//! Programs are asked to end, then made to; what they wrote is synced; the
//! kernel powers off or restarts. Either ends the UML process, and its last words
//! tell the launcher which: whether the node comes back is the launcher's business.
//!
//! Who asks is a program of busybox, the launcher, or the kernel itself, when the
//! cluster shuts the node down. The kernel knows fixed paths of programs that a
//! root may lack, so it is told other ways, which work on any root.

use std::{
    fs::{self, File},
    io,
    sync::OnceLock,
    thread,
    time::Duration,
};

use anyhow::Context as _;

use rustix::{
    process::{kill_process_group, pidfd_send_signal, Pid, Signal},
    system::{reboot, RebootCommand},
};

/// How long programs have between the request and the end.
const GRACE: Duration = Duration::from_millis(200);

/// The word that makes a life of this program ask pid 1 to power off.
pub(crate) const REQUEST_WORD: &str = "poweroff";

/// What pid 1 gets for a power-off. A restart is SIGTERM, as in busybox, or
/// SIGINT, as from the kernel.
pub(crate) const OFF_SIGNAL: Signal = Signal::USR2;

/// How the node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It stays down.
    Off,
    /// It is to come back.
    Restart,
}

/// How, once it is known that.
static ENDING: OnceLock<End> = OnceLock::new();

/// Tells the kernel how to end the node in good order, on any root: for a
/// power-off it starts this program again, for a restart it sends SIGINT to
/// pid 1, where it would restart on the spot otherwise.
pub(crate) fn offer() {
    let command = format!("/proc/1/exe {REQUEST_WORD}");
    if let Err(why) = fs::write("/proc/sys/kernel/poweroff_cmd", command) {
        crate::log::line(&format!("the kernel's power-off is forced: {why}"));
    }
    if let Err(why) = reboot(RebootCommand::CadOff) {
        crate::log::line(&format!("the kernel's restart is forced: {why}"));
    }
}

/// Asks pid 1 of this node to power off.
///
/// # Errors
///
/// When this process may not.
pub(crate) fn request() -> anyhow::Result<()> {
    let init = first_process().context("/proc/1 cannot be opened")?;
    Ok(pidfd_send_signal(init, OFF_SIGNAL)?)
}

/// The first process of this node. By its number another one may be meant, that of the
/// cluster; so it is taken from the local view, in a thread that has no other.
fn first_process() -> anyhow::Result<File> {
    let look = || -> anyhow::Result<File> {
        libcluster::local_view()?;
        Ok(File::open("/proc/1")?)
    };
    let looked = thread::Builder::new().spawn(look)?.join();
    looked.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::Other).into()))
}

/// Whether the node is about to end: nothing is started any more.
pub(crate) fn is_ending() -> bool {
    ENDING.get().is_some()
}

/// Asks every program to end, makes them after a while, and ends the node.
/// Pid 1 may find all of them gone before and end it itself.
pub(crate) fn end(how: End) {
    // The first one asked for is done.
    let _ = ENDING.set(how);
    for signal in [Signal::HUP, Signal::TERM, Signal::CONT] {
        tell_everybody(signal);
    }
    thread::sleep(GRACE);
    tell_everybody(Signal::KILL);
    thread::sleep(GRACE);
    finish();
}

/// Ends the node now. Returns only when the kernel refuses.
pub(crate) fn finish() {
    let command = match ENDING.get() {
        Some(End::Restart) => RebootCommand::Restart,
        Some(End::Off) | None => RebootCommand::PowerOff,
    };
    rustix::fs::sync();
    if let Err(why) = reboot(command) {
        crate::log::line(&format!("the kernel does not end: {why}"));
    }
}

/// To every process but this one: the group of pid 1 is `kill(-1)`, which means
/// all of them. Nobody left is no failure.
fn tell_everybody(signal: Signal) {
    let _ = kill_process_group(Pid::INIT, signal);
}
