// SPDX-License-Identifier: GPL-2.0

//! The commands of a node.
//!
//! They are links of the initramfs to this program. Another root does not have
//! them, and is not ours to write to, so they move along in `/run`, which is the
//! node's own and at the end of everybody's `PATH`.

use std::{
    ffi::OsString,
    fs,
    io,
    os::unix::fs::symlink,
    path::Path,
    process::ExitCode, //
};

use rustix::mount::mount_bind;

use crate::power;

/// This program in the initramfs.
const PROGRAM: &str = "/init";

/// This program, on any root.
const SELF: &str = "/proc/self/exe";

/// Where the initramfs has links to it.
const FOLDERS: [&str; 2] = ["/bin", "/sbin"];

/// Where the commands are on another root.
pub(crate) const KEPT: &str = "/run/ssi/bin";

/// Is the command that the first of `args` names.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    let node = ssi_cluster::Node {
        proc_cluster: ssi_cluster::PROC_CLUSTER,
        end: &power::typed,
        become_on: &ssi_cluster::become_on,
        program: Path::new(SELF),
    };
    ExitCode::from(ssi_cluster::run(
        node,
        args,
        &mut io::stdout().lock(),
        &mut io::stderr().lock(),
    ))
}

/// Makes the commands in [`KEPT`] as well. A node without is a node, so what fails
/// is reported and passed by.
pub(crate) fn keep() {
    if let Err(why) = link() {
        crate::log::line(&format!("the root has no commands of the cluster: {why}"));
    }
}

/// The program is laid over an empty file, not copied: it is in memory as pid 1.
fn link() -> io::Result<()> {
    fs::create_dir_all(KEPT)?;
    let program = Path::new(KEPT).join("ssi-init");
    fs::File::create(&program)?;
    mount_bind(PROGRAM, &program)?;
    for folder in FOLDERS {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if fs::read_link(entry.path()).is_ok_and(|target| target == Path::new(PROGRAM)) {
                symlink("ssi-init", Path::new(KEPT).join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}
