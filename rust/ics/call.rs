// SPDX-License-Identifier: GPL-2.0

//! Calling services of other nodes.
//!
//! A call goes to a member of the installed view and ends once: with an answer,
//! or with a [`CallError`]. Callers may sleep and hold no spinlock.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::{
    ics::{
        frame::{
            ARGS_BYTES_MAX,
            BULK_BYTES_MAX, //
        },
        payload::{
            RequestHead,
            ServiceId, //
        }, //
    },
    ids::NodeId,
    node_set::NodeSet,
    time::Span, //
};
use ssi_kapi::event::Patience;

use crate::{
    client::Patient,
    engine,
    fault::CallError,
    levels,
    pages::Pages,
    peer::Peer,
    pending::{
        Pending,
        Reply, //
    }, //
};

/// A service of other nodes, by name and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceRef {
    id: ServiceId,
    version: u16,
}

impl ServiceRef {
    /// The service with this name, in this version.
    pub const fn new(name: &str, version: u16) -> Self {
        Self {
            id: ServiceId::of(name),
            version,
        }
    }
}

/// What is asked of a service.
#[derive(Clone)]
pub struct Ask<'a> {
    /// Which service.
    pub service: ServiceRef,
    /// What it shall do.
    pub operation: u16,
    /// With which arguments, at most `ARGS_BYTES_MAX` bytes.
    pub args: &'a [u8],
    /// Pages that go with it.
    pub pages: Pages,
    /// Most bytes of pages the reply may bring, at most `BULK_BYTES_MAX`.
    pub reply_pages_max: u32,
    /// What ends the wait for the answer besides it.
    pub patience: Patience,
    /// Whether to wait for credit.
    pub patient: Patient,
    /// How long to wait, for ever if it is `None`.
    pub timeout: Option<Span>,
    /// Whether even a task that is killed waits for what the server answers to the cancel:
    /// then [`CallError::Interrupted`] says that the call had no effect.
    pub is_to_the_end: bool,
}

impl<'a> Ask<'a> {
    /// A request without pages; the caller waits until there is an answer or a
    /// signal kills it.
    pub const fn new(service: ServiceRef, operation: u16, args: &'a [u8]) -> Self {
        Self {
            service,
            operation,
            args,
            pages: Pages::NONE,
            reply_pages_max: 0,
            patience: Patience::Killable,
            patient: Patient::Yes,
            timeout: None,
            is_to_the_end: false,
        }
    }

    fn head(&self) -> RequestHead {
        let (inside, bulk) = self.pages.ways();
        RequestHead {
            service: self.service.id,
            version: self.service.version,
            operation: self.operation,
            bulk,
            reply_bulk_max: self.reply_pages_max,
            inside,
        }
    }
}

/// A call that was made: who drops it does not hear the answer.
pub struct Made {
    peer: &'static Peer,
    generation: u64,
    pending: Arc<Pending>,
}

/// Calls `to` and waits for the answer.
///
/// # Errors
///
/// [`CallError`]. A signal the caller yields to cancels the call; its final answer
/// still decides, unless the signal kills.
pub fn call(to: NodeId, ask: &Ask<'_>) -> core::result::Result<Reply, CallError> {
    make(to, ask, false)?.wait(ask)
}

/// Calls `to`; the caller [waits](Made::wait) later, and may have several calls on their
/// way. May sleep.
///
/// # Errors
///
/// [`CallError`], as far as it is known at once.
pub fn begin(to: NodeId, ask: &Ask<'_>) -> core::result::Result<Made, CallError> {
    make(to, ask, false)
}

/// Calls `to` and does not wait. The service answers as ever, and nobody hears it.
///
/// # Errors
///
/// [`CallError`], as far as it is known at once.
pub fn send(to: NodeId, ask: &Ask<'_>) -> core::result::Result<(), CallError> {
    make(to, ask, true).map(|_| ())
}

/// Calls all of `targets` at once and waits for each; `each` is told how it went,
/// in the order of the nodes.
pub fn call_many(
    targets: NodeSet,
    ask: &Ask<'_>,
    mut each: impl FnMut(NodeId, core::result::Result<Reply, CallError>),
) {
    let mut made = KVec::new();
    for node in targets {
        let result = make(node, ask, false);
        if let Err(pair) = keep(&mut made, (node, result)) {
            let (node, result) = pair;
            each(node, result.and_then(|made| made.wait(ask)));
        }
    }
    for (node, result) in made {
        each(node, result.and_then(|made| made.wait(ask)));
    }
}

/// Puts `value` into `list`, or gives it back when there is no memory.
fn keep<T>(list: &mut KVec<T>, value: T) -> core::result::Result<(), T> {
    if list.reserve(1, GFP_KERNEL).is_err() {
        return Err(value);
    }
    list.push_within_capacity(value).map_err(|error| error.0)
}

/// Makes a call. May sleep for memory.
pub(crate) fn make(
    to: NodeId,
    ask: &Ask<'_>,
    is_one_way: bool,
) -> core::result::Result<Made, CallError> {
    let engine = engine::get().ok_or(CallError::NotMember)?;
    if ask.args.len() > ARGS_BYTES_MAX || ask.reply_pages_max > BULK_BYTES_MAX {
        return Err(CallError::TooLong);
    }
    if engine.is_caller_needed() {
        return Err(CallError::TooDeep);
    }
    let priority = levels::of_call().map_err(|_| CallError::TooDeep)?;
    let peer = engine.peer(to).ok_or(CallError::NotMember)?;
    let pending = Pending::new(ask.head(), ask.args, &ask.pages, priority, is_one_way)
        .map_err(|_| CallError::NoMemory)?;
    let generation = peer.begin(&pending, ask.patient)?;
    Ok(Made {
        peer,
        generation,
        pending,
    })
}

impl Made {
    /// Waits until it ends, with the patience of the `ask` it was made of. Once.
    ///
    /// # Errors
    ///
    /// As for [`call`].
    pub fn wait(&self, ask: &Ask<'_>) -> core::result::Result<Reply, CallError> {
        let timeout = ask.timeout.map(|timeout| timeout.0);
        match self.pending.event().wait(ask.patience, timeout) {
            Ok(()) => self.outcome(),
            Err(ETIME) => {
                self.cancel();
                // It may have ended meanwhile.
                match self.pending.take() {
                    // It still waited for credit: no signal came.
                    None | Some(Err(CallError::Interrupted)) => Err(CallError::TimedOut),
                    Some(outcome) => outcome,
                }
            }
            Err(_) => {
                self.cancel();
                // What the server answers decides, but a task that is killed goes.
                let patience = match ask.is_to_the_end {
                    true => Patience::Always,
                    false => Patience::Killable,
                };
                match self.pending.event().wait(patience, None) {
                    Ok(()) => self.outcome(),
                    Err(_) => Err(CallError::Interrupted),
                }
            }
        }
    }

    fn outcome(&self) -> core::result::Result<Reply, CallError> {
        self.pending.take().unwrap_or(Err(CallError::NodeDown))
    }

    /// Asks the server to give up; what it answers is final.
    pub(crate) fn cancel(&self) {
        self.peer.with_life(self.generation, |life| {
            if let Some(id) = self.pending.id() {
                life.cancel(id);
            }
        });
    }
}
