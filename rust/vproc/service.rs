// SPDX-License-Identifier: GPL-2.0

//! Answers to other nodes.
//!
//! What is asked is done by a worker in the name of who asks. Nothing here asks another
//! node, so an answer depends on this one alone.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    vproc::{
        caller,
        path::Place as FilePlace,
        pid,
        pidfd::Held,
        signal::Target,
        trail::encode_moved, //
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
use ssi_kapi::{
    behalf::{
        self,
        Caller,
        FileTurn,
        SignalInfo, //
    },
    bytes,
    pidfd,
    visit::{
        self,
        Visit, //
    }, //
};

use crate::{
    ask::{
        Operation,
        LOST,
        MOVED,
        NAME,
        NO_THREAD,
        TRY_AGAIN,
        VERSION, //
    },
    boots,
    map::{
        self,
        Presence, //
    },
    orphans,
    served_calls,
    served_files,
    served_goto,
    traveller, //
};

/// Requests of one node that wait here at once.
const WINDOW: u16 = 64;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Worker,
    window: WINDOW,
    handler: &Server,
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
    pub(crate) fn body(body: KVec<u8>) -> Self {
        Self {
            body,
            ..Self::number(0)
        }
    }
}

/// Why there is none.
pub(crate) enum Fault {
    /// The question is none.
    Malformed,
    /// The caller gets this.
    Error(Error),
    /// It is to be asked again.
    Busy,
    /// This node is to be asked: the process went there.
    Moved(NodeId),
    /// All are to be asked: it may be of an earlier life.
    Lost,
    /// Its process is here and does not have it.
    NoThread,
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

struct Server;

impl Handler for Server {
    fn serve(&self, request: Request) {
        let Some(operation) = Operation::from_code(request.operation()) else {
            return request.no_operation();
        };
        if served_goto::is_meant(operation, &request) {
            return served_goto::serve(request);
        }
        let answer = answer(operation, &request);
        reply(request, answer);
    }
}

/// Answers.
pub(crate) fn reply(request: Request, answer: Result<Answer, Fault>) {
    match answer {
        Ok(answer) => request.reply_with(answer.result, &answer.body, answer.pages),
        Err(Fault::Error(error)) => request.reply(error.to_errno(), &[]),
        Err(Fault::Busy) => request.reply(TRY_AGAIN, &[]),
        Err(Fault::Moved(node)) => request.reply(MOVED, &encode_moved(node)),
        Err(Fault::Lost) => request.reply(LOST, &[]),
        Err(Fault::NoThread) => request.reply(NO_THREAD, &[]),
        Err(Fault::Malformed) => request.bad_arguments(),
    }
}

fn answer(operation: Operation, request: &Request) -> Result<Answer, Fault> {
    let mut message = Reader::new(request.args());
    let mut caller = read_caller(&mut message)?;
    // These go by users and groups of the initial namespace.
    caller.is_foreign &= !matches!(
        operation,
        Operation::Signal | Operation::SignalHeld | Operation::Call
    );
    match operation {
        Operation::Signal => {
            let from = request.from().node;
            behalf::run_as(&caller, || signal(message, None, caller.session, from))?
        }
        Operation::SignalHeld => {
            let (held, from) = (Held::decode(&mut message)?, request.from().node);
            behalf::run_as(&caller, || {
                signal(message, Some(held), caller.session, from)
            })?
        }
        Operation::Call => served_calls::serve(&caller, message),
        Operation::Processes => {
            message.end()?;
            served_files::processes(request.reply_pages_max())
        }
        Operation::Batch => {
            let _turn = FileTurn::take().map_err(|_| Fault::Busy)?;
            served_files::batch(&caller, message, request.reply_pages_max())
        }
        Operation::Total => served_files::total(message, request.reply_pages_max()),
        Operation::Orphans => {
            orphans::hear(message)?;
            Ok(Answer::number(0))
        }
        Operation::Boot => {
            message.end()?;
            boots::answer()
        }
        Operation::Identify => identify(message),
        _ => {
            let place = FilePlace::decode(message)?;
            let _turn = match operation {
                // These wait for nothing a process does.
                Operation::Look | Operation::Link => None,
                _ => Some(FileTurn::take().map_err(|_| Fault::Busy)?),
            };
            served_files::serve(operation, &caller, &place, request.reply_pages_max())
        }
    }
}

/// Whether process or thread `pid` is here: this node is right to be asked.
pub(crate) fn ours(pid: u32) -> Result<(), Fault> {
    match map::presence(pid) {
        Presence::Here => Ok(()),
        Presence::Moved(node) => Err(Fault::Moved(node)),
        Presence::Lost => Err(Fault::Lost),
        Presence::Nothing => Err(ESRCH.into()),
    }
}

/// As [`ours`], and it stays until what is returned is dropped.
pub(crate) fn visited(pid: u32) -> Result<Visit, Fault> {
    ours(pid)?;
    visit::visit(pid).map_err(|_| Fault::Busy)
}

fn identify(mut message: Reader<'_>) -> Result<Answer, Fault> {
    let pid = message.u32()?;
    message.end()?;
    ours(pid)?;
    let mut body = KVec::new();
    bytes::extend(&mut body, &pidfd::identity(pid).ok_or(ESRCH)?.to_le_bytes())?;
    Ok(Answer::body(body))
}

/// Whether `pid` may be the one that is `held`.
fn is_held(pid: u32, held: Held) -> Result {
    let me = map::me().ok_or(ENODEV)?;
    let identity = pidfd::identity(pid).unwrap_or(0);
    held.may_be(me, identity).then_some(()).ok_or(ESRCH)
}

/// Who asks, as the message begins.
pub(crate) fn read_caller(message: &mut Reader<'_>) -> Result<Caller, Fault> {
    let (caller, groups) = caller::Caller::decode(message)?;
    Ok(traveller::from_wire(&caller, groups)?)
}

fn signal(
    mut message: Reader<'_>,
    held: Option<Held>,
    session: u32,
    from: NodeId,
) -> Result<Answer, Fault> {
    let target = Target::decode(&mut message)?;
    let mut info = SignalInfo::from_wire(message.rest()).map_err(|_| Fault::Malformed)?;
    if let Some(held) = held {
        is_held(target.pid().ok_or(Fault::Malformed)?, held)?;
    }
    if target.pid() == Some(pid::INIT) {
        // The number of the sender does not say where it is, and it may be gone.
        info = info.with_error(from.get());
    }
    let _visit = match target.pid() {
        Some(pid) => Some(visited(pid)?),
        None => None,
    };
    match target {
        Target::Process(tgid) => behalf::signal_process(tgid, &info, session)?,
        Target::Thread { tgid, tid } => match behalf::signal_thread(tgid, tid, &info, session) {
            // That it is looked for here is right.
            Err(ESRCH) if tgid.is_some() => return Err(Fault::NoThread),
            sent => sent?,
        },
        Target::Group(pgid) => behalf::signal_group(pgid, &info, session)?,
        Target::Everybody => behalf::signal_all(&info, session).result()?,
    }
    Ok(Answer::number(0))
}
