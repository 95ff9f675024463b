// SPDX-License-Identifier: GPL-2.0

//! Open files of the running task.
//!
//! Those that stay open when it executes a program, and how to open one of them on
//! another node.
//!
//! C header: [`include/linux/file.h`](srctree/include/linux/file.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::CStr, //
};

/// Numbers of the files that stay open when a program is executed, in rising order.
pub fn kept() -> impl Iterator<Item = u32> {
    let mut next = 0;
    core::iter::from_fn(move || {
        // SAFETY: Looks at the running task only, which has files.
        let fd = u32::try_from(unsafe { bindings::ssi_open_file_next(next) }).ok()?;
        next = fd.saturating_add(1);
        Some(fd)
    })
}

/// Name and flags of open(2) under which every node has what is open as `fd`: a device of
/// memory, or a folder, which is the one with the same name. `None` for a file of this node.
/// `room` has place for the name. Context of a task; may sleep.
pub fn everywhere(fd: u32, room: &mut [u8]) -> Option<(&CStr, u32)> {
    let mut flags = 0;
    let (start, length) = (room.as_mut_ptr().cast(), room.len());
    // SAFETY: The flags can be written, and so many bytes of the room.
    let name = unsafe { bindings::ssi_open_file_everywhere(fd, &mut flags, start, length) };
    // SAFETY: It is null, a constant text of the C side, or one in the room.
    (!name.is_null()).then(|| (unsafe { CStr::from_char_ptr(name) }, flags))
}

/// Opens `path` as `fd`, in place of what was open there, and goes to `offset`. Nothing is
/// made or cut short, whatever `flags` say. May sleep.
///
/// # Errors
///
/// As for open(2); `EBADF` for a number beyond the limit.
pub fn open(fd: u32, path: &CStr, flags: u32, offset: u64) -> Result {
    // SAFETY: The path ends in a zero byte.
    to_result(unsafe { bindings::ssi_open_file_anew(fd, path.as_char_ptr(), flags, offset) })
}
