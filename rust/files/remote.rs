// SPDX-License-Identifier: GPL-2.0

//! Use of a remote file.
//!
//! Its home answers when it can, or at once that it cannot: then a task that may wait does
//! so here, until the home says that something happened, and asks again. A signal cancels
//! the question; what the home answers then is what was done.

use kernel::{
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};
use ssi_core::{
    files::{
        device::{
            Argument,
            DeviceCall,
            ARGUMENT_BYTES_MAX, //
        },
        operation::{
            self,
            Device,
            Operation,
            Poll,
            Seek,
            Transfer,
            INLINE_BYTES_MAX,
            STREAM_BYTES_MAX,
            TRANSFER_BYTES_MAX, //
        },
        status,
        terminal::Member, //
    }, //
};
use ssi_ics::{
    Pages,
    Reply, //
};
use ssi_kapi::{
    bytes,
    clock,
    file_home::{
        OVER,
        READABLE,
        WRITABLE, //
    },
    file_lock::RecordLock,
    file_owner::{
        Request,
        State, //
    },
    file_proxy::{
        self,
        Access,
        Destination,
        Kind,
        Lock,
        Origin,
        Proxy,
        Status, //
    },
    page::PAGE_BYTES, //
};

use crate::{
    ask::{
        Outcome,
        Question, //
    },
    controlling,
    owner,
    proxies,
    remote_lock,
    served, //
};

/// Asks the homes of the files.
pub(crate) struct Remote;

impl file_proxy::Remote for Remote {
    fn read(&self, access: &Access<'_>, to: &mut Destination<'_>) -> Result<usize> {
        let mut read = 0;
        if to.room() == 0 {
            return Ok(0);
        }
        loop {
            let place = access.position.map(|position| position + read as u64);
            match read_part(access, place, to) {
                Ok(part) => {
                    read += part.copied;
                    if !part.goes_on || to.room() == 0 {
                        return Ok(read);
                    }
                }
                Err(_) if read > 0 => return Ok(read),
                Err(error) => return Err(error),
            }
        }
    }

    fn write(&self, access: &Access<'_>, from: &mut Origin<'_>) -> Result<usize> {
        if access.proxy.kind() == Kind::Packets && from.left() > TRANSFER_BYTES_MAX {
            return Err(EMSGSIZE);
        }
        let mut written = 0;
        while from.left() > 0 {
            let place = access.position.map(|position| position + written as u64);
            match write_part(access, place, from) {
                Ok(0) => break,
                Ok(part) => written += part,
                Err(error) if written > 0 => {
                    if error == EPIPE && access.proxy.kind() == Kind::Pipe {
                        access.broken();
                    }
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    fn poll(&self, proxy: &Proxy, events: u32, waits: bool) -> u32 {
        ask_poll(proxy, events, waits).unwrap_or(OVER | READABLE | WRITABLE)
    }

    fn ioctl(&self, proxy: &Proxy, _: u32, number: u32, argument: usize) -> Result<isize> {
        if let Some(outcome) = controlling::ioctl(proxy, number, argument) {
            return outcome;
        }
        let call = DeviceCall::with_number(number).ok_or(ENOTTY)?;
        let mut room = [0; ARGUMENT_BYTES_MAX];
        let memory = room.get_mut(..call.argument.bytes()).ok_or(ENOTTY)?;
        let user = UserSlice::new(UserPtr::from_addr(argument), memory.len());
        let mut device = Device {
            number,
            argument: 0,
            memory: &[],
        };
        match call.argument {
            Argument::Number => device.argument = argument as u64,
            Argument::In(_) => {
                user.reader().read_slice(memory)?;
                device.memory = memory;
            }
            Argument::Out(_) => (),
        }
        let question = ask_about(Operation::Device, proxy, |out| device.encode(out))?;
        let reply = question.put_to(proxy)?;
        if let Argument::Out(bytes) = call.argument {
            let memory = reply.body().get(..bytes).ok_or(EIO)?;
            let user = UserSlice::new(UserPtr::from_addr(argument), memory.len());
            user.writer().write_slice(memory)?;
        }
        Ok(reply.result as isize)
    }

    fn seek(&self, proxy: &Proxy, offset: i64, whence: u32) -> Result<u64> {
        let seek = Seek {
            offset: offset as u64,
            whence,
        };
        let question = ask_about(Operation::Seek, proxy, |out| seek.encode(out))?;
        let reply = question.put_to(proxy)?;
        operation::place(ssi_core::wire::Reader::new(reply.body())).map_err(|_| EIO)
    }

    fn sync(&self, proxy: &Proxy, start: u64, end: u64, is_data_only: bool) -> Result {
        let part = operation::Sync {
            start,
            end,
            is_data_only,
        };
        let question = ask_about(Operation::Sync, proxy, |out| part.encode(out))?;
        question.put_to(proxy).map(|_| ())
    }

    fn lock(&self, proxy: &Proxy, lock: Lock, waits: bool) -> Result {
        let lock = served::to_wire(lock);
        let question = ask_about(Operation::Lock, proxy, |out| lock.encode(waits, out))?;
        question.put_to(proxy).map(|_| ())
    }

    fn record_lock(&self, proxy: &Proxy, lock: RecordLock, waits: bool) -> Result {
        remote_lock::set(proxy, &lock, waits)
    }

    fn find_lock(&self, proxy: &Proxy, lock: RecordLock) -> Result<Option<RecordLock>> {
        remote_lock::find(proxy, &lock)
    }

    fn flushed(&self, proxy: &Proxy, process: u32) {
        remote_lock::flushed(proxy, process);
    }

    fn status(&self, proxy: &Proxy) -> Result<Status> {
        let reply = ask_about(Operation::Status, proxy, |_| ())?.put_to(proxy)?;
        status_of(reply.body())
    }

    fn truncate(&self, proxy: &Proxy, length: u64) -> Result {
        let question = ask_about(Operation::Truncate, proxy, |out| {
            out.u64(length);
        })?;
        question.put_to(proxy).map(|_| ())
    }

    fn own(&self, proxy: &Proxy, request: &Request) -> Result<State> {
        let request = owner::request_to_core(request)?;
        let question = ask_about(Operation::Owner, proxy, |out| request.encode(out))?;
        owner::state_from_core(question.put_to(proxy)?.body())
    }

    fn opened(&self, proxy: &Proxy) -> Result {
        proxies::opened(proxy)
    }

    fn closed(&self, proxy: &Proxy) {
        proxies::closed(proxy);
    }
}

/// A status that came.
///
/// # Errors
///
/// `EIO`: it is none.
pub(crate) fn status_of(body: &[u8]) -> Result<Status> {
    let found = status::Status::decode(body).map_err(|_| EIO)?;
    Ok(Status {
        size: found.size,
        blocks: found.blocks,
        accessed: found.accessed,
        modified: found.modified,
        changed: found.changed,
        mode: found.mode,
        uid: found.uid,
        gid: found.gid,
        nlink: found.nlink,
        block_bytes: found.block_bytes,
    })
}

fn ask_about(
    operation: Operation,
    proxy: &Proxy,
    put: impl FnOnce(&mut ssi_core::wire::Writer<'_>),
) -> Result<Question> {
    let brings_member = proxy.kind() == Kind::Terminal && Member::goes_with(operation);
    Question::new(operation, proxy.handle(), |out| {
        if brings_member {
            controlling::member().encode(out);
        }
        put(out);
    })
}

fn ask_poll(proxy: &Proxy, events: u32, waits: bool) -> Result<u32> {
    let poll = Poll { events, waits };
    let question = ask_about(Operation::Poll, proxy, |out| poll.encode(out))?;
    Ok(question.put_to(proxy)?.result as u32)
}

/// Asks until the home is ready, waiting in between if the task may.
///
/// # Errors
///
/// `ETIME` when it has waited as long as the home says.
pub(crate) fn when_ready(access: &Access<'_>, question: &Question) -> Result<Reply> {
    let began = clock::monotonic();
    loop {
        // What happens from here on is not missed.
        let sequence = access.proxy.sequence();
        let patience = match question.try_at(access.proxy)? {
            Outcome::Done(reply) => return Ok(reply),
            Outcome::NotReady(_) if !access.waits() => return Err(EAGAIN),
            Outcome::NotReady(patience) => patience,
            Outcome::Soon => continue,
        };
        let passed = clock::monotonic().saturating_sub(began);
        let left = patience.map(|patience| patience.saturating_sub(passed));
        access.proxy.wait(sequence, left)?;
    }
}

/// Most bytes of a transfer. What a task waits for goes as far as it can at home.
fn transfer_max(access: &Access<'_>) -> usize {
    match access.proxy.kind() {
        Kind::Plain | Kind::Packets => TRANSFER_BYTES_MAX,
        Kind::Pipe if access.waits() => TRANSFER_BYTES_MAX,
        Kind::Pipe | Kind::Stream | Kind::Terminal | Kind::Device => STREAM_BYTES_MAX,
        Kind::Events => INLINE_BYTES_MAX,
    }
}

/// Whether the home may keep a question until the file is ready. Signals do not interrupt
/// who waits for a disk; a terminal says how long to wait.
fn may_stay(access: &Access<'_>) -> bool {
    access.waits() && !matches!(access.proxy.kind(), Kind::Plain | Kind::Terminal)
}

/// What was read at once.
struct Part {
    copied: usize,
    /// There may be more.
    goes_on: bool,
}

impl Part {
    const NOTHING: Self = Self {
        copied: 0,
        goes_on: false,
    };
}

fn read_part(access: &Access<'_>, position: Option<u64>, to: &mut Destination<'_>) -> Result<Part> {
    let kind = access.proxy.kind();
    let most = to.room().min(transfer_max(access));
    let transfer = Transfer {
        flags: access.flags,
        waits: access.waits(),
        position,
        bytes: most as u32,
        data: &[],
    };
    let pages = if most > INLINE_BYTES_MAX { most } else { 0 };
    let question = ask_about(Operation::Read, access.proxy, |out| transfer.encode(out))?
        .expecting(pages as u32)
        .staying(may_stay(access));
    let reply = match when_ready(access, &question) {
        Err(ETIME) => return Ok(Part::NOTHING),
        reply => reply?,
    };
    let came = came(&reply, most)?;
    let copied = copy(&reply, to, came);
    if copied < came && copied == 0 {
        return Err(EFAULT);
    }
    Ok(Part {
        copied,
        goes_on: kind == Kind::Plain && copied == most,
    })
}

/// How many bytes came.
fn came(reply: &Reply, most: usize) -> Result<usize> {
    let came = match reply.pages.is_empty() {
        true => reply.body().len(),
        false => reply.pages.bytes() as usize,
    };
    (came <= most).then_some(came).ok_or(EIO)
}

fn copy(reply: &Reply, to: &mut Destination<'_>, came: usize) -> usize {
    if reply.pages.is_empty() {
        return to.put(reply.body());
    }
    copy_pages(reply, to, came)
}

/// Copies what came in pages, and says how much of it.
pub(crate) fn copy_pages(reply: &Reply, to: &mut Destination<'_>, came: usize) -> usize {
    let mut copied = 0;
    for page in reply.pages.as_slice() {
        let bytes = PAGE_BYTES.min(came - copied);
        let taken = to.put_page(page, bytes);
        copied += taken;
        if taken < bytes {
            break;
        }
    }
    copied
}

fn write_part(access: &Access<'_>, position: Option<u64>, from: &mut Origin<'_>) -> Result<usize> {
    let most = from.left().min(transfer_max(access));
    let (data, pages) = take_all(from, most, INLINE_BYTES_MAX)?;
    let transfer = Transfer {
        flags: access.flags,
        waits: access.waits(),
        position,
        bytes: most as u32,
        data: &data,
    };
    let written = ask_about(Operation::Write, access.proxy, |out| transfer.encode(out))
        .map(|question| question.with(pages).staying(may_stay(access)))
        .and_then(|question| when_ready(access, &question))
        .map(|reply| (reply.result as usize).min(most));
    from.give_back(most - *written.as_ref().unwrap_or(&0));
    written
}

/// Takes `most` bytes: some few, up to `few`, or else pages.
///
/// # Errors
///
/// `EFAULT` when not all of them can be read: none is taken then; `ENOMEM`.
pub(crate) fn take_all(
    from: &mut Origin<'_>,
    most: usize,
    few: usize,
) -> Result<(KVec<u8>, Pages)> {
    let mut data = KVec::new();
    let mut pages = Pages::NONE;
    let taken = if most > few {
        pages = Pages::alloc(most)?;
        take_pages(from, &pages)
    } else {
        data = bytes::zeros(most)?;
        from.take(&mut data)
    };
    if taken < most {
        from.give_back(taken);
        return Err(EFAULT);
    }
    Ok((data, pages))
}

/// Fills pages with what is written, and says with how much.
fn take_pages(from: &mut Origin<'_>, pages: &Pages) -> usize {
    let total = pages.bytes() as usize;
    let mut taken = 0;
    for page in pages.as_slice() {
        let bytes = PAGE_BYTES.min(total - taken);
        let part = from.take_page(page, bytes);
        taken += part;
        if part < bytes {
            break;
        }
    }
    taken
}
