// SPDX-License-Identifier: GPL-2.0

//! Commands with a local view.
//!
//! Its exit status is that of the command, so the failures that are its own have the
//! numbers env(1) gives them.

use std::{
    ffi::OsString,
    io::ErrorKind,
    os::unix::process::CommandExt as _,
    process::Command, //
};

/// The command was not begun.
pub(crate) const STATUS_FAILURE: u8 = 125;

const STATUS_CANNOT_RUN: u8 = 126;
const STATUS_NOT_FOUND: u8 = 127;

/// Becomes `command`. Returns only when that fails: the exit status, and why.
pub(crate) fn run(command: &[OsString]) -> (u8, String) {
    let [program, args @ ..] = command else {
        return (STATUS_FAILURE, "there is no command".to_owned());
    };
    if let Err(why) = libcluster::local_view() {
        return (STATUS_FAILURE, why.to_string());
    }
    let why = Command::new(program).args(args).exec();
    let program = program.to_string_lossy();
    match why.kind() {
        ErrorKind::NotFound => (STATUS_NOT_FOUND, format!("'{program}' is not found")),
        _ => (
            STATUS_CANNOT_RUN,
            format!("'{program}' cannot be run: {why}"),
        ),
    }
}
