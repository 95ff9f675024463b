// SPDX-License-Identifier: GPL-2.0

//! Programs begun on other nodes.
//!
//! `list.c` has the calls that take their words one by one. All return only when they
//! fail. None allocates anything, so a child of fork(2) may call them.

use std::ffi::{
    c_char,
    c_int,
    CStr, //
};

use ssi_device::{
    Device,
    DEFAULT_FOLDERS, //
};

use crate::{
    failure::returned,
    node, //
};

unsafe extern "C" {
    static environ: *const *const c_char;
    fn getenv(name: *const c_char) -> *const c_char;
}

/// Executes `path` on a node, in this process. The pointers are the kernel's to check.
#[unsafe(no_mangle)]
pub extern "C" fn rexecve(
    path: *const c_char,
    argv: *const *const c_char,
    envp: *const *const c_char,
    number: c_int,
) -> c_int {
    let begin = || {
        let node = node(number)?.get().into();
        Err(Device::open()?.rexecve(node, path, argv, envp).into())
    };
    returned(begin())
}

/// Executes `path` on a node with the environment of this process.
#[unsafe(no_mangle)]
pub extern "C" fn rexecv(path: *const c_char, argv: *const *const c_char, number: c_int) -> c_int {
    rexecve(path, argv, environment(), number)
}

/// Executes the first `file` in the folders of `PATH`, as they are on the node. The pointers
/// are the kernel's to check.
#[unsafe(no_mangle)]
pub extern "C" fn rexecvp(file: *const c_char, argv: *const *const c_char, number: c_int) -> c_int {
    let begin = || {
        let node = node(number)?.get().into();
        let folders = path().unwrap_or(DEFAULT_FOLDERS);
        Err(Device::open()?
            .rexecvp(node, file, argv, environment(), folders)
            .into())
    };
    returned(begin())
}

/// The environment of this process, as its C library has it now.
fn environment() -> *const *const c_char {
    // SAFETY: A word of the C library, which is there for as long as the program.
    unsafe { environ }
}

/// `PATH`, if there is one.
fn path<'a>() -> Option<&'a CStr> {
    // SAFETY: The name ends with a 0.
    let value = unsafe { getenv(c"PATH".as_ptr()) };
    // SAFETY: Null, or a text of the environment, which a program must not change while
    // another of its threads executes something.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) })
}
