// SPDX-License-Identifier: GPL-2.0

//! What reaches a process at home.
//!
//! Goes on to the node it is on.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    migrate::place::{
        Place,
        PLACE_BYTES, //
    },
    wire::Writer, //
};
use ssi_ics::{
    CallError,
    Reply, //
};
use ssi_kapi::{
    behalf::Caller,
    signal_info::{
        SentSignal,
        SIGNAL_INFO_BYTES, //
    },
    surrogate::{
        self,
        Forwarded,
        Owner, //
    }, //
};

use crate::{
    ask::{
        self,
        Operation, //
    },
    at_home,
    users, //
};

/// Speaks for those that are away.
pub(crate) struct Surrogates;

impl Owner for Surrogates {
    fn forward(&self, pid: u32, node: u8, info: &SentSignal, is_orphaned: bool) -> Forwarded {
        let mut room = [0; 5 + SIGNAL_INFO_BYTES];
        let mut out = Writer::new(&mut room);
        out.u32(pid).u8(is_orphaned.into()).bytes(info.as_bytes());
        let length = out.finish().unwrap_or_default();
        send(
            node,
            Operation::Signal,
            room.get(..length).unwrap_or_default(),
        )
    }

    fn parent_died(&self, pid: u32, node: u8, signal: &SentSignal) -> Forwarded {
        let mut room = [0; 4 + SIGNAL_INFO_BYTES];
        let mut out = Writer::new(&mut room);
        out.u32(pid).bytes(signal.as_bytes());
        send(node, Operation::ParentDied, &room)
    }

    fn placed(&self, pid: u32, node: u8, place: &surrogate::Place) {
        let mut args = [0; 4 + PLACE_BYTES];
        let mut out = Writer::new(&mut args);
        out.u32(pid);
        place_of(place).encode(&mut out);
        if let Some(node) = NodeId::new(node) {
            let _ = ask::put(node, Operation::Place, &args);
        }
    }

    fn left(&self, pid: u32, node: u8) {
        if let Some(node) = NodeId::new(node) {
            ask::tell(node, Operation::Kill, &pid.to_le_bytes());
        }
    }

    fn became(&self, pid: u32, users: Result<&Caller>) {
        match users {
            Ok(users) => users::became(users),
            Err(error) => pr_warn!("process {pid} keeps its old users here: {error:?}\n"),
        }
    }

    fn children_changed(&self, pid: u32, node: u8) {
        if let Some(node) = NodeId::new(node) {
            at_home::call(pid, node);
        }
    }

    fn gone(&self, pid: u32) {
        at_home::forget(pid);
    }
}

/// Tells `node` something for a process that was there a moment ago.
fn send(node: u8, operation: Operation, args: &[u8]) -> Forwarded {
    let Some(node) = NodeId::new(node) else {
        return Forwarded::Done;
    };
    match ask::put(node, operation, args) {
        Ok(Reply { result: 0, .. }) => Forwarded::Done,
        Ok(reply) => match ssi_ics::error_of_peer(reply.result) {
            EBUSY | ESRCH => Forwarded::NotTaken,
            // Too many wait.
            _ => Forwarded::Done,
        },
        // What had been taken there was said before it was said that the process moved.
        Err(CallError::NotMember | CallError::NodeDown) => Forwarded::NotTaken,
        Err(_) => Forwarded::Done,
    }
}

fn place_of(place: &surrogate::Place) -> Place {
    Place {
        parent: place.parent,
        group: place.group,
        session: place.session,
        is_orphaned: place.is_orphaned,
    }
}
