// SPDX-License-Identifier: GPL-2.0

//! Question to a home.

use kernel::prelude::*;
use ssi_core::{
    files::{
        handles::Handle,
        operation::{
            Operation,
            INLINE_BYTES_MAX,
            SOON, //
        },
        socket::{
            CALL_BYTES_MAX,
            GROUPS_MAX, //
        },
        terminal::BACKGROUND, //
    },
    ids::NodeId,
    vproc::caller::CALLER_HEAD_BYTES,
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Ask,
    CallError,
    Pages,
    Patient,
    Reply,
    ServiceRef, //
};
use ssi_kapi::{
    bytes,
    event::{
        Event,
        Patience, //
    },
    file_proxy::Proxy, //
};

use crate::controlling;

/// The service of all nodes.
pub(crate) const NAME: &str = "ssi.files";
/// The one for reads and writes that may wait at the home. They have a credit of their own:
/// what they wait for comes by the other.
pub(crate) const WAITING: &str = "ssi.files_waiting";
/// The version of both.
pub(crate) const VERSION: u16 = 1;

/// Most bytes of a question.
const QUESTION_BYTES_MAX: usize = INLINE_BYTES_MAX + 64;

// What is asked of a socket has room with its name and who asks.
const _: () =
    assert!(9 + CALLER_HEAD_BYTES + 4 * GROUPS_MAX + CALL_BYTES_MAX <= QUESTION_BYTES_MAX);

/// How long to wait before what was not possible for a moment is tried again, the first
/// and each later time, in microseconds.
const SOON_MICROS: (u64, u64) = (1_000, 50_000);

/// What came of a question.
pub(crate) enum Outcome {
    /// An answer.
    Done(Reply),
    /// The file is not ready. Who waits for it does so for that many microseconds.
    NotReady(Option<u64>),
    /// It is to be asked again in a moment.
    Soon,
}

/// For how many microseconds who asks waits.
fn patience(reply: &Reply) -> Option<u64> {
    Reader::new(reply.body()).u64().ok()
}

/// A question about a file.
pub(crate) struct Question {
    operation: Operation,
    args: KVec<u8>,
    pages: Pages,
    reply_pages_max: u32,
    may_stay: bool,
    is_to_the_end: bool,
}

/// What came of a question that was put once.
pub(crate) struct Put(Operation, Result<Reply, CallError>);

impl Put {
    /// Whether its home has it, or may have.
    pub(crate) fn has_gone(&self) -> bool {
        !matches!(
            self.1,
            Err(CallError::NotMember
                | CallError::TooDeep
                | CallError::WouldBlock
                | CallError::Interrupted
                | CallError::NoMemory
                | CallError::TooLong
                | CallError::Refused(_))
        )
    }

    /// What its home says: [`Outcome::NotReady`] with some microseconds when it is to be
    /// asked again soon.
    pub(crate) fn outcome(self) -> Result<Outcome> {
        match self.1 {
            Ok(reply) if reply.result == SOON => Ok(Outcome::Soon),
            Ok(reply) if reply.result == EAGAIN.to_errno() => {
                Ok(Outcome::NotReady(patience(&reply)))
            }
            Ok(reply) if reply.result == BACKGROUND => Err(controlling::in_background(self.0)),
            Ok(reply) if reply.result < 0 => Err(ssi_ics::error_of_peer(reply.result)),
            Ok(reply) => Ok(Outcome::Done(reply)),
            Err(CallError::Interrupted) => Err(ERESTARTSYS),
            Err(CallError::NoMemory) => Err(ENOMEM),
            Err(_) => Err(EIO),
        }
    }
}

impl Question {
    /// Asks for `operation` of `handle`; `put` says what about. May sleep.
    pub(crate) fn new(
        operation: Operation,
        handle: u64,
        put: impl FnOnce(&mut Writer<'_>),
    ) -> Result<Self> {
        let mut args = bytes::zeros(QUESTION_BYTES_MAX)?;
        let mut out = Writer::new(&mut args);
        put(out.u64(handle));
        let length = out.finish().map_err(|_| E2BIG)?;
        args.truncate(length);
        Ok(Self {
            operation,
            args,
            pages: Pages::NONE,
            reply_pages_max: 0,
            may_stay: false,
            is_to_the_end: false,
        })
    }

    /// Takes pages along.
    pub(crate) fn with(self, pages: Pages) -> Self {
        Self { pages, ..self }
    }

    /// Lets the answer bring so many bytes of pages.
    pub(crate) fn expecting(self, reply_pages_max: u32) -> Self {
        Self {
            reply_pages_max,
            ..self
        }
    }

    /// Lets the home keep it until the file is ready; a signal ends that.
    pub(crate) fn staying(self, may_stay: bool) -> Self {
        Self { may_stay, ..self }
    }

    /// Lets even a task that is killed wait for the answer, so that what it gets is not lost.
    pub(crate) fn to_the_end(self) -> Self {
        Self {
            is_to_the_end: true,
            ..self
        }
    }

    fn ask(&self, service: &str) -> Ask<'_> {
        Ask {
            pages: self.pages.clone(),
            reply_pages_max: self.reply_pages_max,
            is_to_the_end: self.is_to_the_end,
            ..Ask::new(
                ServiceRef::new(service, VERSION),
                self.operation.code(),
                &self.args,
            )
        }
    }

    /// One that may stay does if there is room for it.
    fn call(&self, node: NodeId) -> core::result::Result<Reply, CallError> {
        if self.may_stay {
            let ask = Ask {
                patience: Patience::Interruptible,
                patient: Patient::No,
                ..self.ask(WAITING)
            };
            match ssi_ics::call(node, &ask) {
                Err(CallError::WouldBlock) => (),
                outcome => return outcome,
            }
        }
        ssi_ics::call(node, &self.ask(NAME))
    }

    /// Asks the home of `proxy`. The wait ends with its answer, its death, or that of the
    /// task.
    ///
    /// # Errors
    ///
    /// What the home says; `EIO` when it is gone; `ERESTARTSYS` for a task that is killed.
    pub(crate) fn put_to(&self, proxy: &Proxy) -> Result<Reply> {
        match self.try_at(proxy)? {
            Outcome::Done(reply) => Ok(reply),
            Outcome::NotReady(_) | Outcome::Soon => Err(EAGAIN),
        }
    }

    /// As [`put_to`](Self::put_to), of a file that may have to be waited for.
    pub(crate) fn try_at(&self, proxy: &Proxy) -> Result<Outcome> {
        let (mut moment, longest) = SOON_MICROS;
        loop {
            match self.once_at(proxy).outcome()? {
                Outcome::Soon => {
                    wait_a_moment(moment)?;
                    moment = longest.min(moment * 2);
                }
                outcome => return Ok(outcome),
            }
        }
    }

    /// As [`try_at`](Self::try_at), and is not put again.
    pub(crate) fn once_at(&self, proxy: &Proxy) -> Put {
        match NodeId::new(proxy.node()).filter(|_| !proxy.is_lost()) {
            Some(node) => Put(self.operation, self.call(node)),
            None => Put(self.operation, Err(CallError::NotMember)),
        }
    }
}

/// Waits so many microseconds, or until a signal comes.
pub(crate) fn wait_a_moment(microseconds: u64) -> Result {
    match Event::new()?.wait(Patience::Interruptible, Some(microseconds)) {
        Err(ETIME) => Ok(()),
        _ => Err(ERESTARTSYS),
    }
}

/// Tells `node` something about `handle` that is not answered. May sleep, does not wait.
pub(crate) fn tell(
    node: NodeId,
    operation: Operation,
    handle: Handle,
    put: impl FnOnce(&mut Writer<'_>),
) {
    let mut args = [0; 16];
    let mut out = Writer::new(&mut args);
    put(out.u64(handle.get()));
    let Ok(length) = out.finish() else {
        return;
    };
    let service = ServiceRef::new(NAME, VERSION);
    let args = args.get(..length).unwrap_or_default();
    ssi_ics::tell(node, &Ask::new(service, operation.code(), args));
}
