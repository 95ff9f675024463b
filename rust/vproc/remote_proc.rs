// SPDX-License-Identifier: GPL-2.0

//! Processes of other nodes.
//!
//! What `/proc` here shows of them, file by file.

use kernel::prelude::*;
use ssi_core::{
    ids::{
        NodeId,
        NodeNumber, //
    },
    vproc::{
        attributes,
        listing::Entry,
        path::{
            self,
            DATA_BYTES_MAX, //
        },
        pid::{
            self,
            Origin, //
        },
        route::Route,
        scan::Listed,
        stat_line, //
    },
    wire::Reader, //
};
use ssi_ics::Reply;
use ssi_kapi::{
    bytes,
    page::PAGE_BYTES,
    proc_remote::{
        At,
        Attributes,
        Place,
        RemoteProc,
        TakeEntry,
        READ_BYTES_MAX, //
    },
    proc_served,
    whereabouts, //
};

use crate::{
    ask::{
        Answered,
        Operation,
        Question, //
    },
    boots,
    map,
    scans, //
};

/// Most bytes of the list of a node's processes: it has at most 65536 of them.
const PROCESSES_BYTES_MAX: u32 = 65_536 * 4;

/// Asks the nodes the processes are on.
pub(crate) struct Remote;

impl RemoteProc for Remote {
    fn place(&self, tgid: u32) -> Place {
        match map::route(tgid) {
            Route::Here => Place::Here,
            Route::Node(node) => Place::Node(node.get()),
            Route::Anywhere => Place::Anywhere,
            Route::Nowhere => Place::Nowhere,
        }
    }

    fn look(&self, at: &At<'_>) -> Result<Attributes> {
        if let Some(found) = scans::look(at) {
            return Ok(shown(&found));
        }
        let reply = about(Operation::Look, place(at))?.reply;
        let found = attributes::Attributes::decode(reply.body()).map_err(|_| EIO)?;
        Ok(shown(&found))
    }

    fn read(&self, at: &At<'_>, offset: u64, out: &mut [u8]) -> Result<usize> {
        let ahead = match offset {
            0 => scans::read(at).filter(|(_, text)| text.len() <= out.len()),
            _ => None,
        };
        match (is_stat(at.path), ahead) {
            (true, Some((node, line))) => shift(node, &line, 0, out),
            (true, None) => read_stat(at, offset, out),
            (false, Some((_, text))) => fill(out, 0, &text),
            (false, None) => read(at, offset, out).map(|(_, bytes)| bytes),
        }
    }

    fn write(&self, at: &At<'_>, offset: u64, data: &[u8]) -> Result<usize> {
        let place = path::Place {
            offset,
            data: data.get(..DATA_BYTES_MAX).unwrap_or(data),
            ..place(at)
        };
        let reply = about(Operation::Write, place)?.reply;
        Ok((reply.result as usize).min(place.data.len()))
    }

    fn list(&self, at: &At<'_>, from: u64, take: &mut TakeEntry<'_>) -> Result {
        let mut from = from;
        while let Some(next) = list_part(at, from, take)? {
            // A node that never comes to an end is not followed in a circle.
            if next <= from {
                return Err(EIO);
            }
            from = next;
        }
        Ok(())
    }

    fn link(&self, at: &At<'_>, out: &mut [u8]) -> Result<usize> {
        let place = path::Place {
            bytes: out.len() as u32,
            ..place(at)
        };
        fill(out, 0, about(Operation::Link, place)?.reply.body())
    }

    fn processes(&self) -> Result<KVec<u32>> {
        let question = Question::new(Operation::Processes, |_| ())?.with_pages(PROCESSES_BYTES_MAX);
        let mut list = KVVec::new();
        let mut failed = add_away(&mut list);
        if let (pid, Route::Node(node)) = (pid::INIT, map::route(pid::INIT)) {
            list.push(Listed { pid, node }, GFP_KERNEL)?;
        }
        // One that cannot say which it has is left out, as one that is gone is.
        question.put_to_each(map::others(), |node, answer| {
            if let Ok(reply) = answer {
                failed = failed.and(add(&mut list, node, &reply));
            }
        });
        failed?;
        list.sort_unstable_by_key(Listed::order);
        let mut last = 0;
        list.retain(|listed| core::mem::replace(&mut last, listed.pid) != listed.pid);
        scans::begin(&list);
        let mut pids = KVec::with_capacity(list.len(), GFP_KERNEL)?;
        for listed in list {
            pids.push(listed.pid, GFP_KERNEL)?;
        }
        Ok(pids)
    }
}

/// Adds those that went from here. Who asks where they went asks after that, or before they
/// arrived there.
fn add_away(list: &mut KVVec<Listed>) -> Result {
    let mut failed = Ok(());
    if whereabouts::any_left() {
        proc_served::processes(&mut |pid| {
            if let Some(node) = whereabouts::away(pid).and_then(id) {
                failed = list.push(Listed { pid, node }, GFP_KERNEL);
            }
            failed.is_ok()
        });
    }
    Ok(failed?)
}

fn id(node: u8) -> Option<NodeId> {
    NodeId::new(NodeNumber::from(node))
}

fn shown(found: &attributes::Attributes) -> Attributes {
    Attributes {
        mode: found.mode,
        uid: found.uid,
        gid: found.gid,
        nlink: found.nlink,
        size: found.size,
        ino: found.ino,
        identity: found.identity,
    }
}

/// All of the file at `at`.
fn place<'a>(at: &At<'a>) -> path::Place<'a> {
    path::Place {
        identity: at.identity,
        ..path::Place::all(at.path)
    }
}

/// Asks whoever has the process of `place` now.
fn about(operation: Operation, place: path::Place<'_>) -> Result<Answered> {
    let pid = path::pid_of(place.path).ok_or(ENOENT)?;
    // Of these alone an answer may be longer than a message.
    let bytes = match operation {
        Operation::Read => place.bytes,
        _ => 0,
    };
    Question::new(operation, |out| place.encode(out))?
        .with_pages(bytes)
        .put(pid)
}

/// How many bytes were read, and of which node.
fn read(at: &At<'_>, offset: u64, out: &mut [u8]) -> Result<(NodeId, usize)> {
    let place = path::Place {
        offset,
        bytes: out.len().min(READ_BYTES_MAX) as u32,
        ..place(at)
    };
    let answered = about(Operation::Read, place)?;
    let bytes = each_piece(&answered.reply, |at, piece| {
        fill(out, at, piece).map(|_| ())
    })?;
    Ok((answered.node, bytes))
}

/// Whether the file is one with a time of start in it.
fn is_stat(path: &[u8]) -> bool {
    path.ends_with(b"/stat")
}

/// The line with the time of start by this node's clock. It is short, and read whole.
fn read_stat(at: &At<'_>, offset: u64, out: &mut [u8]) -> Result<usize> {
    let mut line = bytes::zeros(PAGE_BYTES)?;
    let (node, length) = read(at, 0, &mut line)?;
    shift(node, line.get(..length).ok_or(EIO)?, offset, out)
}

/// Puts `line` with the time of start by this node's clock into `out`, from `offset` on.
fn shift(node: NodeId, line: &[u8], offset: u64, out: &mut [u8]) -> Result<usize> {
    let mut skipped = usize::try_from(offset).unwrap_or(usize::MAX);
    let mut written = 0;
    stat_line::shift_start(line, boots::ticks(node)?, |piece| {
        let skip = skipped.min(piece.len());
        skipped -= skip;
        let piece = piece.get(skip..).unwrap_or_default();
        let room = out.get_mut(written..).unwrap_or_default();
        let length = piece.len().min(room.len());
        if let (Some(to), Some(from)) = (room.get_mut(..length), piece.get(..length)) {
            to.copy_from_slice(from);
        }
        written += length;
    });
    Ok(written)
}

/// Tells `take` one message of entries, and gives where the next one begins.
fn list_part(at: &At<'_>, from: u64, take: &mut TakeEntry<'_>) -> Result<Option<u64>> {
    let place = path::Place {
        offset: from,
        ..place(at)
    };
    let reply = about(Operation::List, place)?.reply;
    let mut message = Reader::new(reply.body());
    let mut next = None;
    let mut is_empty = true;
    while let Some(entry) = Entry::decode(&mut message).map_err(|_| EIO)? {
        if !take(entry.name, entry.ino, entry.kind, entry.next) {
            return Ok(None);
        }
        next = Some(entry.next);
        is_empty &= matches!(entry.name, b"." | b"..");
    }
    // A node with nothing but dots to say is not asked for more for ever.
    Ok(next.filter(|_| reply.result > 0 && !is_empty))
}

/// Adds the pids an answer of `node` lists, those it can have: its own, and guests.
fn add(list: &mut KVVec<Listed>, node: NodeId, reply: &Reply) -> Result {
    let me = map::of(0).map(|map| map.me);
    each_piece(reply, |_, piece| {
        for number in piece.chunks_exact(4) {
            let pid = number.try_into().map_or(0, u32::from_le_bytes);
            let can_have = match pid::origin(pid) {
                Some(Origin::Node(home)) if Some(home) == me => map::route(pid) != Route::Here,
                Some(Origin::Node(_)) => true,
                Some(Origin::Private | Origin::Init) | None => false,
            };
            if can_have {
                list.push(Listed { pid, node }, GFP_KERNEL)?;
            }
        }
        Ok(())
    })
    .map(|_| ())
}

/// Tells `each` the bytes of an answer in pieces, each with its place, and gives how many
/// there are.
pub(crate) fn each_piece(
    reply: &Reply,
    mut each: impl FnMut(usize, &[u8]) -> Result,
) -> Result<usize> {
    if reply.pages.is_empty() {
        each(0, reply.body())?;
        return Ok(reply.body().len());
    }
    let length = reply.pages.bytes() as usize;
    let mut piece = bytes::zeros(PAGE_BYTES)?;
    for (number, page) in reply.pages.as_slice().iter().enumerate() {
        let at = number * PAGE_BYTES;
        let piece = piece.get_mut(..PAGE_BYTES.min(length - at)).ok_or(EIO)?;
        page.read(0, piece)?;
        each(at, piece)?;
    }
    Ok(length)
}

/// Puts `bytes` at `at` of `out`, and gives how many they are.
fn fill(out: &mut [u8], at: usize, bytes: &[u8]) -> Result<usize> {
    let end = at.checked_add(bytes.len()).ok_or(EIO)?;
    out.get_mut(at..end).ok_or(EIO)?.copy_from_slice(bytes);
    Ok(bytes.len())
}
