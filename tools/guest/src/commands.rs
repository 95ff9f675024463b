// SPDX-License-Identifier: GPL-2.0

//! The cluster's commands, on any root.
//!
//! They come with the initramfs: one program, and links to it. Another root does
//! not have them, and is not ours to write to, so they move along in `/run`, which
//! is the node's own and at the end of everybody's `PATH`.

use std::{fs, io, os::unix::fs::symlink, path::Path};

/// The program of all commands.
const PROGRAM: &str = "/bin/cluster";

/// Where the initramfs has the links.
const FOLDERS: [&str; 2] = ["/bin", "/sbin"];

/// Where they are on another root.
pub(crate) const KEPT: &str = "/run/ssi/bin";

/// Copies program and links to [`KEPT`]. A node without is a node, so what fails
/// is reported and passed by.
pub(crate) fn keep() {
    if let Err(why) = copy() {
        crate::log::line(&format!("the root has no commands of the cluster: {why}"));
    }
}

fn copy() -> io::Result<()> {
    fs::create_dir_all(KEPT)?;
    let program = Path::new(KEPT).join("cluster");
    fs::copy(PROGRAM, &program)?;
    for folder in FOLDERS {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if fs::read_link(entry.path()).is_ok_and(|target| target == Path::new(PROGRAM)) {
                symlink("cluster", Path::new(KEPT).join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}
