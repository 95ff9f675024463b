// SPDX-License-Identifier: GPL-2.0

//! Question to another node.
//!
//! Every question begins with who asks. The answer's result is 0 or more, or the
//! negative number of the error the caller gets. Numbers beyond those say that there is
//! no answer yet: [`TRY_AGAIN`], and those a question about a process follows, [`MOVED`] and
//! [`LOST`]; or, [`NO_THREAD`], that there is none to follow.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    node_set::NodeSet,
    vproc::{
        caller,
        pidfd::Held,
        route::Route,
        trail::{
            decode_moved,
            Next,
            Said,
            Trail, //
        }, //
    },
    wire::Writer, //
};
use ssi_ics::{
    Ask,
    CallError,
    Reply,
    ServiceRef, //
};
use ssi_kapi::{
    behalf::Caller,
    bytes,
    event::{
        Event,
        Patience, //
    },
    pidfd::identity, //
};

use crate::{
    map::{
        self,
        Presence, //
    },
    scans,
    traveller, //
};

/// The service of all nodes.
pub(crate) const NAME: &str = "ssi.vproc";
/// Its version.
pub(crate) const VERSION: u16 = 1;

/// The result of an answer that is none: too much is asked for at once. No number of an
/// error is as large.
pub(crate) const TRY_AGAIN: i32 = -10_000;

/// The result of an answer that is none: the process went to the node the answer names.
pub(crate) const MOVED: i32 = -10_001;

/// The result of an answer that is none: the process is not here, but may be one of an
/// earlier life of the node.
pub(crate) const LOST: i32 = -10_002;

/// The result of an answer: the process is here, and has no such thread.
pub(crate) const NO_THREAD: i32 = -10_003;

/// How long to wait before the first and before each later time a question is put again,
/// in microseconds.
const PAUSES: (u64, u64) = (2_000, 32_000);

/// How often it is put: for about ten seconds.
const TRIES_MAX: usize = 200;

/// What a node is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// To send a signal.
    Signal,
    /// To make a system call.
    Call,
    /// What a file below `/proc` is.
    Look,
    /// What is in it.
    Read,
    /// To write to it.
    Write,
    /// What is in a folder.
    List,
    /// Where a link leads.
    Link,
    /// Which processes there are.
    Processes,
    /// When it booted.
    Boot,
    /// What is in a file of many processes.
    Batch,
    /// What is in a file about the node.
    Total,
    /// To hear of processes of an earlier life of the node.
    Orphans,
    /// To send a signal to one that is held by a pidfd.
    SignalHeld,
    /// Which process or thread has a number.
    Identify,
}

impl Operation {
    const ALL: [Self; 14] = [
        Self::Signal,
        Self::Call,
        Self::Look,
        Self::Read,
        Self::Write,
        Self::List,
        Self::Link,
        Self::Processes,
        Self::Boot,
        Self::Batch,
        Self::Total,
        Self::Orphans,
        Self::SignalHeld,
        Self::Identify,
    ];

    /// Whether what was known of processes may be wrong behind it.
    const fn changes(self) -> bool {
        matches!(
            self,
            Self::Signal | Self::SignalHeld | Self::Call | Self::Write
        )
    }

    const fn code(self) -> u16 {
        self as u16 + 1
    }

    /// The one with this number.
    pub(crate) fn from_code(code: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.code() == code)
    }
}

/// Most bytes of a question.
const QUESTION_BYTES_MAX: usize = 3072;

/// An answer about a process.
pub(crate) struct Answered {
    /// Who gave it: the node that has the process.
    pub(crate) node: NodeId,
    pub(crate) reply: Reply,
}

/// A question of the running task, to any node.
pub(crate) struct Question {
    operation: Operation,
    args: KVec<u8>,
    reply_pages_max: u32,
}

impl Question {
    /// Asks for `operation`; `put` says what about. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `E2BIG` when it is more than a message can carry.
    pub(crate) fn new(operation: Operation, put: impl FnOnce(&mut Writer<'_>)) -> Result<Self> {
        let caller = Caller::current()?;
        let mut args = bytes::zeros(QUESTION_BYTES_MAX)?;
        let mut out = Writer::new(&mut args);
        traveller::to_wire(&caller).encode(&caller.groups, &mut out);
        put(&mut out);
        let length = out.finish().map_err(|_| E2BIG)?;
        args.truncate(length);
        Ok(Self {
            operation,
            args,
            reply_pages_max: 0,
        })
    }

    /// Lets the answer bring so many bytes of pages.
    pub(crate) fn with_pages(mut self, bytes: u32) -> Self {
        self.reply_pages_max = bytes;
        self
    }

    fn ask(&self) -> Ask<'_> {
        let service = ServiceRef::new(NAME, VERSION);
        let mut ask = Ask::new(service, self.operation.code(), &self.args);
        ask.reply_pages_max = self.reply_pages_max;
        ask
    }

    /// Asks the node that has process or thread `pid`, which the question is about. Waits
    /// until there is an answer, the process is gone or the task is killed.
    ///
    /// # Errors
    ///
    /// What the node says; `ESRCH` when there is no such process elsewhere, `EINTR` for a
    /// task that is killed, `EBUSY` when a node is asked for too much for long.
    pub(crate) fn put(&self, pid: u32) -> Result<Answered> {
        self.forget();
        let mut trail = Trail::new(pid);
        for pause in pauses() {
            let followed = match map::route(pid) {
                Route::Here | Route::Nowhere => break,
                Route::Node(node) if !trail.begin(node) => break,
                Route::Node(node) => self.follow(&mut trail, node, self.put_once(node))?,
                Route::Anywhere if !trail.begin_anywhere() => break,
                Route::Anywhere => self.put_to_whoever(&mut trail)?,
            };
            if let Some(answered) = followed {
                return Ok(answered);
            }
            wait(pause)?;
        }
        Err(ESRCH)
    }

    /// Asks the node that has process or thread `pid`, which is held: as
    /// [`put`](Self::put), from the node on that tells of its end. `None` if the process is
    /// here.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub(crate) fn put_held(&self, held: Held, pid: u32) -> Result<Option<Answered>> {
        self.forget();
        let mut trail = Trail::new(pid);
        for pause in pauses() {
            let Some(node) = first_of(held, pid)? else {
                return Ok(None);
            };
            if !trail.begin(node) {
                break;
            }
            let answered = self.follow(&mut trail, node, self.put_once(node))?;
            if answered.is_some() || map::presence(pid) == Presence::Here {
                return Ok(answered);
            }
            wait(pause)?;
        }
        Err(ESRCH)
    }

    /// Asks `node`, about no process or several.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); `ESRCH` when the node is gone.
    pub(crate) fn put_to(&self, node: NodeId) -> Result<Reply> {
        self.put_once(node).and_then(final_answer)
    }

    /// Asks whom the answer of `node` names, and so on. `None`: all over again.
    fn follow(
        &self,
        trail: &mut Trail,
        mut node: NodeId,
        mut answer: Result<Reply>,
    ) -> Result<Option<Answered>> {
        loop {
            let said = match answer {
                Ok(reply) if reply.result == MOVED => {
                    Said::Moved(decode_moved(reply.body()).map_err(|_| EIO)?)
                }
                Ok(reply) if reply.result == LOST => Said::Lost,
                Ok(reply) if reply.result == NO_THREAD => return Err(ESRCH),
                Ok(reply) => return Ok(Some(Answered { node, reply })),
                Err(ESRCH) => Said::Missing,
                Err(error) => return Err(error),
            };
            match trail.next(said, &map::of(0).ok_or(ESRCH)?) {
                Next::Ask(next) => node = next,
                Next::AskAll => return self.put_to_whoever(trail),
                Next::BeginAgain => return Ok(None),
                Next::End => return Err(ESRCH),
            }
            answer = self.put_once(node);
        }
    }

    /// Asks all nodes at once: at most one has the process.
    fn put_to_whoever(&self, trail: &mut Trail) -> Result<Option<Answered>> {
        let mut found = None;
        ssi_ics::call_many(map::others(), &self.ask(), |node, answer| {
            let answer = told(answer);
            let is_better = match &found {
                None => true,
                Some((_, Err(_))) => answer.is_ok(),
                Some((_, Ok(_))) => false,
            };
            let has_it = match &answer {
                Ok(reply) => reply.result != LOST,
                Err(error) => *error != ESRCH,
            };
            if is_better && has_it {
                found = Some((node, answer));
            }
        });
        match found.ok_or(ESRCH)? {
            (node, Ok(reply)) if reply.result == TRY_AGAIN => {
                self.follow(trail, node, self.put_once(node))
            }
            (node, answer) => self.follow(trail, node, answer),
        }
    }

    fn put_once(&self, node: NodeId) -> Result<Reply> {
        for pause in pauses() {
            match ssi_ics::call(node, &self.ask()) {
                Ok(reply) if reply.result == TRY_AGAIN => wait(pause)?,
                answer => return told(answer),
            }
        }
        Err(EBUSY)
    }

    fn forget(&self) {
        if self.operation.changes() {
            scans::forget();
        }
    }

    /// Asks all of `nodes` at once.
    pub(crate) fn put_to_all(&self, nodes: NodeSet, mut each: impl FnMut(Result<Reply>)) {
        self.put_to_each(nodes, |_, answer| each(answer));
    }

    /// As [`put_to_all`](Self::put_to_all), and says whose answer it is.
    pub(crate) fn put_to_each(&self, nodes: NodeSet, mut each: impl FnMut(NodeId, Result<Reply>)) {
        self.forget();
        ssi_ics::call_many(nodes, &self.ask(), |node, answer| {
            each(node, told(answer).and_then(final_answer))
        });
    }
}

/// Where to ask first for process or thread `pid` that is held, `None` for here.
fn first_of(held: Held, pid: u32) -> Result<Option<NodeId>> {
    if map::me() != Some(held.node) {
        return Ok(Some(held.node));
    }
    match map::presence(pid) {
        _ if identity(pid) != Some(held.identity) => Err(ESRCH),
        Presence::Here => Ok(None),
        Presence::Moved(node) => Ok(Some(node)),
        Presence::Lost | Presence::Nothing => Err(ESRCH),
    }
}

/// The error with this negative number, as far as another node may say it.
pub(crate) fn error(number: i64) -> Error {
    i32::try_from(number).map_or(EIO, ssi_ics::error_of_peer)
}

/// How long to wait each time before a question is put again, in microseconds.
pub(crate) fn pauses() -> impl Iterator<Item = u64> {
    let (first, longest) = PAUSES;
    let longer = move |pause: &u64| Some(longest.min(pause * 2));
    core::iter::successors(Some(first), longer).take(TRIES_MAX)
}

/// Waits so many microseconds, or until the task is killed.
pub(crate) fn wait(microseconds: u64) -> Result {
    match Event::new()?.wait(Patience::Killable, Some(microseconds)) {
        Err(ETIME) => Ok(()),
        _ => Err(EINTR),
    }
}

/// What a node said. It may be that there is no answer yet.
pub(crate) fn told(answer: core::result::Result<Reply, CallError>) -> Result<Reply> {
    match answer {
        Ok(reply) if [TRY_AGAIN, MOVED, LOST, NO_THREAD].contains(&reply.result) => Ok(reply),
        Ok(reply) if reply.result < 0 => Err(error(reply.result.into())),
        Ok(reply) => Ok(reply),
        Err(CallError::NotMember | CallError::NodeDown) => Err(ESRCH),
        Err(CallError::Interrupted) => Err(EINTR),
        Err(CallError::NoMemory) => Err(ENOMEM),
        Err(_) => Err(EIO),
    }
}

/// A node that is not asked about one process has no reason to say that it went.
fn final_answer(reply: Reply) -> Result<Reply> {
    match reply.result {
        TRY_AGAIN => Err(EBUSY),
        MOVED | LOST | NO_THREAD => Err(EIO),
        _ => Ok(reply),
    }
}

/// Who asks, as far as answers depend on it.
#[derive(PartialEq, Eq)]
pub(crate) struct Asker {
    caller: caller::Caller,
    groups: KVec<u32>,
}

impl Asker {
    /// The running task; its process, whichever thread it is. May sleep.
    pub(crate) fn current() -> Result<Self> {
        let caller = Caller::current()?;
        Ok(Self {
            caller: caller::Caller {
                tid: 0,
                ..traveller::to_wire(&caller)
            },
            groups: caller.groups,
        })
    }

    /// Whether it is of the same process, with whatever rights.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.caller.tgid == other.caller.tgid
    }
}
