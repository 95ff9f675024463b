// SPDX-License-Identifier: GPL-2.0

//! Answers about files of this node.
//!
//! Each is given at once: what would have to wait says so, and [`ready`](crate::ready)
//! says when it is worth asking again.

use kernel::prelude::*;
use ssi_core::{
    files::{
        operation::{
            self,
            Operation,
            SOON, //
        },
        record_lock,
        terminal::BACKGROUND, //
    },
    ics::call::CallId,
    ids::{
        Instance,
        NodeId, //
    },
    wire::{
        Malformed,
        Reader, //
    }, //
};
use ssi_ics::{
    Handler,
    Pages,
    Place,
    Request,
    Service, //
};
use ssi_kapi::bytes;

use crate::{
    ask::{
        self,
        NAME,
        VERSION, //
    },
    direct,
    exports,
    owner,
    record_locks,
    served,
    served_socket,
    terminals,
    transfer::Transfer,
    waiting,
    workers, //
};

/// Requests of one node that are here at once.
const WINDOW: u16 = 128;

/// Those that wait here.
const WAITING_WINDOW: u16 = 64;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Inline,
    window: WINDOW,
    handler: &Server { may_stay: false },
};

/// The service for reads and writes that may wait here.
pub(crate) static WAITING: Service = Service {
    name: ask::WAITING,
    version: VERSION,
    place: Place::Inline,
    window: WAITING_WINDOW,
    handler: &Server { may_stay: true },
};

/// What is answered.
pub(crate) struct Answer {
    pub(crate) result: i32,
    pub(crate) body: KVec<u8>,
    pub(crate) pages: Pages,
}

impl Answer {
    /// A number.
    pub(crate) fn number(result: i32) -> Self {
        Self {
            result,
            body: KVec::new(),
            pages: Pages::NONE,
        }
    }

    /// Some bytes, few enough for a message.
    pub(crate) fn bytes(from: &[u8]) -> Result<Self> {
        let mut body = KVec::new();
        bytes::extend(&mut body, from)?;
        Ok(Self {
            body,
            ..Self::number(0)
        })
    }
}

/// Why there is none.
pub(crate) enum Fault {
    /// The question is none.
    Malformed,
    /// The caller gets this.
    Error(Error),
    /// The file is not ready, and it is said when it is. Who waits does so for so many
    /// microseconds.
    NotReady(Option<u64>),
    /// It is to be asked again.
    Soon,
    /// Who asks is in the background of the terminal.
    Background,
}

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<kernel::alloc::AllocError> for Fault {
    fn from(_: kernel::alloc::AllocError) -> Self {
        Self::Error(ENOMEM)
    }
}

struct Server {
    may_stay: bool,
}

impl Handler for Server {
    fn serve(&self, request: Request) {
        let Some(operation) = Operation::from_code(request.operation()) else {
            return request.no_operation();
        };
        // Without memory the request is dropped, which its node is told.
        let Some(request) = direct::serve(operation, request) else {
            return;
        };
        let may_stay = self.may_stay;
        let _ = match operation {
            // Others ask for these while they answer.
            Operation::Grant => workers::run_grant(move || serve(operation, request, may_stay)),
            _ => workers::run(move || serve(operation, request, may_stay)),
        };
    }

    fn cancelled(&self, from: Instance, call: CallId) {
        waiting::cancelled(from, call);
        record_locks::cancelled(from, call);
    }
}

fn serve(operation: Operation, request: Request, may_stay: bool) {
    let transfer = match operation {
        Operation::Read => Transfer::read(request, may_stay),
        Operation::Write => Transfer::write(request, may_stay),
        Operation::RecordLock => return record_locks::serve(request, may_stay),
        _ => {
            let outcome = answer(operation, &request);
            return reply(request, outcome);
        }
    };
    // Without memory it is dropped, which its node is told.
    let transfer = transfer.and_then(|transfer| KBox::new(transfer, GFP_KERNEL).ok());
    if let Some(transfer) = transfer {
        waiting::go_on(transfer);
    }
}

/// Answers `request`.
pub(crate) fn reply(request: Request, outcome: Result<Answer, Fault>) {
    match outcome {
        Ok(answer) => request.reply_with(answer.result, &answer.body, answer.pages),
        Err(Fault::Error(error)) => request.reply(error.to_errno(), &[]),
        Err(Fault::NotReady(patience)) => {
            let patience = patience.map(u64::to_le_bytes);
            let patience = patience.as_ref().map_or(&[][..], |bytes| bytes);
            request.reply(EAGAIN.to_errno(), patience);
        }
        Err(Fault::Soon) => request.reply(SOON, &[]),
        Err(Fault::Background) => request.reply(BACKGROUND, &[]),
        Err(Fault::Malformed) => request.bad_arguments(),
    }
}

fn answer(operation: Operation, request: &Request) -> Result<Answer, Fault> {
    let mut message = Reader::new(request.args());
    let client = request.from().node;
    let handle = operation::handle(&mut message)?;
    let found = || exports::of(client, handle).ok_or(EIO);
    match operation {
        // They are served elsewhere.
        Operation::Read | Operation::Write | Operation::RecordLock => Err(Fault::Malformed),
        Operation::Poll => served::poll(&*found()?, message),
        Operation::Device => {
            let file = found()?;
            terminals::admit(operation, &file, &mut message)?;
            served::device(&file, message)
        }
        Operation::Seek => served::seek(&*found()?, message),
        Operation::Status => served::status(&*found()?, message),
        Operation::Truncate => {
            found()?.truncate(operation::place(message)?)?;
            Ok(Answer::number(0))
        }
        Operation::Sync => {
            let part = operation::Sync::decode(message)?;
            found()?.sync(part.start, part.end, part.is_data_only)?;
            Ok(Answer::number(0))
        }
        Operation::Lock => served::lock(&*found()?, message),
        Operation::Socket => served_socket::call(&*found()?, message, request),
        Operation::Unlock => {
            exports::unlock(client, handle, record_lock::process(message)?)?;
            Ok(Answer::number(0))
        }
        Operation::MoveLocks => {
            exports::move_locks(client, handle, record_lock::Move::decode(message)?)?;
            Ok(Answer::number(0))
        }
        Operation::Owner => owner::serve(&*found()?, message),
        Operation::Close => {
            exports::give_back(client, handle, operation::claims(message)?);
            Ok(Answer::number(0))
        }
        Operation::Grant => grant(client, &*found()?, operation::node(message)?),
        Operation::Withdraw => {
            message.end()?;
            exports::withdraw(handle, Some(client));
            Ok(Answer::number(0))
        }
        Operation::Taken => {
            message.end()?;
            exports::arrived(client, handle);
            Ok(Answer::number(0))
        }
    }
}

fn grant(
    client: NodeId,
    file: &ssi_kapi::file_home::HomeFile,
    to: NodeId,
) -> Result<Answer, Fault> {
    let ticket = exports::grant(file, to, client)?;
    Ok(Answer::bytes(ticket.as_bytes())?)
}
