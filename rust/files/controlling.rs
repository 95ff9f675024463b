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
            self,
            Change,
            Group,
            Member,
            Opening,
            Request,
            BACKGROUND, //
        }, //
    },
    ids::NodeId,
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
        Forbidden,
        Leader,
        Seen, //
    }, //
};

use crate::{
    proxies,
    sessions,
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
        Request::Take | Request::GiveUp => act(proxy, request, argument),
        // No ioctl(2) asks for the others.
        _ => return None,
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
    let ask = |group: Group| {
        put(proxy, Request::SetForeground, |out| {
            member().encode(out);
            group.encode(out);
        })
    };
    let mut outcome = ask(group);
    sessions::forget(member().session);
    if matches!((&outcome, &named), (Err(ESRCH), Ok(named)) if !named.is_vouched) {
        outcome = sessions::vouch(group.number, member().session).and_then(|()| {
            ask(Group {
                is_vouched: true,
                ..group
            })
        });
    }
    match (outcome, named) {
        // As tiocspgrp() has it.
        (Err(EIO), _) => Err(ENOTTY),
        (Err(ESRCH), Err(error)) | (Err(ENOTTY), Err(error @ EINVAL)) => Err(error),
        (outcome, _) => outcome.map(|_| ()),
    }
}

/// Has what the process left at the terminal's home do it, or who stands for it there.
fn act(proxy: &Proxy, request: Request, argument: usize) -> Result {
    let change = |leader| Change {
        pid: syscall::own_process(),
        argument: argument as u32,
        leader,
    };
    let Some(leader) = Leader::of_current() else {
        return put(proxy, request, |out| change(None).encode(out)).map(|_| ());
    };
    let node = NodeId::new(proxy.node()).ok_or(EIO)?;
    let change = change(Some(terminal::Leader {
        user: leader.user,
        effective: leader.effective,
        is_admin: leader.is_admin,
    }));
    if request == Request::Take {
        return take(proxy, node, &leader, change);
    }
    put(proxy, request, |out| change.encode(out))?;
    sessions::forget(leader.pid);
    ssi_kapi::terminal::given_up(leader.pid, node.get());
    sessions::publish(leader.pid, None);
    Ok(())
}

/// His node and the one he was born on know of the terminal before he has it: he may end at any
/// time.
fn take(proxy: &Proxy, node: NodeId, leader: &Leader, change: Change) -> Result {
    let session = leader.pid;
    let has_another = ssi_kapi::terminal::place(session).is_some_and(|place| place != node.get());
    if leader.has_one || has_another {
        return Err(EPERM);
    }
    // It may have been that of who ended just now.
    ssi_kapi::terminal::settle();
    let is_new = sessions::taken(session, node)?;
    if is_new {
        sessions::publish(session, Some(node));
    }
    let taken = put(proxy, Request::Take, |out| change.encode(out));
    sessions::forget(session);
    if taken.is_err() && is_new {
        ssi_kapi::terminal::given_up(session, node.get());
        sessions::publish(session, None);
    }
    taken.map(|_| ())
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

/// Asks `node`; a leader waits to the end of what he takes, even if he is killed.
pub(crate) fn call(
    node: NodeId,
    request: Request,
    put: impl FnOnce(&mut Writer<'_>),
) -> Result<Reply> {
    let mut room = [0; QUESTION_BYTES_MAX];
    let mut out = Writer::new(&mut room);
    put(&mut out);
    let length = out.finish().map_err(|_| E2BIG)?;
    let args = room.get(..length).unwrap_or_default();
    let mut question = Ask::new(ServiceRef::new(NAME, VERSION), request.code(), args);
    // A ticket nobody has is never given back.
    question.is_to_the_end = matches!(request, Request::Open | Request::Take | Request::Placed);
    match ssi_ics::call(node, &question) {
        Ok(reply) if reply.result == BACKGROUND => Err(in_background(Operation::Device)),
        Ok(reply) if reply.result < 0 => Err(ssi_ics::error_of_peer(reply.result)),
        Ok(reply) => Ok(reply),
        Err(CallError::Interrupted) => Err(ERESTARTSYS),
        Err(CallError::NoMemory) => Err(ENOMEM),
        Err(_) => Err(EIO),
    }
}

/// Finds terminals of other nodes.
pub(crate) struct Elsewhere;

impl Finder for Elsewhere {
    fn find(&self, session: u32, flags: u32) -> Result<ARef<File>> {
        let node = sessions::place(session).ok_or(ENXIO)?;
        let opening = Opening { session, flags };
        let ask = |node| match call(node, Request::Open, |out| opening.encode(out)) {
            // There is no terminal any more.
            Err(EIO) => Err(ENXIO),
            reply => reply,
        };
        let mut reply = ask(node)?;
        let next = u8::try_from(reply.result).ok().and_then(NodeId::new);
        if let Some(next) = next.filter(|_| reply.body().is_empty()) {
            reply = ask(next)?;
        }
        proxies::import(reply.body()).map_err(|_| ENXIO)
    }

    fn seen(&self, session: u32) -> Option<Seen> {
        sessions::seen(session)
    }

    fn vouch(&self, group: u32, session: u32) -> Result {
        sessions::vouch(group, session)
    }

    fn opened(&self, proxy: &Proxy) {
        let leads = Leader::of_current()
            .filter(|leader| !leader.has_one && ssi_kapi::terminal::place(leader.pid).is_none());
        if leads.is_some() {
            // Somebody else's is opened all the same.
            let _ = act(proxy, Request::Take, 0);
        }
    }

    fn ended(&self, session: u32, node: u8) {
        if let Some(node) = NodeId::new(node) {
            sessions::ended(session, node);
        }
    }

    fn hung_up(&self, session: u32, client: u8) {
        if let Some(client) = NodeId::new(client) {
            sessions::hung_up(session, client);
        }
    }
}
