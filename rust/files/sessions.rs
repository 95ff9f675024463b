// SPDX-License-Identifier: GPL-2.0

//! Terminals of sessions.
//!
//! A terminal may be at home on any node. Where that is, two nodes know: the one the leader
//! of the session took it on, and the one the number of the session is of, as long as there
//! is something of the leader. All others ask the latter.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    files::terminal::{
        self,
        Placed,
        Request,
        Vouch, //
    },
    ids::NodeId,
    vproc::pid::{
        self,
        Origin, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Ask,
    Reply,
    ServiceRef, //
};
use ssi_kapi::{
    clock,
    terminal::Seen, //
};

use crate::{
    controlling::call,
    members,
    terminals::{
        NAME,
        VERSION, //
    }, //
};

/// How long what was seen is told again, in microseconds: a listing asks once for all
/// processes of a session.
const SEEN_US: u64 = 10_000;

/// How many sessions are remembered.
const SEEN_MAX: usize = 16;

/// Bytes of what is told.
const NEWS_BYTES_MAX: usize = 8;

struct Memory {
    session: u32,
    at: u64,
    seen: Option<Seen>,
}

type Memories = [Memory; SEEN_MAX];

static MEMORIES: SetOnce<Pin<KBox<SpinLock<Memories>>>> = SetOnce::new();

/// Makes ready.
pub(crate) fn create() -> Result {
    let none = [const {
        Memory {
            session: 0,
            at: 0,
            seen: None,
        }
    }; SEEN_MAX];
    MEMORIES.populate(KBox::pin_init(
        new_spinlock!(none, "ssi_files_sessions"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// The node to ask first for the terminal of `session`, if that may be on another one.
pub(crate) fn place(session: u32) -> Option<NodeId> {
    let known = ssi_kapi::terminal::place(session).and_then(NodeId::new);
    known.or_else(|| born(session))
}

/// The other node the number of `session` is of.
fn born(session: u32) -> Option<NodeId> {
    match pid::origin(session) {
        Some(Origin::Node(node)) if members::me() != Ok(node) => Some(node),
        _ => None,
    }
}

/// The terminal of `session`, which is not one of this node. May sleep.
pub(crate) fn seen(session: u32) -> Option<Seen> {
    let now = clock::monotonic();
    if let Some(seen) = remembered(session, now) {
        return seen;
    }
    let seen = place(session).and_then(|node| ask(session, node));
    remember(session, seen);
    seen
}

fn remembered(session: u32, now: u64) -> Option<Option<Seen>> {
    let memories = MEMORIES.as_ref()?.lock();
    let is_it =
        |memory: &&Memory| memory.session == session && now.saturating_sub(memory.at) < SEEN_US;
    let seen = memories.iter().find(is_it).map(|memory| memory.seen);
    seen
}

/// In place of the same session, or of what is oldest.
fn remember(session: u32, seen: Option<Seen>) {
    let Some(memories) = MEMORIES.as_ref() else {
        return;
    };
    let mut memories = memories.lock();
    let age = |memory: &&mut Memory| (memory.session != session, memory.at);
    if let Some(memory) = memories.iter_mut().min_by_key(age) {
        *memory = Memory {
            session,
            at: clock::monotonic(),
            seen,
        };
    }
}

/// What was seen is no more, by what was done here.
pub(crate) fn forget(session: u32) {
    if let Some(memories) = MEMORIES.as_ref() {
        let mut memories = memories.lock();
        let seen = memories
            .iter_mut()
            .filter(|memory| memory.session == session);
        seen.for_each(|memory| memory.session = 0);
    }
}

/// Asks `node`, and then whom that names.
fn ask(session: u32, node: NodeId) -> Option<Seen> {
    let told = |node| {
        let reply = call(node, Request::Look, |out| {
            out.u32(session);
        });
        terminal::Seen::decode(Reader::new(reply.ok()?.body())).ok()
    };
    let found = match told(node)? {
        terminal::Seen::At(next) => told(next)?,
        here => here,
    };
    match found {
        terminal::Seen::Here { device, foreground } => Some(Seen { device, foreground }),
        terminal::Seen::At(_) => None,
    }
}

/// Whether any other node knows `group` as one of `session`. May sleep.
///
/// # Errors
///
/// `ESRCH` if none knows the group, `EPERM` for one of another session.
pub(crate) fn vouch(group: u32, session: u32) -> Result {
    let mut room = [0; NEWS_BYTES_MAX];
    let mut out = Writer::new(&mut room);
    Vouch { group, session }.encode(&mut out);
    let length = out.finish().map_err(|_| E2BIG)?;
    let args = room.get(..length).unwrap_or_default();
    let question = Ask::new(service(), Request::Vouch.code(), args);
    let mut found = Err(ESRCH);
    ssi_ics::call_many(members::others(), &question, |_, answer| {
        found = better(found, answer.map_or(Err(ESRCH), |reply| said(&reply)));
    });
    found
}

fn said(reply: &Reply) -> Result {
    match reply.result {
        0.. => Ok(()),
        error => Err(ssi_ics::error_of_peer(error)),
    }
}

/// Of what two nodes say of a group, what is more than that one does not know it.
fn better(one: Result, other: Result) -> Result {
    match (one, other) {
        (Ok(()), _) | (_, Ok(())) => Ok(()),
        (Err(EPERM), _) | (_, Err(EPERM)) => Err(EPERM),
        _ => Err(ESRCH),
    }
}

/// The terminal of `session`, which the running task leads, is one of `node` from now on.
/// False if that was known. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn taken(session: u32, node: NodeId) -> Result<bool> {
    // The node the number is of finds its terminals by itself.
    if born(session) == Some(node) {
        return Ok(false);
    }
    ssi_kapi::terminal::placed(session, node.get())
}

/// Tells the node the number of `session` is of where its terminal is; waits until it knows.
pub(crate) fn publish(session: u32, node: Option<NodeId>) {
    if let Some(born) = born(session).filter(|&born| Some(born) != node) {
        let placed = Placed { session, node };
        // One that is gone needs not know.
        let _ = call(born, Request::Placed, |out| placed.encode(out));
    }
}

/// The node to be told of what becomes of a terminal, of a leader who is at `node`: he may go on
/// from there, but leaves something where he was born.
#[cfg(CONFIG_SSI_MIGRATE)]
pub(crate) fn keeper(session: u32, node: NodeId) -> NodeId {
    born(session)
        .filter(|&born| members::is_there(born))
        .unwrap_or(node)
}

/// Who led `session` ended, or went on. Waits until his terminal is given up, or its node is gone.
pub(crate) fn ended(session: u32, node: NodeId) {
    // That knows which of both it was.
    if born(session).is_some_and(members::is_there) {
        return;
    }
    let _ = call(node, Request::Ended, |out| {
        out.u32(session);
    });
}

/// The terminal of `session` was hung up, which is led at `client`.
pub(crate) fn hung_up(session: u32, client: NodeId) {
    tell(client, Request::HungUp, |out| {
        out.u32(session);
    });
}

const fn service() -> ServiceRef {
    ServiceRef::new(NAME, VERSION)
}

/// Does not wait for an answer: a node that is gone needs no news.
fn tell(node: NodeId, request: Request, put: impl FnOnce(&mut Writer<'_>)) {
    let mut room = [0; NEWS_BYTES_MAX];
    let mut out = Writer::new(&mut room);
    put(&mut out);
    if let Ok(length) = out.finish() {
        let args = room.get(..length).unwrap_or_default();
        let _ = ssi_ics::send(node, &Ask::new(service(), request.code(), args));
    }
}
