// SPDX-License-Identifier: GPL-2.0

//! The program of a command.
//!
//! Looked up here rather than by the C library: the command's own `PATH` and
//! directory count, and a name that is not found is told apart from every other
//! failure.

use crate::outcome::Outcome;
use rustix::fs::{
    access,
    Access, //
};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{
    Path,
    PathBuf, //
};

/// Finds `name`: as it stands, seen from `cwd`, if it holds a slash, else in the
/// directories of `path`.
///
/// # Errors
///
/// The outcome of a command that cannot be started.
pub(super) fn find(name: &[u8], path: &[u8], cwd: &Path) -> Result<PathBuf, Outcome> {
    if name.contains(&b'/') {
        let given = PathBuf::from(OsStr::from_bytes(name));
        return match check(&cwd.join(&given)) {
            Ok(()) => Ok(given),
            Err(errno) => Err(failure(name, errno)),
        };
    }
    let mut reason = Errno::NOENT;
    for directory in path.split(|&byte| byte == b':') {
        let candidate = cwd
            .join(OsStr::from_bytes(directory))
            .join(OsStr::from_bytes(name));
        match check(&candidate) {
            Ok(()) => return Ok(candidate),
            // Found, but not to be run: worth more than not found at all.
            Err(Errno::ACCESS) if candidate.exists() => reason = Errno::ACCESS,
            Err(_) => {}
        }
    }
    Err(match reason {
        Errno::NOENT => not_found(name),
        errno => failure(name, errno),
    })
}

/// Whether `path` is a file this process may execute.
fn check(path: &Path) -> Result<(), Errno> {
    access(path, Access::EXEC_OK)?;
    if path.is_dir() {
        return Err(Errno::ACCESS);
    }
    Ok(())
}

/// The outcome of a command that `errno` kept from starting.
pub(super) fn failure(what: &[u8], errno: Errno) -> Outcome {
    let what = String::from_utf8_lossy(what);
    let reason = io::Error::from(errno).to_string();
    // Without the number that the standard library puts behind the words.
    let words = reason.split(" (os error").next().unwrap_or_default();
    Outcome::Failed {
        errno: errno.raw_os_error(),
        text: format!("{what}: {words}"),
    }
}

/// The outcome of a command that `error` kept from starting.
pub(super) fn failed(what: &OsStr, error: &io::Error) -> Outcome {
    let errno = error
        .raw_os_error()
        .map_or(Errno::IO, Errno::from_raw_os_error);
    failure(what.as_bytes(), errno)
}

fn not_found(name: &[u8]) -> Outcome {
    Outcome::Failed {
        errno: Errno::NOENT.raw_os_error(),
        text: format!("{}: command not found", String::from_utf8_lossy(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(result: Result<PathBuf, Outcome>) -> (u8, String) {
        match result {
            Err(outcome @ Outcome::Failed { .. }) => {
                let status = outcome.status();
                let Outcome::Failed { text, .. } = outcome else {
                    unreachable!()
                };
                (status, text)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn searches_the_path_in_order() {
        let found = find(b"sh", b"/nowhere:/bin:/usr/bin", Path::new("/"));
        assert_eq!(found, Ok(PathBuf::from("/bin/sh")));
    }

    #[test]
    fn a_name_with_a_slash_is_seen_from_the_directory() {
        let found = find(b"bin/sh", b"", Path::new("/"));
        assert_eq!(found, Ok(PathBuf::from("bin/sh")));
    }

    #[test]
    fn says_what_is_wrong() {
        let find = |name: &[u8]| text(find(name, b"/bin:/etc", Path::new("/")));
        assert_eq!(find(b"no-such"), (127, "no-such: command not found".into()));
        assert_eq!(find(b"passwd-"), (126, "passwd-: Permission denied".into()));
        assert_eq!(find(b"/etc"), (126, "/etc: Permission denied".into()));
        assert_eq!(
            find(b"./no-such"),
            (127, "./no-such: No such file or directory".into())
        );
    }
}
