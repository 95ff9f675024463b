// SPDX-License-Identifier: GPL-2.0

//! Processes moved for other nodes.
//!
//! What a task of another node writes to the file `goto` of a process here. As it takes as
//! long as the process does to go, neither a worker nor the right to look at files waits
//! for it, and some of what a node may ask for at once is left to all else.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        SetOnce, //
    }, //
};
use ssi_core::{
    vproc::path::{
        pid_of,
        Place, //
    },
    wire::Reader, //
};
use ssi_ics::Request;
use ssi_kapi::{
    behalf::{
        self,
        Origin,
        SignalInfo, //
    },
    moves::{
        self,
        Asker, //
    },
    queue::WorkQueue, //
};

use crate::{
    ask::Operation,
    served_files,
    service::{
        ours,
        read_caller,
        reply,
        Answer,
        Fault, //
    }, //
};

/// Most processes that other nodes have go at the same time: half of what one of them may
/// ask for at once.
const MOVES_MAX: u16 = 32;

static QUEUE: SetOnce<WorkQueue> = SetOnce::new();

static MOVES: Atomic<u32> = Atomic::new(0);

/// Makes ready.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    QUEUE.populate(WorkQueue::ordinary(c"ssi_goto", MOVES_MAX)?);
    Ok(())
}

/// One of [`MOVES_MAX`], as long as it lives.
struct Turn;

impl Turn {
    fn take() -> Result<Self, Fault> {
        let turn = Self;
        match MOVES.fetch_add(1, Relaxed) < u32::from(MOVES_MAX) {
            true => Ok(turn),
            false => Err(Fault::Busy),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        MOVES.fetch_sub(1, Relaxed);
    }
}

/// A process that is to go where a text says.
struct Wish {
    pid: u32,
    text: KVec<u8>,
    by: Asker,
    _turn: Turn,
}

/// Whether `request` is one of these.
pub(crate) fn is_meant(operation: Operation, request: &Request) -> bool {
    let mut message = Reader::new(request.args());
    operation == Operation::Write
        && read_caller(&mut message).is_ok()
        && Place::decode(message).is_ok_and(|place| is_goto(place.path))
}

fn is_goto(path: &[u8]) -> bool {
    let mut parts = path.split(|&byte| byte == b'/').skip(1);
    parts.next() == Some(b"goto") && parts.next().is_none()
}

/// Does what `request` asks for, and answers.
pub(crate) fn serve(request: Request) {
    match (admit(&request), QUEUE.as_ref()) {
        (Ok(wish), Some(queue)) => {
            // Without memory the caller is told that it was given up.
            let _ = queue.run(move || reply(request, wish.grant()));
        }
        (Ok(_), None) => reply(request, Err(ENODEV.into())),
        (Err(fault), _) => reply(request, Err(fault)),
    }
}

/// As with a signal, the rights to which go by users and groups of the initial namespace.
fn admit(request: &Request) -> Result<Wish, Fault> {
    let mut message = Reader::new(request.args());
    let mut caller = read_caller(&mut message)?;
    caller.is_foreign = false;
    let place = Place::decode(message)?;
    let pid = pid_of(place.path).ok_or(ENOENT)?;
    served_files::is_meant(pid, &place)?;
    let question = SignalInfo::user(0, Origin::Kill, caller.tgid, caller.user.real)?;
    behalf::run_as(&caller, || behalf::signal_process(pid, &question, 0))??;
    let mut text = KVec::new();
    text.extend_from_slice(place.data, GFP_KERNEL)?;
    Ok(Wish {
        pid: behalf::process_of(pid).ok_or(ESRCH)?,
        text,
        by: Asker::of(&caller),
        _turn: Turn::take()?,
    })
}

impl Wish {
    fn grant(self) -> Result<Answer, Fault> {
        match moves::go(self.pid, &self.text, self.by) {
            Ok(()) => Ok(Answer::number(self.text.len() as i32)),
            Err(error) => {
                // It may have gone meanwhile.
                ours(self.pid)?;
                Err(error.into())
            }
        }
    }
}
