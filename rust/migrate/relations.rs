// SPDX-License-Identifier: GPL-2.0

//! Groups and sessions of guests.
//!
//! A guest that joins a group, or leads a session, does it at home first: what it left
//! there does it as itself, with all that the kernel there checks. What came of it is done
//! again here, so that both kernels say the same.
//!
//! A child that was forked elsewhere is put into a group by its parent here, where both are
//! known, as long as it has executed no program there. One that stayed at home when its parent
//! went is put into a group there.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    migrate::relation::{
        Relation,
        RELATION_BYTES, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    CallError,
    Request, //
};
use ssi_kapi::{
    guest,
    surrogate,
    syscall::{
        self,
        number,
        SystemCall, //
    },
    whereabouts, //
};

use crate::{
    ask::{
        self,
        Operation, //
    },
    children, //
};

/// Makes setpgid(2) or setsid(2) of the running process, if `call` is one that concerns its
/// home, or a child elsewhere.
pub(crate) fn dispatch(call: &SystemCall) -> Option<isize> {
    let outcome = match of_call(call, syscall::own_process()) {
        Some(relation) => make(relation),
        None => put_at_home(call).or_else(|| put_child(call)),
    };
    outcome.map(|outcome| outcome.unwrap_or_else(|error| error.to_errno() as isize))
}

/// Puts a child that stayed at home into a group; `None` if `call` is about none.
fn put_at_home(call: &SystemCall) -> Option<Result<isize>> {
    let (pid, own) = (u32::try_from(call.int(0)).ok()?, syscall::own_process());
    children::of(own).filter(|family| family.has(pid))?;
    let group = match u32::try_from(call.int(1)) {
        Ok(0) => pid,
        Ok(group) => group,
        Err(_) => return Some(Err(EINVAL)),
    };
    let result = match ask_home(own, children::home_of(own)?, Relation::Put(pid, group)) {
        Ok(result) => result,
        Err(_) => return Some(Err(ESRCH)),
    };
    Some(match result {
        0.. => Ok(0),
        _ => Err(ssi_ics::error_of_peer(result)),
    })
}

/// Puts a child of the running process that was forked on another node into a group; `None`
/// if `call` is about none. All else that may be wrong with it the kernel here finds.
fn put_child(call: &SystemCall) -> Option<Result<isize>> {
    let pid = u32::try_from(call.int(0)).ok()?;
    let node = NodeId::new(surrogate::forked_child(pid)?)?;
    let answer = ask::put(node, Operation::MayBePut, &pid.to_le_bytes());
    if answer.is_ok_and(|reply| reply.result == EACCES.to_errno()) && call.int(1) >= 0 {
        return Some(Err(EACCES));
    }
    let result = call.native();
    if result == 0 {
        surrogate::tell_place(pid);
    }
    Some(Ok(result))
}

/// What `call` means for process `own`; `None` if it is about another one, or nothing that
/// can be. A child is where its parent is.
fn of_call(call: &SystemCall, own: u32) -> Option<Relation> {
    let pid = |place| u32::try_from(call.int(place)).ok();
    match call.number {
        number::SETSID => Some(Relation::Lead),
        number::SETPGID if [0, own].contains(&pid(0)?) => Some(Relation::Join(match pid(1)? {
            0 => own,
            group => group,
        })),
        _ => None,
    }
}

/// Makes it for the running process, at home and here. `None` if it is no guest, or one
/// whose home is gone: then only the kernel here is concerned.
fn make(relation: Relation) -> Option<Result<isize>> {
    let own = syscall::own_process();
    let home = NodeId::new(whereabouts::guest(own)?.home?)?;
    let result = match ask_home(own, home, relation) {
        Ok(result) => result,
        Err(CallError::NotMember | CallError::NodeDown) => return None,
        Err(CallError::Refused(_)) => return Some(Err(ESRCH)),
        Err(error) => return Some(Err(error.into())),
    };
    if result < 0 {
        return Some(Err(ssi_ics::error_of_peer(result)));
    }
    let made = match relation {
        Relation::Join(group) => guest::join(group).map(|()| 0),
        Relation::Lead => guest::lead().map(|()| own as isize),
        // It is known there alone.
        Relation::Put(_, _) => Ok(0),
    };
    Some(made)
}

fn ask_home(own: u32, home: NodeId, relation: Relation) -> core::result::Result<i32, CallError> {
    let mut args = [0; 4 + RELATION_BYTES];
    let mut out = Writer::new(&mut args);
    out.u32(own);
    relation.encode(&mut out);
    ask::put(home, Operation::Relate, &args).map(|reply| reply.result)
}

/// Does at home what `request` asks for, and answers it.
pub(crate) fn serve(request: Request) {
    let Ok((pid, relation)) = read(request.args()) else {
        return request.bad_arguments();
    };
    let node = request.from().node.get();
    // What is not run is not answered, which says that there is none.
    let _ = surrogate::run(pid, node, move || {
        let made = match relation {
            Relation::Put(_, _) => put_child(&native(relation)),
            Relation::Join(_) | Relation::Lead => make(relation),
        };
        let result = made.unwrap_or_else(|| Ok(native(relation).native()));
        request.reply(
            result.map_or_else(Error::to_errno, |result| result as i32),
            &[],
        );
    });
}

fn read(args: &[u8]) -> core::result::Result<(u32, Relation), Malformed> {
    let mut message = Reader::new(args);
    Ok((message.u32()?, Relation::decode(message)?))
}

/// The call that has the kernel here do that for the running task.
fn native(relation: Relation) -> SystemCall {
    let (number, who, group) = match relation {
        Relation::Join(group) => (number::SETPGID, 0, group),
        Relation::Lead => (number::SETSID, 0, 0),
        Relation::Put(child, group) => (number::SETPGID, child, group),
    };
    let arguments = [who as usize, group as usize, 0, 0, 0, 0];
    SystemCall { number, arguments }
}
