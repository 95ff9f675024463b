// SPDX-License-Identifier: GPL-2.0

//! Errors as C knows them.

use std::ffi::c_int;

use libcluster::Error;
use rustix::io::Errno;

/// Why a call fails: a number of `errno.h`.
pub(crate) struct Failure(Errno);

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self(errno)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::NotNode { .. } => Errno::NOSYS,
            Error::NotUp(_) | Error::NoProcess(_) => Errno::SRCH,
            Error::NoView | Error::NotYet(_) => Errno::AGAIN,
            Error::Forgotten { .. } => Errno::OVERFLOW,
            Error::NoSuchTransition(_) | Error::BadSignal(_) => Errno::INVAL,
            Error::Malformed { .. } => Errno::PROTO,
            Error::Io { source, .. } => Errno::from_io_error(&source).unwrap_or(Errno::IO),
            _ => Errno::IO,
        })
    }
}

/// What a call returns to C: its value, or -1 and `errno`.
pub(crate) fn returned(result: Result<c_int, Failure>) -> c_int {
    result.unwrap_or_else(|why| {
        note(why);
        -1
    })
}

/// Sets `errno`.
pub(crate) fn note(why: Failure) {
    errno::set_errno(errno::Errno(why.0.raw_os_error()));
}
