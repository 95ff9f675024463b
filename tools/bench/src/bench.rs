// SPDX-License-Identifier: GPL-2.0

//! What all measurements share.

use std::fs;
use std::path::{
    Path,
    PathBuf, //
};

use anyhow::{
    Context,
    Result, //
};
use tempfile::TempDir;

use crate::effort::Effort;
use crate::held::Held;
use crate::initramfs;
use crate::progress::Progress;

/// The programs that are measured.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// The launcher.
    pub(crate) ssi: PathBuf,
    /// The kernel of the nodes.
    pub(crate) kernel: PathBuf,
    /// Their root.
    pub(crate) initramfs: PathBuf,
    /// The kernel without SSI.
    pub(crate) plain: PathBuf,
    /// The simulator of clusters.
    pub(crate) simulator: PathBuf,
}

/// The programs, a scratch directory, and what is held.
pub(crate) struct Bench {
    /// What is measured.
    pub(crate) programs: Programs,
    /// How much.
    pub(crate) effort: Effort,
    /// Where the user sees how far it is.
    pub(crate) progress: Progress,
    /// The children.
    pub(crate) held: Held,
    /// This very program.
    pub(crate) program: PathBuf,
    /// A root for bare kernels that has this very program as its process 1.
    pub(crate) initramfs: PathBuf,
    scratch: TempDir,
}

impl Bench {
    /// Prepares the scratch directory.
    ///
    /// # Errors
    ///
    /// A program is missing, or the scratch directory cannot be made.
    pub(crate) fn new(programs: Programs, effort: Effort, progress: Progress) -> Result<Self> {
        let programs = programs.found()?;
        let scratch = tempfile::Builder::new()
            .prefix("ssi-bench.")
            .tempdir()
            .context("cannot make a scratch directory; set TMPDIR to one you can write")?;
        let program = std::env::current_exe().context("cannot find this program")?;
        let initramfs = scratch.path().join("initramfs");
        initramfs::write(&initramfs, &program)?;
        Ok(Self {
            held: Held::new(scratch.path().to_owned())?,
            programs,
            effort,
            progress,
            program,
            initramfs,
            scratch,
        })
    }

    /// The clusters' run directory.
    pub(crate) fn run_directory(&self) -> PathBuf {
        self.scratch.path().join("run")
    }
}

impl Programs {
    /// The same with full names, as they are run from other directories.
    fn found(&self) -> Result<Self> {
        let found = |path: &Path, how: &str| {
            fs::canonicalize(path)
                .with_context(|| format!("there is no {}; run `make {how}`", path.display()))
        };
        Ok(Self {
            ssi: found(&self.ssi, "tools")?,
            kernel: found(&self.kernel, "kernel")?,
            initramfs: found(&self.initramfs, "initramfs")?,
            plain: found(&self.plain, "plain")?,
            // Only one group needs it.
            simulator: std::path::absolute(&self.simulator)?,
        })
    }
}
