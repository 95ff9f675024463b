// SPDX-License-Identifier: GPL-2.0

//! Owner of a proxied file.
//!
//! What travels is what [`file_owner`](ssi_kapi::file_owner) has.

use kernel::prelude::*;
use ssi_core::{
    files::owner::{
        self,
        Whoever,
        STATE_BYTES_MAX, //
    },
    ids::NodeId,
    vproc::{
        owner as wire,
        pidfd::Held, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_kapi::{
    file_home::HomeFile,
    file_owner::{
        Kind,
        Owner,
        Request,
        State, //
    }, //
};

use crate::service::{
    Answer,
    Fault, //
};

/// Does what `message` asks of the owner of `file`.
pub(crate) fn serve(file: &HomeFile, message: Reader<'_>) -> Result<Answer, Fault> {
    let request = owner::Request::decode(message)?;
    let state = file.own(&request_from_core(&request))?;
    let mut room = [0; STATE_BYTES_MAX];
    let mut out = Writer::new(&mut room);
    owner::State {
        whoever: whoever(&state.owner),
        is_at_home: state.is_here,
        signal: state.signal.try_into().map_err(|_| EIO)?,
    }
    .encode(&mut out);
    let length = out.finish().map_err(|_| EIO)?;
    Ok(Answer::bytes(room.get(..length).unwrap_or_default())?)
}

/// As it travels.
///
/// # Errors
///
/// `EINVAL` for what is no signal, `ESRCH` for who has no node.
pub(crate) fn request_to_core(request: &Request) -> Result<owner::Request> {
    Ok(match request {
        Request::Get => owner::Request::Get,
        Request::Set(owner) => owner::Request::Set(whoever(owner)),
        Request::SetSignal(signal) => {
            owner::Request::SetSignal((*signal).try_into().map_err(|_| EINVAL)?)
        }
        Request::Notify { fd, on, asks } => owner::Request::Notify {
            file: *fd,
            on: *on,
            asks: to_core(asks).ok_or(ESRCH)?,
        },
    })
}

fn request_from_core(request: &owner::Request) -> Request {
    match request {
        owner::Request::Get => Request::Get,
        owner::Request::Set(whoever) => Request::Set(from_core(whoever)),
        owner::Request::SetSignal(signal) => Request::SetSignal((*signal).into()),
        owner::Request::Notify { file, on, asks } => Request::Notify {
            fd: *file,
            on: *on,
            asks: from_core(&Whoever {
                kind: asks.kind,
                owner: Some(*asks),
            }),
        },
    }
}

/// What the home says.
///
/// # Errors
///
/// `EIO` for what is no answer.
pub(crate) fn state_from_core(body: &[u8]) -> Result<State> {
    let state = owner::State::decode(Reader::new(body)).map_err(|_| EIO)?;
    Ok(State {
        owner: from_core(&state.whoever),
        is_here: state.is_at_home,
        signal: state.signal.into(),
    })
}

/// One whose number is private to this node is nobody elsewhere.
fn whoever(owner: &Owner) -> Whoever {
    Whoever {
        kind: kind_to_core(owner.kind),
        owner: to_core(owner).filter(|_| ssi_core::vproc::pid::is_shared(owner.number)),
    }
}

fn kind_to_core(kind: Kind) -> wire::Kind {
    match kind {
        Kind::Process => wire::Kind::Process,
        Kind::Thread => wire::Kind::Thread,
        Kind::Group => wire::Kind::Group,
    }
}

fn to_core(owner: &Owner) -> Option<wire::Owner> {
    Some(wire::Owner {
        kind: kind_to_core(owner.kind),
        number: owner.number,
        user: owner.user,
        effective: owner.effective,
        held: Held {
            node: NodeId::new(owner.node)?,
            identity: owner.identity,
        },
    })
}

fn from_core(whoever: &Whoever) -> Owner {
    let kind = match whoever.kind {
        wire::Kind::Process => Kind::Process,
        wire::Kind::Thread => Kind::Thread,
        wire::Kind::Group => Kind::Group,
    };
    let nobody = Owner {
        kind,
        number: 0,
        user: 0,
        effective: 0,
        node: 0,
        identity: 0,
    };
    whoever.owner.map_or(nobody, |owner| Owner {
        number: owner.number,
        user: owner.user,
        effective: owner.effective,
        node: owner.held.node.get(),
        identity: owner.held.identity,
        ..nobody
    })
}
