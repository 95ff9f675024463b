// SPDX-License-Identifier: GPL-2.0

//! Request that is served.

use core::mem;

use kernel::prelude::*;
use ssi_core::{
    ics::{
        frame::BODY_BYTES_MAX,
        payload::{
            RequestHead,
            Status, //
        },
        priority::Priority,
        table::CallId, //
    },
    ids::Instance, //
};
use ssi_kapi::clock;

use crate::{
    pages::Pages,
    peer::Peer,
    service::Entry, //
};

/// A request in the hands of its service.
///
/// It is answered once, by whoever has it, now or later; holding it holds no
/// thread. Dropping it answers that it was abandoned.
pub struct Request {
    pub(crate) peer: &'static Peer,
    pub(crate) from: Instance,
    pub(crate) generation: u64,
    pub(crate) call: CallId,
    pub(crate) entry: &'static Entry,
    pub(crate) head: RequestHead,
    pub(crate) priority: Priority,
    pub(crate) args: KVec<u8>,
    pub(crate) pages: Pages,
    /// When it came, in microseconds.
    pub(crate) arrived: u64,
    pub(crate) is_answered: bool,
}

/// Who waits for the answer to a request, which somebody else may have.
#[derive(Clone, Copy)]
pub struct Caller {
    peer: &'static Peer,
    generation: u64,
    from: Instance,
    call: CallId,
}

impl Caller {
    /// Whether it still waits. From when this is false
    /// [`Handler::cancelled`](crate::Handler::cancelled) was called for it, or is about to
    /// be. May sleep.
    pub fn waits(&self) -> bool {
        self.peer.is_wanted(self.generation, self.call)
    }

    /// Whether `call` of `from` is its.
    pub fn is(&self, from: Instance, call: CallId) -> bool {
        self.from == from && self.call == call
    }
}

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.from, other.call)
    }
}

/// What is answered.
pub(crate) struct Answer<'a> {
    pub(crate) status: Status,
    pub(crate) result: i32,
    pub(crate) body: &'a [u8],
    pub(crate) pages: Pages,
}

impl Request {
    /// Who asks.
    pub fn from(&self) -> Instance {
        self.from
    }

    /// Name of the call, as in [`Handler::cancelled`](crate::Handler::cancelled).
    pub fn call(&self) -> CallId {
        self.call
    }

    /// What is asked for.
    pub fn operation(&self) -> u16 {
        self.head.operation
    }

    /// With which arguments, at most `ARGS_BYTES_MAX` bytes.
    pub fn args(&self) -> &[u8] {
        &self.args
    }

    /// Pages that came with it.
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Most bytes of pages the caller takes with the reply.
    pub fn reply_pages_max(&self) -> u32 {
        self.head.reply_bulk_max
    }

    /// Its level.
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// Who waits for the answer.
    pub fn caller(&self) -> Caller {
        Caller {
            peer: self.peer,
            generation: self.generation,
            from: self.from,
            call: self.call,
        }
    }

    /// As [`Caller::waits`].
    pub fn is_wanted(&self) -> bool {
        self.caller().waits()
    }

    /// Answers with a result and at most `BODY_BYTES_MAX` bytes; more become
    /// [`Status::Abandoned`]. May sleep; never waits for the network.
    pub fn reply(self, result: i32, body: &[u8]) {
        self.reply_with(result, body, Pages::NONE);
    }

    /// Answers with pages as well, at most [`reply_pages_max`](Self::reply_pages_max)
    /// bytes of them; more become [`Status::Abandoned`].
    pub fn reply_with(self, result: i32, body: &[u8], pages: Pages) {
        if body.len() > BODY_BYTES_MAX || pages.bytes() > self.head.reply_bulk_max {
            return;
        }
        self.answer(&Answer {
            status: Status::Answered,
            result,
            body,
            pages,
        });
    }

    /// Answers that the operation is none of the service.
    pub fn no_operation(self) {
        self.refuse(Status::NoOperation);
    }

    /// Answers that the operation does not know what to do with the arguments.
    pub fn bad_arguments(self) {
        self.refuse(Status::BadArguments);
    }

    /// Answers that it gave up, without an effect, because it was told to.
    pub fn cancelled(self) {
        self.refuse(Status::Cancelled);
    }

    fn refuse(self, status: Status) {
        self.answer(&Answer {
            status,
            result: 0,
            body: &[],
            pages: Pages::NONE,
        });
    }

    fn answer(mut self, answer: &Answer<'_>) {
        self.is_answered = true;
        self.send(answer);
    }

    fn send(&self, answer: &Answer<'_>) {
        let counters = &self.entry.counters;
        counters
            .microseconds
            .add(clock::monotonic().saturating_sub(self.arrived));
        if answer.status != Status::Answered {
            counters.errors.count();
        }
        self.peer.answer(self, answer);
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !mem::replace(&mut self.is_answered, true) {
            self.send(&Answer {
                status: Status::Abandoned,
                result: 0,
                body: &[],
                pages: Pages::NONE,
            });
        }
    }
}
