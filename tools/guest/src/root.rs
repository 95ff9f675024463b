// SPDX-License-Identifier: GPL-2.0

//! The root of programs.
//!
//! A node starts on its initramfs. Told `ssi.root=hostfs`, it changes to the
//! directory of the host that the kernel's `hostfs=` confines it to, takes the
//! kernel's file systems along, and gives the memory of the initramfs back.
//! The program of pid 1 itself stays: its file is open.

use std::{
    fs,
    io,
    os::unix::fs::{
        DirBuilderExt as _,
        MetadataExt as _, //
    },
    path::Path, //
};

use anyhow::Context as _;
use rustix::{
    fs::{AtFlags, Mode},
    mount::{mount, mount_move, MountFlags},
};

use crate::{commands, environment, mounts, problem};

/// Where the other root is mounted before it becomes the root.
const NEW_ROOT: &str = "/newroot";

/// Changes to the host directory.
///
/// # Errors
///
/// When it cannot be mounted or lacks a folder to mount into; the node then
/// stays on its initramfs.
pub(crate) fn change_to_hostfs() -> anyhow::Result<()> {
    fs::create_dir_all(NEW_ROOT)?;
    mount("none", NEW_ROOT, "hostfs", MountFlags::NODEV, c"")
        .context("the host directory cannot be mounted")?;
    commands::keep();
    let left = open_root()?;
    for place in mounts::MOVED {
        take_along(place)?;
    }
    std::env::set_current_dir(NEW_ROOT)?;
    mount_move(".", "/").context("the new root cannot be moved into place")?;
    rustix::process::chroot(".").context("chroot")?;
    std::env::set_current_dir("/")?;
    give_back(left);
    report_missing_shell();
    Ok(())
}

fn open_root() -> io::Result<fs::File> {
    fs::File::open("/")
}

fn take_along(place: &str) -> anyhow::Result<()> {
    let inside = format!("{NEW_ROOT}{place}");
    // Another node may make the same folder at the same time.
    let mut folder = fs::DirBuilder::new();
    folder
        .recursive(true)
        .mode(0o755)
        .create(&inside)
        .with_context(|| format!("the root has no {place} and none can be made"))?;
    mount_move(place, &inside).with_context(|| format!("{place} cannot move along"))
}

/// A root nothing can run on is worth a word, not a panic: the agent still
/// answers.
fn report_missing_shell() {
    if !Path::new(environment::SHELL).exists() {
        problem::note(&format!(
            "the root has no {}: give --root the top of a Linux tree (make rootfs makes one)",
            environment::SHELL
        ));
    }
}

/// Deletes what the initramfs held, all on one file system: it is memory.
fn give_back(left: fs::File) {
    let deleted = left
        .metadata()
        .and_then(|top| delete_below(&left, top.dev()));
    if let Err(why) = deleted {
        crate::log::line(&format!("the initramfs stays in memory: {why}"));
    }
}

fn delete_below(folder: &fs::File, device: u64) -> io::Result<()> {
    for entry in rustix::fs::Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let kind = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if kind.st_dev != device {
            continue;
        }
        if rustix::fs::FileType::from_raw_mode(kind.st_mode).is_dir() {
            let below = rustix::fs::openat(
                folder,
                name,
                rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW,
                Mode::empty(),
            )?;
            delete_below(&fs::File::from(below), device)?;
            // A folder something is mounted on stays; it is empty.
            let _ = rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR);
        } else {
            rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
        }
    }
    Ok(())
}
