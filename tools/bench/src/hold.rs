// SPDX-License-Identifier: GPL-2.0

//! The start of a kernel's process.
//!
//! Some things must be set in the new process before it becomes the kernel:
//! that it ends when this program does, however that ends; a session of its
//! own, as the launcher gives each node, for the host's scheduler shares out
//! time between sessions; and the processor it stays on. So this program
//! starts itself first, and then turns into the kernel.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{
    Context,
    Result, //
};
use rustix::process::{
    set_parent_process_death_signal,
    setsid,
    Signal, //
};
use rustix::thread::{
    sched_setaffinity,
    CpuSet, //
};

use crate::bench::Bench;

/// Name of the subcommand.
const NAME: &str = "hold";

/// A command that runs the words added to it in a session of its own, bound to
/// this program's main thread and to processor `cpu`.
pub(crate) fn command(bench: &Bench, cpu: Option<usize>) -> Command {
    let mut command = Command::new(&bench.program);
    command.arg(NAME);
    if let Some(cpu) = cpu {
        command.args(["--cpu", &cpu.to_string()]);
    }
    command.arg("--");
    command
}

/// Turns this process into `words`.
///
/// # Errors
///
/// The processor does not exist, or the program cannot be executed; otherwise
/// it does not return.
pub(crate) fn become_program(cpu: Option<usize>, words: &[OsString]) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot bind to the parent")?;
    setsid().context("cannot lead a session")?;
    if let Some(cpu) = cpu {
        let mut set = CpuSet::new();
        set.set(cpu);
        sched_setaffinity(None, &set).with_context(|| format!("cannot stay on processor {cpu}"))?;
    }
    let (program, arguments) = words.split_first().context("nothing to run")?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", program.to_string_lossy()))
}
