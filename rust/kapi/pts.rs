// SPDX-License-Identifier: GPL-2.0

//! Pseudo terminals by number.
//!
//! `/dev/pts/N` is the same terminal on all nodes: its number says which node it is of, and
//! the folder of any other node asks that one.
//!
//! C header: [`include/linux/devpts_fs.h`](srctree/include/linux/devpts_fs.h)

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::{
        File,
        LocalFile, //
    },
    macros::export,
    prelude::*,
    sync::{
        aref::ARef,
        SetOnce, //
    }, //
};

use crate::{
    file_proxy::{
        Proxy,
        Status, //
    },
    syscall, //
};

/// Asks other nodes.
pub trait Numbers: Sync {
    /// What pseudo terminal `index` of `node` is. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is none.
    fn look(&self, index: u32, node: u8) -> Result<Status>;

    /// That, opened with `flags` for `user`, who may. May sleep.
    ///
    /// # Errors
    ///
    /// Those of open(2).
    fn open(&self, index: u32, node: u8, flags: u32, user: u32) -> Result<ARef<File>>;
}

static NUMBERS: SetOnce<&'static dyn Numbers> = SetOnce::new();

/// Has `numbers` asked for those of other nodes. Call it once, from an initcall.
///
/// # Errors
///
/// `EBUSY` the second time.
pub fn install(numbers: &'static dyn Numbers) -> Result {
    NUMBERS.populate(numbers).then_some(()).ok_or(EBUSY)
}

/// What pseudo terminal `index` of this node is. May sleep.
///
/// # Errors
///
/// `ENOENT` if there is none.
pub fn status(index: u32) -> Result<Status> {
    let mut raw: bindings::ssi_file_status = pin_init::zeroed();
    // SAFETY: It can be written.
    to_result(unsafe { bindings::ssi_pts_status(index, &mut raw) })?;
    Ok(Status::from_raw(&raw))
}

/// Runs `act` with that, opened with `flags` for `user`. May sleep.
///
/// # Errors
///
/// `ENOENT` if there is none; those of open(2), and of `act`.
pub fn with<R>(
    index: u32,
    flags: u32,
    user: u32,
    act: impl FnOnce(&LocalFile) -> Result<R>,
) -> Result<R> {
    // SAFETY: No preconditions.
    let raw = from_err_ptr(unsafe { bindings::ssi_pts_opened(index, flags, user) })?;
    let raw = core::ptr::NonNull::new(raw).ok_or(ENOENT)?;
    // SAFETY: The reference is handed on; the file has no number.
    let file: ARef<File> = unsafe { ARef::from_raw(raw.cast()) };
    act(&file)
}

/// # Safety
///
/// `out` can be written.
#[export]
unsafe extern "C" fn ssi_pts_elsewhere(
    index: u32,
    node: u8,
    out: *mut bindings::ssi_file_status,
) -> c_int {
    let status = NUMBERS
        .copy()
        .ok_or(ENOENT)
        .and_then(|numbers| numbers.look(index, node));
    match status {
        // SAFETY: By the caller.
        Ok(status) => unsafe { out.write(status.to_raw()) },
        Err(error) => return error.to_errno(),
    }
    0
}

/// # Safety
///
/// The file is being opened.
#[export]
unsafe extern "C" fn ssi_pts_open_elsewhere(
    index: u32,
    node: u8,
    file: *mut bindings::file,
    flags: u32,
) -> c_int {
    let found = NUMBERS.copy().ok_or(ENOENT).and_then(|numbers| {
        let found = numbers.open(index, node, flags, syscall::user(0))?;
        let proxy = Proxy::of(&found).ok_or(ENXIO)?;
        // SAFETY: By the caller; the proxy is open as long as `found` is.
        to_result(unsafe { bindings::ssi_proxy_adopt_named(proxy.as_ptr(), file) })
    });
    found.map_or_else(|error| error.to_errno(), |()| 0)
}
