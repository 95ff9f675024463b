// SPDX-License-Identifier: GPL-2.0

//! The last step before UML.
//!
//! `ssi node-exec` is run by the supervisor in a process of its own, arranges
//! what only that process can arrange for itself, and becomes UML: it leads a
//! session and a process group, has the console as its controlling terminal (so
//! that a change of the window's size reaches UML, and UML starts no helper for
//! it), dies with the supervisor, and leaves no core files.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::Command, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use clap::Args;
use rustix::process::{
    self,
    Resource,
    Rlimit,
    Signal, //
};

/// What to become.
#[derive(Debug, Args)]
pub(crate) struct NodeExec {
    /// Process id of the supervisor.
    parent: i32,
    /// The UML kernel.
    kernel: PathBuf,
    /// Its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

impl NodeExec {
    /// Becomes the kernel.
    ///
    /// # Errors
    ///
    /// Only if that fails: the text goes to the node's log.
    pub(crate) fn run(self) -> Result<()> {
        die_with(self.parent)?;
        process::setsid().context("cannot lead a session")?;
        process::ioctl_tiocsctty(rustix::stdio::stdin()).context("cannot take the console")?;
        forbid_core_files()?;
        let error = Command::new(&self.kernel).args(&self.words).exec();
        Err(error).with_context(|| format!("cannot run the kernel {}", self.kernel.display()))
    }
}

/// A supervisor that died before the request is no longer our parent.
fn die_with(parent: i32) -> Result<()> {
    process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("cannot ask to die with the supervisor")?;
    if process::getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
        bail!("the supervisor is gone");
    }
    Ok(())
}

/// Lets this process and its children leave no core files.
///
/// # Errors
///
/// What the host says.
pub(crate) fn forbid_core_files() -> Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    process::setrlimit(Resource::Core, none).context("cannot forbid core files")
}
