// SPDX-License-Identifier: GPL-2.0

//! Pseudo terminals by number.
//!
//! What `/dev/pts` of one node has of another one.

use kernel::{
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};
use ssi_core::{
    files::terminal::{
        self,
        Numbered,
        Request as Wanted, //
    },
    ids::NodeId,
    wire::Reader, //
};
use ssi_ics::{
    Reply,
    Request, //
};
use ssi_kapi::{
    file_proxy::Status,
    pts::{
        self,
        Numbers, //
    }, //
};

use crate::{
    controlling::call,
    exports,
    proxies,
    remote,
    served,
    service::{
        Answer,
        Fault, //
    }, //
};

/// Asks their nodes.
pub(crate) struct Elsewhere;

impl Numbers for Elsewhere {
    fn look(&self, index: u32, node: u8) -> Result<Status> {
        let node = NodeId::new(node).ok_or(ENOENT)?;
        let reply = call(node, Wanted::Number, |out| {
            out.u32(index);
        });
        remote::status_of(there(reply)?.body())
    }

    fn open(&self, index: u32, node: u8, flags: u32, user: u32) -> Result<ARef<File>> {
        let node = NodeId::new(node).ok_or(ENOENT)?;
        let numbered = Numbered { index, flags, user };
        let reply = call(node, Wanted::OpenNumber, |out| numbered.encode(out));
        proxies::import(there(reply)?.body()).map_err(|_| EIO)
    }
}

/// On a node that is not there is no terminal.
fn there(reply: Result<Reply>) -> Result<Reply> {
    reply.map_err(|error| if error == EIO { ENOENT } else { error })
}

/// What the pseudo terminal with a number is.
pub(crate) fn status(request: &Request) -> Result<Answer, Fault> {
    let index = terminal::index(Reader::new(request.args()))?;
    let status = served::travelling(&pts::status(index)?);
    Ok(Answer::bytes(&status.encode())?)
}

/// A ticket for it.
pub(crate) fn open(request: &Request) -> Result<Answer, Fault> {
    let Numbered { index, flags, user } = Numbered::decode(Reader::new(request.args()))?;
    let client: NodeId = request.from().node;
    let ticket = pts::with(index, flags, user, |file| exports::export(file, client))?;
    Ok(Answer::bytes(ticket.as_bytes()).inspect_err(|_| ticket.withdraw())?)
}
