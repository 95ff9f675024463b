// SPDX-License-Identifier: GPL-2.0

//! Use for another node.

use kernel::prelude::*;
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
            Poll,
            Seek,
            INLINE_BYTES_MAX, //
        },
        status, //
    },
    wire::Reader, //
};
use ssi_ics::Pages;
use ssi_kapi::{
    bytes,
    file_home::{
        Access,
        HomeFile,
        Kind,
        Lock,
        Place,
        Status,
        OVER,
        READABLE, //
    },
    page::PAGE_BYTES, //
};

use crate::{
    exported::Exported,
    service::{
        Answer,
        Fault, //
    }, //
};

/// Reads what is there. One that is not ready needs no memory to say so; not all that can be
/// read says it.
///
/// # Errors
///
/// `EAGAIN` if there is nothing yet; those of read(2).
pub(crate) fn read(file: &HomeFile, access: Access, most: usize, waits: bool) -> Result<Answer> {
    let is_ready = || file.poll() & (READABLE | OVER) != 0;
    match file.kind() {
        // With less than it is set to wait for, a terminal has nothing yet.
        Kind::Terminal if waits && !is_ready() => match file.patience() {
            Some(0) => Ok(Answer::number(0)),
            _ => Err(EAGAIN),
        },
        _ if most <= INLINE_BYTES_MAX => read_inline(file, access, most),
        Kind::Plain => read_pages(file, access, most),
        Kind::Pipe => match file.there() {
            0..=INLINE_BYTES_MAX => read_inline(file, access, INLINE_BYTES_MAX),
            there => read_pages(file, access, most.min(there)),
        },
        _ if is_ready() => read_pages(file, access, most),
        // The rest of a packet would be lost.
        Kind::Packets => Err(EAGAIN),
        _ => read_inline(file, access, INLINE_BYTES_MAX),
    }
}

fn read_inline(file: &HomeFile, access: Access, most: usize) -> Result<Answer> {
    let mut body = bytes::zeros(most)?;
    let length = file.read(access, Place::Buffer(&mut body))?;
    body.truncate(length);
    Ok(Answer {
        body,
        ..Answer::number(length as i32)
    })
}

fn read_pages(file: &HomeFile, access: Access, most: usize) -> Result<Answer> {
    let pages = Pages::alloc(most)?;
    let length = file.read(access, Place::Pages(pages.as_slice(), 0..most))?;
    if length > INLINE_BYTES_MAX {
        let mut filled = KVec::new();
        for page in pages.as_slice().iter().take(length.div_ceil(PAGE_BYTES)) {
            filled.push(page.clone(), GFP_KERNEL)?;
        }
        return Ok(Answer {
            pages: Pages::new(filled, length)?,
            ..Answer::number(length as i32)
        });
    }
    let mut body = bytes::zeros(length)?;
    if let Some(first) = pages.as_slice().first() {
        first.read(0, &mut body)?;
    }
    Ok(Answer {
        body,
        ..Answer::number(length as i32)
    })
}

pub(crate) fn poll(file: &Exported, message: Reader<'_>) -> Result<Answer, Fault> {
    let poll = Poll::decode(message)?;
    let events = match poll.waits {
        true => file.poll_and_tell(poll.events),
        false => file.poll(),
    };
    Ok(Answer::number(events as i32 & i32::MAX))
}

pub(crate) fn device(file: &HomeFile, message: Reader<'_>) -> Result<Answer, Fault> {
    let device = Device::decode(message)?;
    let call = DeviceCall::with_number(device.number).ok_or(ENOTTY)?;
    let mut room = [0; ARGUMENT_BYTES_MAX];
    let memory = room
        .get_mut(..call.argument.bytes())
        .ok_or(Fault::Malformed)?;
    let came = match call.argument {
        Argument::In(bytes) => bytes,
        Argument::Number | Argument::Out(_) => 0,
    };
    if device.memory.len() != came {
        return Err(Fault::Malformed);
    }
    let result = match call.argument {
        Argument::Number => file.ioctl(call.number, device.argument as usize, call.drains),
        Argument::In(_) => {
            memory.copy_from_slice(device.memory);
            file.ioctl_with(call.number, memory, call.drains)
        }
        Argument::Out(_) => file.ioctl_with(call.number, memory, call.drains),
    };
    let result = match result {
        Err(EAGAIN) if call.drains => return Err(Fault::Soon),
        result => result? as i32,
    };
    match call.argument {
        Argument::Out(_) => Ok(Answer {
            result,
            ..Answer::bytes(memory)?
        }),
        Argument::Number | Argument::In(_) => Ok(Answer::number(result)),
    }
}

/// A lock of the kernel.
pub(crate) fn lock_of(lock: operation::Lock) -> Lock {
    match lock {
        operation::Lock::Shared => Lock::Shared,
        operation::Lock::Exclusive => Lock::Exclusive,
        operation::Lock::None => Lock::None,
    }
}

/// A lock as it travels.
pub(crate) fn to_wire(lock: Lock) -> operation::Lock {
    match lock {
        Lock::Shared => operation::Lock::Shared,
        Lock::Exclusive => operation::Lock::Exclusive,
        Lock::None => operation::Lock::None,
    }
}

pub(crate) fn lock(file: &HomeFile, message: Reader<'_>) -> Result<Answer, Fault> {
    let (lock, waits) = operation::Lock::decode(message)?;
    match file.lock(lock_of(lock)) {
        // Nobody says when it is free.
        Err(EAGAIN) if waits => Err(Fault::Soon),
        done => Ok(done.map(|()| Answer::number(0))?),
    }
}

pub(crate) fn seek(file: &HomeFile, message: Reader<'_>) -> Result<Answer, Fault> {
    let seek = Seek::decode(message)?;
    let position = file.seek(seek.offset as i64, seek.whence)?;
    Ok(Answer::bytes(&position.to_le_bytes())?)
}

pub(crate) fn status(file: &HomeFile, message: Reader<'_>) -> Result<Answer, Fault> {
    message.end()?;
    Ok(Answer::bytes(&travelling(&file.status()?).encode())?)
}

/// A status as it travels.
pub(crate) fn travelling(found: &Status) -> status::Status {
    status::Status {
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
    }
}
