// SPDX-License-Identifier: GPL-2.0

//! The end of a node.
//!
//! Programs are asked to end, then made to; what they wrote is synced; the
//! kernel powers off or restarts. Either ends the UML process, and its last words
//! tell the launcher which: whether the node comes back is the launcher's business.
//!
//! Who asks is a command of this program, the launcher, or the kernel itself, when the
//! cluster shuts the node down. The kernel knows fixed paths of programs that a
//! root may lack, so it is told other ways, which work on any root.
//!
//! Others, busybox' own commands among them, signal pid 1, which is one process for the
//! whole cluster: that of another node passes the request on, to the node it came from.

use std::{
    fs::{self, File},
    sync::OnceLock,
    thread,
    time::Duration,
};

use anyhow::{ensure, Context as _};
use libcluster::{Cluster, ClusterNode, PowerAction};
use rustix::{
    process::{geteuid, kill_process_group, pidfd_send_signal, Pid, Signal},
    system::{reboot, RebootCommand},
};
use ssi_cluster::Then;

/// How long programs have between the request and the end.
const GRACE: Duration = Duration::from_millis(200);

/// The word that makes a life of this program ask pid 1 to power off.
pub(crate) const REQUEST_WORD: &str = "poweroff";

/// How the node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It stays down.
    Off,
    /// It is to come back.
    Restart,
}

impl End {
    /// The signals pid 1 gets for it: SIGTERM and SIGUSR1 are those of busybox' `reboot`
    /// and `halt`, SIGINT is the kernel's.
    pub(crate) const SIGNALS: [(Signal, Self); 4] = [
        (Signal::TERM, Self::Restart),
        (Signal::INT, Self::Restart),
        (Signal::USR2, Self::Off),
        (Signal::USR1, Self::Off),
    ];

    /// What the signal of that number is for.
    pub(crate) fn of_signal(number: i32) -> Option<Self> {
        let mut all = Self::SIGNALS.into_iter();
        all.find(|(signal, _)| signal.as_raw() == number)
            .map(|(_, end)| end)
    }

    fn signal(self) -> Signal {
        match self {
            Self::Off => Signal::USR2,
            Self::Restart => Signal::TERM,
        }
    }
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

/// Asks pid 1 of this node to end it.
///
/// # Errors
///
/// When this process may not.
pub(crate) fn request(how: End) -> anyhow::Result<()> {
    pidfd_send_signal(first_process()?, how.signal()).context("init cannot be asked")
}

/// Does what `reboot`, `poweroff` or `halt` is asked for.
///
/// # Errors
///
/// When the caller is not root; when there is no init, or the kernel refuses.
pub(crate) fn typed(asked: ssi_cluster::End) -> anyhow::Result<()> {
    // A refusal does not wait.
    ensure!(geteuid().is_root(), "only root may end a node");
    thread::sleep(asked.delay);
    if !asked.at_once {
        return request(match asked.then {
            Then::Halt | Then::Off => End::Off,
            Then::Restart => End::Restart,
        });
    }
    if asked.sync {
        rustix::fs::sync();
    }
    let command = match asked.then {
        Then::Halt => RebootCommand::Halt,
        Then::Off => RebootCommand::PowerOff,
        Then::Restart => RebootCommand::Restart,
    };
    reboot(command).context("the kernel does not end")
}

/// The first process of this node. By its number another one may be meant, that of the
/// cluster.
fn first_process() -> anyhow::Result<File> {
    crate::own::look(|| File::open("/proc/1"))?.context("/proc/1 cannot be opened")
}

/// Asks another node to end, which the cluster then sees to.
pub(crate) fn pass_on(node: ClusterNode, how: End) {
    let then = match how {
        End::Off => PowerAction::Halt,
        End::Restart => PowerAction::Reboot,
    };
    let asked = Cluster::here().and_then(|cluster| cluster.shut_down(node, then));
    crate::log::line(&match asked {
        Ok(()) => format!("a process of node {node} asked for its end: passed on"),
        Err(why) => format!("node {node} cannot be asked to end: {why}"),
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_understood() {
        for end in [End::Off, End::Restart] {
            assert_eq!(End::of_signal(end.signal().as_raw()), Some(end));
        }
        assert_eq!(End::of_signal(Signal::HUP.as_raw()), None);
    }
}
