// SPDX-License-Identifier: GPL-2.0

//! Ticket for a file.

use kernel::{
    prelude::*,
    str::CStr, //
};
use ssi_core::{
    files::{
        handles::Handle,
        ticket::{
            self,
            TICKET_BYTES_MAX, //
        }, //
    },
    ids::NodeId, //
};
use ssi_kapi::{
    bytes,
    file_home::{
        Description,
        HomeFile,
        Kind,
        NAME_BYTES_MAX, //
    }, //
};

use crate::{
    exports,
    members,
    proxies, //
};

const _: () = assert!(NAME_BYTES_MAX == ticket::PATH_BYTES_MAX);

/// What another node needs to use a file.
pub struct Ticket {
    bytes: KVec<u8>,
    home: NodeId,
    handle: Handle,
}

impl Ticket {
    /// The ticket of this node for its file `handle`, for another one; `via` hands it on.
    pub(crate) fn new(file: &HomeFile, handle: Handle, via: Option<NodeId>) -> Result<Self> {
        let mut name = [0; NAME_BYTES_MAX + 1];
        let (about, path) = file.describe(&mut name);
        let home = members::myself()?;
        let ticket = ticket::Ticket {
            home,
            handle,
            via,
            kind: to_wire(about.kind),
            can_seek: about.can_seek,
            flags: about.flags,
            mode: about.mode,
            rdev: about.rdev,
            uid: about.uid,
            gid: about.gid,
            ino: about.ino,
            socket: about.socket.try_into().map_err(|_| EOPNOTSUPP)?,
            path: path.to_bytes(),
        };
        let mut bytes = bytes::zeros(TICKET_BYTES_MAX)?;
        let length = ticket.encode(&mut bytes).map_err(|_| EINVAL)?;
        bytes.truncate(length);
        Ok(Self {
            bytes,
            home: home.node,
            handle,
        })
    }

    /// The ticket another node made for this one to hand on.
    pub(crate) fn handed_on(from: &[u8]) -> Result<Self> {
        let ticket = ticket::Ticket::decode(from).map_err(|_| EIO)?;
        let mut copy = KVec::new();
        bytes::extend(&mut copy, from)?;
        Ok(Self {
            bytes: copy,
            home: ticket.home.node,
            handle: ticket.handle,
        })
    }

    /// As it travels, at most
    /// [`TICKET_BYTES_MAX`](ssi_core::files::ticket::TICKET_BYTES_MAX) bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets it.
    pub(crate) fn withdraw(&self) {
        if members::me() == Ok(self.home) {
            exports::withdraw(self.handle, None);
        } else {
            proxies::withdraw(self.home, self.handle);
        }
    }
}

/// What a ticket says of a file, and its name in `room`.
pub(crate) fn description<'a>(
    ticket: &ticket::Ticket<'_>,
    room: &'a mut [u8; NAME_BYTES_MAX + 1],
) -> (Description, &'a CStr) {
    for (to, from) in room.iter_mut().zip(ticket.path) {
        *to = *from;
    }
    let about = Description {
        kind: from_wire(ticket.kind),
        flags: ticket.flags,
        mode: ticket.mode,
        rdev: ticket.rdev,
        uid: ticket.uid,
        gid: ticket.gid,
        ino: ticket.ino,
        socket: ticket.socket.into(),
        can_seek: ticket.can_seek,
    };
    let name = CStr::from_bytes_until_nul(room).unwrap_or_default();
    (about, name)
}

fn to_wire(kind: Kind) -> ticket::Kind {
    match kind {
        Kind::Pipe => ticket::Kind::Pipe,
        Kind::Stream => ticket::Kind::Stream,
        Kind::Packets => ticket::Kind::Packets,
        Kind::Terminal => ticket::Kind::Terminal,
        Kind::Plain => ticket::Kind::Plain,
        Kind::Device => ticket::Kind::Device,
        Kind::Events => ticket::Kind::Events,
    }
}

fn from_wire(kind: ticket::Kind) -> Kind {
    match kind {
        ticket::Kind::Pipe => Kind::Pipe,
        ticket::Kind::Stream => Kind::Stream,
        ticket::Kind::Packets => Kind::Packets,
        ticket::Kind::Terminal => Kind::Terminal,
        ticket::Kind::Plain => Kind::Plain,
        ticket::Kind::Device => Kind::Device,
        ticket::Kind::Events => Kind::Events,
    }
}
