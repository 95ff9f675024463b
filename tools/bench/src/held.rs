// SPDX-License-Identifier: GPL-2.0

//! What must not outlive this program.
//!
//! Every child runs in a process group of its own and is written down before
//! anything else happens. An interrupt ends all of them, also the processes a
//! user-mode kernel started, and removes the scratch directory.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{
    Child,
    ChildStdin,
    ChildStdout,
    Command,
    ExitStatus,
    Stdio, //
};
use std::sync::{
    Arc,
    Mutex,
    MutexGuard,
    PoisonError, //
};
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    Context,
    Result, //
};
use rustix::process::{
    kill_process,
    kill_process_group,
    waitid,
    Pid,
    Signal,
    WaitId,
    WaitIdOptions, //
};
use signal_hook::consts::{
    SIGHUP,
    SIGINT,
    SIGTERM, //
};
use signal_hook::iterator::Signals;

/// How long a child may take to end.
const END_MAX: Duration = Duration::from_secs(15);

/// How often a child is looked at while it ends.
const POLL: Duration = Duration::from_millis(2);

/// Exit status of a program ended by signal 0.
const STATUS_OF_SIGNALS: i32 = 128;

/// How a child is ended when this program is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// At once: it holds nothing.
    Kill,
    /// By an interrupt, and time to take back what it did.
    Ask,
}

/// The children and the scratch directory of this program.
#[derive(Clone)]
pub(crate) struct Held(Arc<Mutex<Inner>>);

struct Inner {
    children: Vec<(Pid, Ending)>,
    directory: PathBuf,
    directories: u32,
    last_resort: Vec<Command>,
}

/// A child and every process of its group; dropping it ends them.
pub(crate) struct HeldChild {
    held: Held,
    child: Child,
    pid: Pid,
    ended: bool,
}

impl Held {
    /// Holds `directory`, and from now on ends everything on SIGINT, SIGTERM
    /// and SIGHUP.
    ///
    /// # Errors
    ///
    /// The system has no thread or descriptor to give.
    pub(crate) fn new(directory: PathBuf) -> Result<Self> {
        let held = Self(Arc::new(Mutex::new(Inner {
            children: Vec::new(),
            directory,
            directories: 0,
            last_resort: Vec::new(),
        })));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let on_signal = held.clone();
        thread::Builder::new().spawn(move || {
            if let Some(signal) = signals.forever().next() {
                on_signal.end_all(signal)
            }
        })?;
        Ok(held)
    }

    /// Makes a directory in the held one that nothing else uses.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub(crate) fn new_directory(&self, name: &str) -> Result<PathBuf> {
        let mut inner = self.lock();
        inner.directories += 1;
        let path = inner.directory.join(format!("{name}{}", inner.directories));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }

    /// Starts `command` in a process group of its own.
    ///
    /// Call it from the main thread only: some children end with the thread
    /// that started them.
    ///
    /// # Errors
    ///
    /// The command cannot be started.
    pub(crate) fn spawn(&self, command: &mut Command, ending: Ending) -> Result<HeldChild> {
        self.start(command.process_group(0), ending)
    }

    /// Starts `command`, which leads a session of its own from its first moment
    /// on; see `hold`.
    ///
    /// # Errors
    ///
    /// As for [`Self::spawn`].
    pub(crate) fn spawn_session(&self, command: &mut Command) -> Result<HeldChild> {
        self.start(command, Ending::Kill)
    }

    fn start(&self, command: &mut Command, ending: Ending) -> Result<HeldChild> {
        let mut inner = self.lock();
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot start {:?}", command.get_program()))?;
        let pid = Pid::from_child(&child);
        inner.children.push((pid, ending));
        Ok(HeldChild {
            held: self.clone(),
            child,
            pid,
            ended: false,
        })
    }

    /// Runs `command` when interrupted, after all children have ended.
    pub(crate) fn at_last(&self, command: Command) {
        self.lock().last_resort.push(command);
    }

    /// Ends everything, and this process. Nothing is started or made any more,
    /// since the lock stays taken.
    fn end_all(&self, signal: i32) -> ! {
        let mut inner = self.lock();
        for (pid, ending) in &inner.children {
            end(*pid, *ending);
        }
        for command in &mut inner.last_resort {
            let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
            // Nothing to stop is no problem here.
            let _ = quiet.stderr(Stdio::null()).status();
        }
        let _ = fs::remove_dir_all(&inner.directory);
        std::process::exit(STATUS_OF_SIGNALS + signal)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldChild {
    /// The number of the process and of its group.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// The pipe to its standard input, once, if there is one.
    pub(crate) fn take_input(&mut self) -> Result<ChildStdin> {
        self.child.stdin.take().context("the child has no input")
    }

    /// The pipe from its standard output, once, if there is one.
    pub(crate) fn take_output(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().context("the child has no output")
    }

    /// Kills its whole group; returns once it is reaped itself.
    ///
    /// # Errors
    ///
    /// It has ended before.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        kill_process_group(self.pid, Signal::KILL)?;
        self.wait()
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// It was waited for before.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        // Until it is reaped its number cannot become another's; the lock makes
        // "reaped" and "written off" one step.
        waitid(
            WaitId::Pid(self.pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        )?;
        self.write_off()
    }

    fn write_off(&mut self) -> io::Result<ExitStatus> {
        let mut inner = self.held.lock();
        inner.children.retain(|(pid, _)| *pid != self.pid);
        self.ended = true;
        self.child.wait()
    }
}

impl Drop for HeldChild {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        end(self.pid, Ending::Kill);
        // It was killed: this does not block, and cannot fail.
        let _ = self.write_off();
    }
}

fn end(pid: Pid, ending: Ending) {
    if ending == Ending::Ask && kill_process_group(pid, Signal::INT).is_ok() {
        wait_for_end(pid);
    }
    if kill_process_group(pid, Signal::KILL).is_err() {
        // It does not lead a group yet. One that is gone need not be killed.
        let _ = kill_process(pid, Signal::KILL);
    }
    wait_for_end(pid);
}

/// Waits for the end of a child, and leaves it to its owner to reap it.
fn wait_for_end(pid: Pid) {
    let began = Instant::now();
    while is_running(pid) && began.elapsed() < END_MAX {
        thread::sleep(POLL);
    }
}

fn is_running(pid: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(pid), options), Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(held: &Held) -> HeldChild {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 30 & wait"]);
        held.spawn(&mut command, Ending::Kill).unwrap()
    }

    fn processes_in(group: Pid) -> usize {
        let all = procfs::process::all_processes().unwrap();
        all.flatten()
            .filter_map(|process| process.stat().ok())
            .filter(|stat| stat.pgrp == group.as_raw_nonzero().get() && stat.state != 'Z')
            .count()
    }

    fn wait_until(mut done: impl FnMut() -> bool) {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(5));
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn dropping_a_child_ends_its_whole_group() {
        let held = Held::new(PathBuf::new()).unwrap();
        let child = sleeper(&held);
        let group = child.pid();
        wait_until(|| processes_in(group) == 2);
        drop(child);
        assert!(held.lock().children.is_empty());
        wait_until(|| processes_in(group) == 0);
    }

    #[test]
    fn a_child_that_ended_is_written_off() {
        let held = Held::new(PathBuf::new()).unwrap();
        let mut child = held
            .spawn(Command::new("sh").args(["-c", "exit 3"]), Ending::Kill)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3));
        assert!(held.lock().children.is_empty());
    }
}
