// SPDX-License-Identifier: GPL-2.0

//! The file systems of the kernel.
//!
//! Every node has its own: what the kernel knows (`/proc`, `/sys`), its devices
//! and what must not survive it (`/run`, `/dev/shm`). They are mounted on the
//! initramfs and move along to another root.

use std::{fs, path::Path};

use rustix::mount::{mount, MountFlags};

/// One mount.
struct Mount {
    kind: &'static str,
    at: &'static str,
    flags: MountFlags,
    options: &'static std::ffi::CStr,
}

const fn own(
    kind: &'static str,
    at: &'static str,
    flags: MountFlags,
    options: &'static std::ffi::CStr,
) -> Mount {
    Mount {
        kind,
        at,
        flags,
        options,
    }
}

const QUIET: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);

/// In this order: `/dev` before what lies in it.
const MOUNTS: [Mount; 6] = [
    own("proc", "/proc", QUIET, c""),
    own("sysfs", "/sys", QUIET, c""),
    own("devtmpfs", "/dev", MountFlags::NOSUID, c"mode=0755"),
    own(
        "devpts",
        "/dev/pts",
        MountFlags::NOSUID.union(MountFlags::NOEXEC),
        c"gid=5,mode=0620,ptmxmode=0666",
    ),
    own(
        "tmpfs",
        "/dev/shm",
        MountFlags::NOSUID.union(MountFlags::NODEV),
        c"mode=1777",
    ),
    own(
        "tmpfs",
        "/run",
        MountFlags::NOSUID.union(MountFlags::NODEV),
        c"mode=0755",
    ),
];

/// The mounts that move along to another root; the others lie in them.
pub(crate) const MOVED: [&str; 4] = ["/proc", "/sys", "/dev", "/run"];

/// Mounts them all. One that fails is reported and left out: a node without
/// `/dev/shm` is of more use than none.
pub(crate) fn mount_all() {
    for own in &MOUNTS {
        if let Err(why) = mount_one(own) {
            crate::log::line(&format!("{} at {}: {why}", own.kind, own.at));
        }
    }
}

fn mount_one(own: &Mount) -> std::io::Result<()> {
    fs::create_dir_all(own.at)?;
    match mount(own.kind, own.at, own.kind, own.flags, own.options) {
        // CONFIG_DEVTMPFS_MOUNT: the kernel was faster.
        Err(rustix::io::Errno::BUSY) => Ok(()),
        done => Ok(done?),
    }
}

/// Links programs expect below `/dev`.
pub(crate) fn link_devices() {
    for (link, target) in [
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ] {
        if !Path::new(link).exists() {
            // A program that needs the link will say so itself.
            let _ = std::os::unix::fs::symlink(target, link);
        }
    }
}
