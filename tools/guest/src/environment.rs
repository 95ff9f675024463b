// SPDX-License-Identifier: GPL-2.0

//! The environment of programs.
//!
//! What a login would set, the same for `ssi exec` and for the console.

/// Where programs are looked for; last where the cluster's commands are when the
/// root has none ([`crate::commands::KEPT`]).
pub(crate) const PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/ssi/bin";

/// The shell of the console.
pub(crate) const SHELL: &str = "/bin/sh";

/// Names and values every command starts with.
pub(crate) fn of_commands() -> [(&'static str, &'static str); 6] {
    [
        ("PATH", PATH),
        ("HOME", "/root"),
        ("USER", "root"),
        ("LOGNAME", "root"),
        ("SHELL", SHELL),
        ("PS1", "\\u@\\h:\\w\\$ "),
    ]
}

/// Where commands start.
pub(crate) fn home() -> &'static str {
    if std::path::Path::new("/root").is_dir() {
        "/root"
    } else {
        "/"
    }
}
