// SPDX-License-Identifier: GPL-2.0

//! Files shown to other nodes.

use kernel::{
    prelude::*,
    str::CString, //
};
use ssi_core::{
    vproc::{
        attributes::Attributes,
        batch::{
            File,
            Item,
            Wanted,
            REPLY_BYTES_MAX,
            TEXT_BYTES_MAX, //
        },
        listing,
        path::{
            pid_of,
            Place, //
        },
        totals::{
            whole_lines,
            File as Total, //
        }, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::Pages;
use ssi_kapi::{
    behalf::{
        self,
        Area,
        Caller, //
    },
    bytes,
    page::PAGE_BYTES,
    proc_served, //
};

use crate::{
    ask::Operation,
    map::{
        self,
        Presence, //
    },
    service::{
        ours,
        Answer,
        Fault, //
    },
    totals, //
};

/// Most bytes that travel in a message; more go in pages.
const BODY_BYTES_MAX: usize = 3072;

/// Does `operation` at `place` for `caller`.
pub(crate) fn serve(
    operation: Operation,
    caller: &Caller,
    place: &Place<'_>,
    pages_max: u32,
) -> Result<Answer, Fault> {
    let pid = pid_of(place.path).ok_or(ENOENT)?;
    is_meant(pid, place)?;
    let path = CString::try_from_fmt(fmt!(
        "{}",
        core::str::from_utf8(place.path).map_err(|_| ENOENT)?
    ))?;
    let answer = behalf::run_as(caller, || match operation {
        Operation::Look => look(&path, pid),
        Operation::Read => read(&path, place, pages_max),
        Operation::Write => write(&path, place),
        Operation::List => list(&path, place.offset),
        Operation::Link => link(&path, place),
        _ => Err(Fault::Malformed),
    })?;
    // What was found may be of what the process left when it went meanwhile.
    match map::presence(pid) {
        Presence::Moved(node) if operation != Operation::Write => Err(Fault::Moved(node)),
        _ => answer,
    }
}

/// Whether process `pid` is here, and the one that is meant by `place`.
pub(crate) fn is_meant(pid: u32, place: &Place<'_>) -> Result<(), Fault> {
    ours(pid)?;
    let identity = proc_served::identity(pid).ok_or(ESRCH)?;
    match [0, identity].contains(&place.identity) {
        true => Ok(()),
        false => Err(ESRCH.into()),
    }
}

fn look(path: &CString, pid: u32) -> Result<Answer, Fault> {
    let mut body = KVec::new();
    bytes::extend(&mut body, &attributes_of(path, pid)?.encode())?;
    Ok(Answer::body(body))
}

fn attributes_of(path: &CString, pid: u32) -> Result<Attributes> {
    let found = proc_served::look(path)?;
    let identity = proc_served::identity(pid).ok_or(ESRCH)?;
    Ok(Attributes {
        mode: found.mode,
        uid: found.uid,
        gid: found.gid,
        nlink: found.nlink,
        size: found.size,
        ino: found.ino,
        identity,
    })
}

fn read(path: &CString, place: &Place<'_>, pages_max: u32) -> Result<Answer, Fault> {
    let most = place.bytes.min(pages_max.max(BODY_BYTES_MAX as u32)) as usize;
    Area::with(|area| {
        let length = proc_served::read(path, place.offset, area, most)?;
        taken(area, length)
    })?
}

fn link(path: &CString, place: &Place<'_>) -> Result<Answer, Fault> {
    let most = (place.bytes as usize).min(BODY_BYTES_MAX);
    Area::with(|area| {
        let length = proc_served::link(path, area, most)?;
        taken(area, length)
    })?
}

/// The first `length` bytes of `area`.
fn taken(area: &Area, length: usize) -> Result<Answer, Fault> {
    if length > BODY_BYTES_MAX {
        return in_pages(length, |at, out| area.read(at, out));
    }
    let mut body = bytes::zeros(length)?;
    area.read(0, &mut body)?;
    Ok(Answer::body(body))
}

/// An answer of `length` bytes; `fill` gives those from a place on.
fn in_pages(
    length: usize,
    mut fill: impl FnMut(usize, &mut [u8]) -> Result,
) -> Result<Answer, Fault> {
    let pages = Pages::alloc(length)?;
    let mut piece = bytes::zeros(PAGE_BYTES)?;
    for (number, page) in pages.as_slice().iter().enumerate() {
        let at = number * PAGE_BYTES;
        let piece = piece.get_mut(..PAGE_BYTES.min(length - at)).ok_or(EINVAL)?;
        fill(at, piece)?;
        page.write(0, piece)?;
    }
    Ok(Answer {
        pages,
        ..Answer::number(0)
    })
}

fn write(path: &CString, place: &Place<'_>) -> Result<Answer, Fault> {
    Area::with(|area| {
        area.write(0, place.data)?;
        let length = proc_served::write(path, place.offset, area, place.data.len())?;
        Ok(Answer::number(length as i32))
    })?
}

/// As many entries as a message holds; the result says whether there are more.
fn list(path: &CString, from: u64) -> Result<Answer, Fault> {
    let mut body = bytes::zeros(BODY_BYTES_MAX)?;
    let mut out = Writer::new(&mut body);
    let mut room = BODY_BYTES_MAX;
    let mut has_more = 0;
    proc_served::list(path, from, &mut |name, ino, kind, next| {
        let entry = listing::Entry {
            name,
            ino,
            kind,
            next,
        };
        if entry.bytes() > room || name.len() > listing::NAME_BYTES_MAX {
            has_more = 1;
            return false;
        }
        room -= entry.bytes();
        entry.encode(&mut out);
        true
    })?;
    let length = BODY_BYTES_MAX - room;
    body.truncate(length);
    Ok(Answer {
        result: has_more,
        ..Answer::body(body)
    })
}

/// One file of many processes; those that cannot be read are left out.
pub(crate) fn batch(caller: &Caller, message: Reader<'_>, pages_max: u32) -> Result<Answer, Fault> {
    let wanted = Wanted::decode(message)?;
    let most = (pages_max as usize).min(REPLY_BYTES_MAX);
    let items = behalf::run_as(caller, || {
        Area::with(|area| {
            let mut items = KVVec::new();
            for pid in wanted.pids().filter(|pid| ours(*pid).is_ok()) {
                let before = items.len();
                match add_item(pid, wanted.file, area, &mut items) {
                    Err(ENOMEM) => return Err(ENOMEM),
                    Ok(()) if items.len() <= most && ours(pid).is_ok() => (),
                    _ => items.truncate(before),
                }
            }
            Ok(items)
        })
    })???;
    bytes_or_pages(&items)
}

fn add_item(pid: u32, file: File, area: &mut Area, items: &mut KVVec<u8>) -> Result {
    let path = match file {
        File::Folder => CString::try_from_fmt(fmt!("{pid}"))?,
        _ => CString::try_from_fmt(fmt!("{pid}/{}", file.name()))?,
    };
    let attributes = attributes_of(&path, pid)?;
    let length = match file {
        File::Folder => 0,
        // One byte more shows that there is more.
        _ => proc_served::read(&path, 0, area, TEXT_BYTES_MAX + 1)?,
    };
    if length > TEXT_BYTES_MAX {
        return Err(E2BIG);
    }
    let mut text = bytes::zeros(length)?;
    area.read(0, &mut text)?;
    bytes::extend(items, &Item::head(pid, &attributes, length))?;
    bytes::extend(items, &text)
}

/// The processes of this node, as many as fit.
pub(crate) fn processes(pages_max: u32) -> Result<Answer, Fault> {
    let mut list = KVVec::new();
    let mut failed = Ok(());
    proc_served::processes(&mut |tgid| {
        if list.len() + 4 <= pages_max as usize {
            failed = bytes::extend(&mut list, &tgid.to_le_bytes());
        }
        failed.is_ok()
    });
    failed?;
    bytes_or_pages(&list)
}

/// A file about this node; the whole lines that fit.
pub(crate) fn total(message: Reader<'_>, pages_max: u32) -> Result<Answer, Fault> {
    let text = totals::own(Total::decode(message)?)?;
    let most = text.len().min(pages_max as usize);
    let text = whole_lines(text.get(..most).ok_or(EINVAL)?);
    if text.len() > BODY_BYTES_MAX {
        return copied_to_pages(text);
    }
    let mut body = KVec::new();
    bytes::extend(&mut body, text)?;
    Ok(Answer::body(body))
}

fn bytes_or_pages(list: &[u8]) -> Result<Answer, Fault> {
    if list.len() <= BODY_BYTES_MAX {
        let mut body = KVec::new();
        bytes::extend(&mut body, list)?;
        return Ok(Answer::body(body));
    }
    copied_to_pages(&list)
}

fn copied_to_pages(list: &[u8]) -> Result<Answer, Fault> {
    in_pages(list.len(), |at, out| {
        let from = list.get(at..at + out.len()).ok_or(EINVAL)?;
        out.copy_from_slice(from);
        Ok(())
    })
}
