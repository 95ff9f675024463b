// SPDX-License-Identifier: GPL-2.0

//! Read or write for another node.
//!
//! It goes as far as the file lets it: a read gets what is there, a write goes on until all
//! is written, as a task would that waits for it here.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::{
    files::{
        handles::Handle,
        operation::{
            self,
            Operation,
            INLINE_BYTES_MAX, //
        }, //
    },
    wire::Reader, //
};
use ssi_ics::{
    Caller,
    Request, //
};
use ssi_kapi::{
    bytes,
    file_home::{
        Access,
        Kind,
        Place,
        READABLE,
        WRITABLE, //
    }, //
};

use crate::{
    exported::Exported,
    exports,
    served,
    service::{
        reply,
        Answer,
        Fault, //
    },
    terminals, //
};

/// Microseconds of a tenth of a second.
const TENTH_MICROS: u64 = 100_000;

/// What a transfer does.
enum Task {
    /// Reads so much at most.
    Read(usize),
    /// Writes what came with the message, or else the pages of the request.
    Write(KVec<u8>),
}

/// What is asked for.
struct Wish {
    handle: Handle,
    access: Access,
    task: Task,
    waits: bool,
}

impl Wish {
    fn read(request: &Request) -> Result<Self, Fault> {
        let (handle, transfer) = decode_any(Operation::Read, request)?;
        let most = request.reply_pages_max().max(INLINE_BYTES_MAX as u32);
        let task = Task::Read(transfer.bytes.min(most) as usize);
        Ok(Self::new(handle, &transfer, task))
    }

    fn write(request: &Request) -> Result<Self, Fault> {
        let (handle, transfer) = decode_any(Operation::Write, request)?;
        let pages = request.pages();
        if pages.is_empty() != (transfer.data.len() == transfer.bytes as usize)
            || !pages.is_empty() && pages.bytes() != transfer.bytes
        {
            return Err(Fault::Malformed);
        }
        let mut data = KVec::new();
        bytes::extend(&mut data, transfer.data)?;
        Ok(Self::new(handle, &transfer, Task::Write(data)))
    }

    fn new(handle: Handle, transfer: &operation::Transfer<'_>, task: Task) -> Self {
        Self {
            handle,
            access: Access {
                position: transfer.position,
                flags: transfer.flags,
            },
            task,
            waits: transfer.waits,
        }
    }

    fn events(&self) -> u32 {
        match self.task {
            Task::Read(_) => READABLE,
            Task::Write(_) => WRITABLE,
        }
    }
}

/// The file `request` is about, and what is to be done with it, unless it is a terminal.
pub(crate) fn decode(request: &Request) -> Result<(Handle, operation::Transfer<'_>), Fault> {
    let mut message = Reader::new(request.args());
    let handle = operation::handle(&mut message)?;
    Ok((handle, operation::Transfer::decode(message)?))
}

/// As [`decode`]; who asks for `operation` of a terminal may do that.
fn decode_any(
    operation: Operation,
    request: &Request,
) -> Result<(Handle, operation::Transfer<'_>), Fault> {
    let mut message = Reader::new(request.args());
    let handle = operation::handle(&mut message)?;
    let file = exports::of(request.from().node, handle).ok_or(EIO)?;
    terminals::admit(operation, &file, &mut message)?;
    Ok((handle, operation::Transfer::decode(message)?))
}

/// A read or a write for another node.
pub(crate) struct Transfer {
    wish: Wish,
    /// Bytes that are written.
    done: usize,
    may_stay: bool,
    request: Request,
}

/// How far one came.
pub(crate) enum Progress {
    /// This is the answer.
    Over(Result<Answer, Fault>),
    /// Nothing more can be done until one of these events.
    NotReady(Arc<Exported>, u32),
}

impl Transfer {
    /// A read `request` asks for, which may stay here; one that is malformed is answered.
    pub(crate) fn read(request: Request, may_stay: bool) -> Option<Self> {
        Self::new(Wish::read(&request), request, may_stay)
    }

    /// As [`read`](Self::read), for a write.
    pub(crate) fn write(request: Request, may_stay: bool) -> Option<Self> {
        Self::new(Wish::write(&request), request, may_stay)
    }

    fn new(wish: Result<Wish, Fault>, request: Request, may_stay: bool) -> Option<Self> {
        match wish {
            Ok(wish) => Some(Self {
                wish,
                done: 0,
                may_stay,
                request,
            }),
            Err(fault) => {
                reply(request, Err(fault));
                None
            }
        }
    }

    /// The file it is about.
    pub(crate) fn handle(&self) -> Handle {
        self.wish.handle
    }

    /// Who waits for it.
    pub(crate) fn caller(&self) -> Caller {
        self.request.caller()
    }

    /// Goes as far as possible. May sleep for a disk.
    pub(crate) fn go_on(&mut self) -> Progress {
        let Some(file) = self.file() else {
            return Progress::Over(Err(EIO.into()));
        };
        match self.step(&file) {
            Err(EAGAIN) if self.wish.waits => Progress::NotReady(file, self.wish.events()),
            outcome => Progress::Over(outcome.map_err(Fault::Error)),
        }
    }

    /// Whether it may wait here for `file`. A terminal says how long to wait.
    pub(crate) fn may_stay(&self, file: &Exported) -> bool {
        self.may_stay && file.kind() != Kind::Terminal
    }

    fn file(&self) -> Option<Arc<Exported>> {
        exports::of(self.request.from().node, self.wish.handle)
    }

    fn step(&mut self, file: &Exported) -> Result<Answer> {
        match &mut self.wish.task {
            Task::Read(most) => served::read(file, self.wish.access, *most, self.wish.waits),
            Task::Write(data) => {
                let pages = self.request.pages();
                let all = data.len().max(pages.bytes() as usize);
                loop {
                    let rest = match pages.is_empty() {
                        true => Place::Buffer(data.get_mut(self.done..).unwrap_or_default()),
                        false => Place::Pages(pages.as_slice(), self.done..all),
                    };
                    match file.write(self.wish.access, rest) {
                        Err(EAGAIN) if self.wish.waits => return Err(EAGAIN),
                        Err(_) if self.done > 0 => break,
                        Err(error) => return Err(error),
                        Ok(0) => break,
                        Ok(written) => self.done += written,
                    }
                    if self.done >= all || !self.may_stay {
                        break;
                    }
                }
                Ok(Answer::number(self.done as i32))
            }
        }
    }

    /// Answers.
    pub(crate) fn answer(self, outcome: Result<Answer, Fault>) {
        reply(self.request, outcome);
    }

    /// Nobody waits for it any more: what is done is done.
    pub(crate) fn cancel(self) {
        match self.done {
            0 => self.request.cancelled(),
            done => self.request.reply(done as i32, &[]),
        }
    }

    /// It does not wait here: says how far it came, or that its node will be told when it
    /// can go on.
    pub(crate) fn give_up(mut self, file: &Exported) {
        let outcome = match self.done {
            0 => self.try_last(file),
            done => Ok(Answer::number(done as i32)),
        };
        self.answer(outcome);
    }

    /// Others are faster each time: it is to come again.
    pub(crate) fn yield_to_others(self) {
        let outcome = match self.done {
            0 => Err(Fault::Soon),
            done => Ok(Answer::number(done as i32)),
        };
        self.answer(outcome);
    }

    fn try_last(&mut self, file: &Exported) -> Result<Answer, Fault> {
        let events = self.wish.events();
        if !file.tell_when(events) {
            let patience = file.patience().filter(|_| events == READABLE);
            let patience = patience.map(|tenths| u64::from(tenths) * TENTH_MICROS);
            return Err(Fault::NotReady(patience));
        }
        // It became ready meanwhile, or others keep taking what there is.
        match self.step(file) {
            Err(EAGAIN) => Err(Fault::Soon),
            outcome => Ok(outcome?),
        }
    }
}
