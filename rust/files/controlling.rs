// SPDX-License-Identifier: GPL-2.0

//! Controlling terminal elsewhere.
//!
//! What a process here asks of a terminal of another node that controls its session. Its
//! home says who is in the foreground; what becomes of who is not is decided here, where
//! the signals of the process are known.

use kernel::{
    fs::File,
    prelude::*,
    sync::aref::ARef,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};
use ssi_core::{
    files::{
        operation::Operation,
        terminal::{
            Change,
            Group,
            Member,
            Opening,
            Request,
            BACKGROUND, //
        }, //
    },
    ids::NodeId,
    vproc::pid::{
        self,
        Origin, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Ask,
    CallError,
    Reply,
    ServiceRef, //
};
use ssi_kapi::{
    file_proxy::{
        Kind,
        Proxy, //
    },
    syscall,
    terminal::{
        Finder,
        Forbidden, //
    }, //
};

use crate::{
    members,
    proxies,
    terminals::{
        NAME,
        VERSION, //
    }, //
};

/// Bytes of a number of a process in memory of a user.
const PID_BYTES: usize = 4;

/// Most bytes of a question.
const QUESTION_BYTES_MAX: usize = 32;

/// The running task, as a terminal is told.
pub(crate) fn member() -> Member {
    let ssi_kapi::terminal::Member {
        session,
        group,
        insists,
    } = ssi_kapi::terminal::Member::of_current();
    Member {
        session,
        group,
        insists,
    }
}

/// What the running task gets that was in the background when it asked for `operation`.
pub(crate) fn in_background(operation: Operation) -> Error {
    ssi_kapi::terminal::in_background(match operation {
        Operation::Read => Forbidden::Read,
        _ => Forbidden::Write,
    })
}

/// Makes the ioctl(2) with this number, if it is about whom a terminal controls. May sleep.
///
/// # Errors
///
/// Those of ioctl(2); `EIO` when the home of the terminal is gone.
pub(crate) fn ioctl(proxy: &Proxy, number: u32, argument: usize) -> Option<Result<isize>> {
    if proxy.kind() != Kind::Terminal {
        return None;
    }
    let request = Request::of_call(number)?;
    let done = match request {
        Request::Foreground | Request::Session => tell(proxy, request, argument),
        Request::SetForeground => set_foreground(proxy, argument),
        Request::Take | Request::GiveUp | Request::Open => act(proxy, request, argument),
    };
    Some(done.map(|()| 0))
}

/// Asks for a number, and writes it where the caller said.
fn tell(proxy: &Proxy, request: Request, argument: usize) -> Result {
    let reply = put(proxy, request, |out| member().encode(out))?;
    let number = Reader::new(reply.body()).u32().map_err(|_| EIO)?;
    let number = ssi_kapi::terminal::visible(number).to_ne_bytes();
    user(argument).writer().write_slice(&number)
}

fn set_foreground(proxy: &Proxy, argument: usize) -> Result {
    let number = user(argument).reader().read::<i32>()?;
    let named = ssi_kapi::terminal::named(number);
    // A caller in the background is stopped before it learns that there is no such group.
    let group = Group {
        number: named.map_or(0, |named| named.group),
        is_vouched: named.is_ok_and(|named| named.is_vouched),
    };
    let outcome = put(proxy, Request::SetForeground, |out| {
        member().encode(out);
        group.encode(out);
    });
    match (outcome, named) {
        // As tiocspgrp() has it.
        (Err(EIO), _) => Err(ENOTTY),
        (Err(ESRCH), Err(error)) | (Err(ENOTTY), Err(error @ EINVAL)) => Err(error),
        (outcome, _) => outcome.map(|_| ()),
    }
}

/// Has what the process left at the terminal's home do it.
fn act(proxy: &Proxy, request: Request, argument: usize) -> Result {
    let change = Change {
        pid: syscall::own_process(),
        argument: argument as u32,
    };
    put(proxy, request, |out| change.encode(out)).map(|_| ())
}

fn user(argument: usize) -> UserSlice {
    UserSlice::new(UserPtr::from_addr(argument), PID_BYTES)
}

/// Asks the home of `proxy`; `arguments` follow the name.
fn put(proxy: &Proxy, request: Request, arguments: impl FnOnce(&mut Writer<'_>)) -> Result<Reply> {
    let node = NodeId::new(proxy.node())
        .filter(|_| !proxy.is_lost())
        .ok_or(EIO)?;
    call(node, request, |out| arguments(out.u64(proxy.handle())))
}

fn call(node: NodeId, request: Request, put: impl FnOnce(&mut Writer<'_>)) -> Result<Reply> {
    let mut room = [0; QUESTION_BYTES_MAX];
    let mut out = Writer::new(&mut room);
    put(&mut out);
    let length = out.finish().map_err(|_| E2BIG)?;
    let args = room.get(..length).unwrap_or_default();
    let question = Ask::new(ServiceRef::new(NAME, VERSION), request.code(), args);
    match ssi_ics::call(node, &question) {
        Ok(reply) if reply.result == BACKGROUND => Err(in_background(Operation::Device)),
        Ok(reply) if reply.result < 0 => Err(ssi_ics::error_of_peer(reply.result)),
        Ok(reply) => Ok(reply),
        Err(CallError::Interrupted) => Err(ERESTARTSYS),
        Err(CallError::NoMemory) => Err(ENOMEM),
        Err(_) => Err(EIO),
    }
}

/// Looks where the session has its number from: there its terminal is.
pub(crate) struct Elsewhere;

impl Finder for Elsewhere {
    fn find(&self, session: u32, flags: u32) -> Result<ARef<File>> {
        let me = members::me()?;
        let node = match pid::origin(session) {
            Some(Origin::Node(node)) if node != me => node,
            _ => return Err(ENXIO),
        };
        let opening = Opening { session, flags };
        let reply = call(node, Request::Open, |out| opening.encode(out));
        match reply {
            // There is no terminal any more.
            Err(EIO) => Err(ENXIO),
            reply => proxies::import(reply?.body()).map_err(|_| ENXIO),
        }
    }
}
