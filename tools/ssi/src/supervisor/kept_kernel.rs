// SPDX-License-Identifier: GPL-2.0

//! The kernel a cluster began with.
//!
//! Nodes let in only those of their own build. A kernel that is built anew while a
//! cluster runs takes the place of the old one, and a node booted from there would be
//! refused. So the supervisor holds the file open, and when its name leads elsewhere
//! starts it through the descriptor.

use std::{
    fs,
    os::{
        fd::{
            AsRawFd,
            OwnedFd, //
        },
        unix::fs::MetadataExt,
    },
    path::{
        Path,
        PathBuf, //
    },
};

use anyhow::{
    Context,
    Result, //
};
use rustix::{
    fs::{
        Mode,
        OFlags, //
    },
    process,
};

/// The kernel a cluster began with.
#[derive(Debug)]
pub(crate) struct KeptKernel {
    name: PathBuf,
    file: OwnedFd,
    /// Device and number of the file.
    identity: (u64, u64),
}

impl KeptKernel {
    /// Holds the file of this name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn hold(name: &Path) -> Result<Self> {
        // To run a file one need not be allowed to read it.
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let file = rustix::fs::open(name, flags, Mode::empty());
        let file = file.with_context(|| format!("cannot use the kernel {}", name.display()))?;
        let found = rustix::fs::fstat(&file)?;
        Ok(Self {
            name: name.to_owned(),
            file,
            identity: (found.st_dev, found.st_ino),
        })
    }

    /// A path that leads to it now: its name if that still does.
    pub(crate) fn path(&self) -> PathBuf {
        let found = fs::metadata(&self.name);
        match found.is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            true => self.name.clone(),
            false => {
                // Not of `self`: who opens it is our child, or its interpreter.
                let ours = process::getpid().as_raw_nonzero();
                format!("/proc/{ours}/fd/{}", self.file.as_raw_fd()).into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_after_its_name_was_given_away() {
        let dir = tempfile::tempdir().unwrap();
        let [name, new] = ["kernel", "new"].map(|name| dir.path().join(name));
        fs::write(&name, "old").unwrap();
        let kept = KeptKernel::hold(&name).unwrap();
        assert_eq!(kept.path(), name);
        fs::write(&new, "new").unwrap();
        fs::rename(&new, &name).unwrap();
        assert_eq!(fs::read_to_string(kept.path()).unwrap(), "old");
        fs::remove_file(&name).unwrap();
        assert_eq!(fs::read_to_string(kept.path()).unwrap(), "old");
        assert!(KeptKernel::hold(&name).is_err());
    }
}
