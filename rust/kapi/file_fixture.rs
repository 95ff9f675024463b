// SPDX-License-Identifier: GPL-2.0

//! Open files for tests.

use core::ptr::{
    self,
    NonNull, //
};

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};

/// # Safety
///
/// `raw` is a file with a reference that is handed on.
unsafe fn owned(raw: *mut bindings::file) -> Result<ARef<File>> {
    let raw = NonNull::new(raw).ok_or(ENOMEM)?;
    // SAFETY: By the caller; it has no number.
    Ok(unsafe { ARef::from_raw(raw.cast()) })
}

/// A pipe: the end that is read, and the one that is written.
pub(crate) fn pipe() -> Result<(ARef<File>, ARef<File>)> {
    let mut ends = [ptr::null_mut(); 2];
    // SAFETY: Two pointers can be written.
    to_result(unsafe { bindings::ssi_fixture_pipe(ends.as_mut_ptr()) })?;
    // SAFETY: Both are new.
    Ok(unsafe { (owned(ends[0])?, owned(ends[1])?) })
}

/// Two sockets that are connected: streams for type 1, packets for 5.
pub(crate) fn sockets(kind: i32) -> Result<(ARef<File>, ARef<File>)> {
    let mut ends = [ptr::null_mut(); 2];
    // SAFETY: Two pointers can be written.
    to_result(unsafe { bindings::ssi_fixture_sockets(kind, ends.as_mut_ptr()) })?;
    // SAFETY: Both are new.
    Ok(unsafe { (owned(ends[0])?, owned(ends[1])?) })
}

/// An empty regular file.
pub(crate) fn regular() -> Result<ARef<File>> {
    // SAFETY: No preconditions.
    let raw = from_err_ptr(unsafe { bindings::ssi_fixture_regular() })?;
    // SAFETY: It is new.
    unsafe { owned(raw) }
}

/// A terminal, and its other end.
pub(crate) fn terminal() -> Result<(ARef<File>, ARef<File>)> {
    let mut master = ptr::null_mut();
    // SAFETY: It can be written.
    let raw = from_err_ptr(unsafe { bindings::ssi_fixture_terminal(&mut master) })?;
    // SAFETY: Both are new.
    Ok(unsafe { (owned(raw)?, owned(master)?) })
}

/// An eventfd.
pub(crate) fn counter(count: u32) -> Result<ARef<File>> {
    // SAFETY: No preconditions.
    let raw = from_err_ptr(unsafe { bindings::ssi_fixture_counter(count) })?;
    // SAFETY: It is new; the number it had was closed.
    unsafe { owned(raw) }
}

/// Reads as read(2) does, at the file's own position.
pub(crate) fn read(file: &File, to: &mut [u8]) -> Result<usize> {
    // SAFETY: The file is referenced; nobody else uses its position in a test.
    let position = unsafe { &raw mut (*file.as_ptr()).f_pos };
    // SAFETY: So much can be written.
    let read =
        unsafe { bindings::kernel_read(file.as_ptr(), to.as_mut_ptr().cast(), to.len(), position) };
    usize::try_from(read).map_err(|_| Error::from_errno(read as c_int))
}

/// Writes as write(2) does, at the file's own position.
pub(crate) fn write(file: &File, from: &[u8]) -> Result<usize> {
    // SAFETY: As above.
    let position = unsafe { &raw mut (*file.as_ptr()).f_pos };
    // SAFETY: So much can be read.
    let written = unsafe {
        bindings::kernel_write(file.as_ptr(), from.as_ptr().cast(), from.len(), position)
    };
    usize::try_from(written).map_err(|_| Error::from_errno(written as c_int))
}

/// What poll(2) says.
pub(crate) fn poll(file: &File) -> u32 {
    // SAFETY: The file is referenced.
    unsafe { bindings::ssi_fixture_poll(file.as_ptr()) }
}
