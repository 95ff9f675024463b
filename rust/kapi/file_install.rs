// SPDX-License-Identifier: GPL-2.0

//! Place of an open file.
//!
//! C header: [`include/linux/file.h`](srctree/include/linux/file.h)

use kernel::{
    bindings,
    error::to_result,
    fs::File,
    prelude::*, //
};

/// Makes `file` the one with number `fd` of the running task, in place of what may be
/// there, to be closed or not when a program is executed. May sleep.
///
/// # Errors
///
/// `EBADF` for a number beyond the limit, `EMFILE`, `ENOMEM`.
pub fn install(fd: u32, file: &File, is_closed_on_exec: bool) -> Result {
    let flags = match is_closed_on_exec {
        true => bindings::O_CLOEXEC,
        false => 0,
    };
    // SAFETY: The file is referenced; the function takes a reference of its own.
    to_result(unsafe { bindings::replace_fd(fd, file.as_ptr(), flags) })
}
