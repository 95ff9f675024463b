// SPDX-License-Identifier: GPL-2.0

//! Commands with a local view.

use std::{
    ffi::OsString,
    io::ErrorKind,
    os::unix::process::CommandExt as _,
    process::Command, //
};

use crate::failed::{
    Failed,
    STATUS_CANNOT_RUN,
    STATUS_NOT_FOUND, //
};

/// Becomes `command`. Returns only when that fails.
pub(crate) fn run(command: &[OsString]) -> Failed {
    let [program, args @ ..] = command else {
        return Failed::before("there is no command");
    };
    if let Err(why) = libcluster::local_view() {
        return Failed::before(why);
    }
    let why = Command::new(program).args(args).exec();
    let program = program.to_string_lossy();
    match why.kind() {
        ErrorKind::NotFound => Failed::new(STATUS_NOT_FOUND, format!("'{program}' is not found")),
        _ => Failed::new(
            STATUS_CANNOT_RUN,
            format!("'{program}' cannot be run: {why}"),
        ),
    }
}
