// SPDX-License-Identifier: GPL-2.0

//! Pid 1.
//!
//! ```text
//! mount --> network --> root --> agent, console --> reap --+--> power off
//!                                     ^                    |    (SIGUSR1, SIGUSR2)
//!                                     +---- one died ------+--> restart
//!                                                               (SIGTERM, SIGINT)
//! ```
//!
//! Whatever fails on the way is reported and passed by: a node that answers
//! half is better than one that panics.

use std::{
    convert::Infallible,
    os::unix::process::CommandExt as _,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use libcluster::ClusterNode;
use nix::sys::{
    signal::{SigSet, Signal},
    signalfd::{siginfo, SfdFlags, SignalFd},
};
use rustix::{
    io::Errno,
    process::{wait, Pid, WaitOptions},
};

use crate::{
    cmdline::{Cmdline, Root},
    console, mounts, network,
    power::{self, End},
    problem, root,
};

/// A child that lives shorter than this is not started again at once.
const LIFE_MIN: Duration = Duration::from_secs(1);

/// Lets the agent give memory back after a burst of commands: it then holds a
/// third of what it would.
const SMALL_HEAP: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "65536"),
    ("MALLOC_TRIM_THRESHOLD_", "65536"),
];

/// Runs the node; returns only when it cannot.
pub(crate) fn run() -> anyhow::Result<Infallible> {
    mounts::mount_all();
    mounts::link_devices();
    let cmdline = Cmdline::read();
    name_host(&cmdline);
    network::bring_up();
    change_root(&cmdline);
    network::name_nodes();
    end_on_signals(cmdline.node())?;
    power::offer();
    let mut children = [Kept::new(Role::Agent), Kept::new(Role::Console)];
    loop {
        children.iter_mut().for_each(Kept::ensure);
        reap(&mut children)?;
    }
}

fn name_host(cmdline: &Cmdline) {
    let name = format!("node{}", cmdline.node());
    if let Err(why) = rustix::system::sethostname(name.as_bytes()) {
        crate::log::line(&format!("host name {name}: {why}"));
    }
}

fn change_root(cmdline: &Cmdline) {
    match cmdline.root() {
        Ok(Root::Initramfs) => {}
        Ok(Root::Hostfs) => {
            if let Err(why) = root::change_to_hostfs() {
                problem::note(&format!("{why:#}; the node stays on its initramfs"));
            }
        }
        Err(word) => problem::note(&format!(
            "ssi.root={word} is unknown (initramfs, hostfs); the node stays on its initramfs"
        )),
    }
}

/// `poweroff`, `halt` and `reboot` send one of these to pid 1, and so does the
/// kernel. They are read, not handled: who sent one matters. For that they are
/// blocked, which [`forget_blocked`] undoes in children.
fn end_on_signals(me: u8) -> anyhow::Result<()> {
    let mut set = SigSet::empty();
    for (signal, _) in End::SIGNALS {
        set.add(Signal::try_from(signal.as_raw())?);
    }
    set.thread_block().context("signals of pid 1")?;
    let signals = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC).context("signals of pid 1")?;
    thread::Builder::new()
        .name("end".to_owned())
        .spawn(move || loop {
            match signals.read_signal() {
                Ok(Some(signal)) => obey(&signal, me),
                Ok(None) | Err(nix::Error::EINTR) => {}
                Err(why) => {
                    crate::log::line(&format!("signals of pid 1: {why}"));
                    thread::sleep(LIFE_MIN);
                }
            }
        })
        .context("the thread that ends the node")?;
    Ok(())
}

/// Takes the signals again that pid 1 blocks and its children inherit.
pub(crate) fn forget_blocked() {
    if let Err(why) = SigSet::empty().thread_set_mask() {
        crate::log::line(&format!("signals stay blocked: {why}"));
    }
}

/// Ends the node that is meant.
fn obey(signal: &siginfo, me: u8) {
    let number = i32::try_from(signal.ssi_signo).ok();
    let Some(how) = number.and_then(End::of_signal) else {
        return;
    };
    match sender(signal.ssi_code, signal.ssi_errno) {
        Some(node) if node.get() != me => power::pass_on(node, how),
        _ => power::end(how),
    }
}

/// The other node a signal came from, if it did: the kernel notes it, for the number of the
/// sender says no more than where that was born.
fn sender(code: i32, error: i32) -> Option<ClusterNode> {
    // SI_USER, SI_QUEUE, SI_TKILL and their like; what is above 0 is the kernel's.
    let node = u8::try_from(error).ok().filter(|_| code <= 0)?;
    ClusterNode::new(node)
}

/// Waits for one process to end; most are orphans of somebody else.
fn reap(children: &mut [Kept]) -> anyhow::Result<()> {
    match wait(WaitOptions::empty()) {
        Ok(Some((pid, _))) => children.iter_mut().for_each(|kept| kept.ended(pid)),
        Ok(None) | Err(Errno::INTR) => {}
        Err(Errno::CHILD) if power::is_ending() => power::finish(),
        Err(Errno::CHILD) => thread::sleep(LIFE_MIN),
        Err(why) => return Err(why).context("waiting for children"),
    }
    Ok(())
}

/// What a child of pid 1 is for.
#[derive(Clone, Copy)]
enum Role {
    /// Runs commands for the launcher.
    Agent,
    /// The shell of `ssi console`.
    Console,
}

impl Role {
    fn start(self) -> anyhow::Result<Child> {
        match self {
            Self::Agent => Command::new("/proc/self/exe")
                .arg0("ssi-init")
                .arg("agent")
                .envs(SMALL_HEAP)
                .spawn()
                .context("the agent's process"),
            Self::Console => console::start(),
        }
    }
}

/// A child that is started again when it ends.
struct Kept {
    role: Role,
    running: Option<Pid>,
    started: Option<Instant>,
}

impl Kept {
    fn new(role: Role) -> Self {
        Self {
            role,
            running: None,
            started: None,
        }
    }

    /// Starts it unless it runs. One that ended too fast waits a while, and
    /// everybody with it: orphans lie a second longer.
    fn ensure(&mut self) {
        if self.running.is_some() || power::is_ending() {
            return;
        }
        if self.started.is_some_and(|then| then.elapsed() < LIFE_MIN) {
            thread::sleep(LIFE_MIN);
        }
        self.started = Some(Instant::now());
        match self.role.start() {
            Ok(child) => self.running = Some(Pid::from_child(&child)),
            Err(why) => crate::log::line(&format!("{why:#}")),
        }
    }

    fn ended(&mut self, pid: Pid) {
        if self.running == Some(pid) {
            self.running = None;
        }
    }
}
