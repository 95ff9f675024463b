// SPDX-License-Identifier: GPL-2.0

//! Why a call failed.

use core::fmt;

use kernel::{
    alloc::AllocError,
    prelude::*, //
};
use ssi_core::ics::payload::Status;

/// Why a call failed. Becomes an error number in [`From`] and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The node is no member of the view. The call had no effect.
    NotMember,
    /// The node left the view or died. Whether the call had an effect is unknown.
    NodeDown,
    /// The caller itself serves a call of the highest level, or runs on the thread of
    /// the reactor or of the membership, and may not call. The call had no effect.
    TooDeep,
    /// The caller did not want to wait and there was no credit. No effect.
    WouldBlock,
    /// A signal came. The call had no effect, or the task is being killed.
    Interrupted,
    /// The time was up. Whether the call had or will have an effect is unknown.
    TimedOut,
    /// There is no memory. The call had no effect.
    NoMemory,
    /// The service answered, but there was no memory for the answer, or it was none.
    /// What the call did is done.
    AnswerLost,
    /// Arguments or pages are more than a call can carry. No effect.
    TooLong,
    /// The node answered, but not the service.
    Refused(Status),
}

impl From<CallError> for Error {
    fn from(why: CallError) -> Self {
        match why {
            CallError::NotMember => EHOSTUNREACH,
            CallError::NodeDown => EREMOTEIO,
            CallError::TooDeep => ELOOP,
            CallError::WouldBlock => EAGAIN,
            CallError::Interrupted => ERESTARTSYS,
            CallError::TimedOut => ETIMEDOUT,
            CallError::NoMemory => ENOMEM,
            CallError::AnswerLost => EIO,
            CallError::TooLong => EMSGSIZE,
            CallError::Refused(status) => match status {
                // An answer is no error, and stale requests are issued again.
                Status::Answered | Status::Stale | Status::Abandoned => EIO,
                Status::Busy => EBUSY,
                Status::NoService | Status::NoOperation => EOPNOTSUPP,
                Status::NoVersion => EPROTONOSUPPORT,
                Status::BadArguments => EINVAL,
                Status::Cancelled => ECANCELED,
                Status::NoMemory => ENOMEM,
            },
        }
    }
}

/// The highest number of an error a program gets, `EHWPOISON`. Those above mean something to
/// a kernel alone.
const ERRNO_MAX: i32 = 133;

/// The error with this negative number, as far as another node may say it.
pub fn error_of_peer(number: i32) -> Error {
    match (-ERRNO_MAX..0).contains(&number) {
        true => Error::from_errno(number),
        false => EIO,
    }
}

impl From<AllocError> for CallError {
    fn from(_: AllocError) -> Self {
        Self::NoMemory
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotMember => "the node is no member",
            Self::NodeDown => "the node went down",
            Self::TooDeep => "calls are nested too deep",
            Self::WouldBlock => "no credit",
            Self::Interrupted => "interrupted",
            Self::TimedOut => "timed out",
            Self::NoMemory => "no memory",
            Self::AnswerLost => "the answer is lost",
            Self::TooLong => "too long",
            Self::Refused(status) => status.name(),
        })
    }
}
