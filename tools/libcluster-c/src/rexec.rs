// SPDX-License-Identifier: GPL-2.0

//! Programs begun on other nodes.
//!
//! `list.c` has the calls that take their words one by one. All return only when they
//! fail. None but a script's allocates anything, so a child of fork(2) may call them.

use std::ffi::{
    c_char,
    c_int,
    CStr, //
};

use libcluster::path_search::{
    search,
    words_of_script,
    Attempt,
    SHELL, //
};
use rustix::io::Errno;
use ssi_device::Device;

use crate::{
    failure::{
        returned,
        Failure, //
    },
    node,
    pointer, //
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

/// Executes the first `file` in the folders of `PATH`, as they are on the node.
///
/// # Safety
///
/// `file` is a text of C, or null; `argv` ends with null, or is it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rexecvp(
    file: *const c_char,
    argv: *const *const c_char,
    number: c_int,
) -> c_int {
    let begin = || -> Result<c_int, Failure> {
        let node = node(number)?.get().into();
        let device = Device::open()?;
        // SAFETY: The caller promises a text, or null.
        let file = unsafe { pointer::text(file) }.map_err(|_| Errno::FAULT)?;
        let execute = |attempt: Attempt<'_>| match attempt {
            Attempt::Program(file) => device.rexecve(node, file.as_ptr(), argv, environment()),
            Attempt::Script(script) => {
                // SAFETY: The caller promises a list that ends, or null.
                let words = words_of_script(script, unsafe { pointer::list(argv) });
                device.rexecve(node, SHELL.as_ptr(), words.as_ptr(), environment())
            }
        };
        Err(search(file, path(), execute).into())
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
