// SPDX-License-Identifier: GPL-2.0

//! Record locks of remote files.
//!
//! They are held at the homes of the files. Here is only noted which process has asked for
//! some, so that no close of a file without locks asks its home.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Mutex,
        SetOnce, //
    }, //
};
use ssi_core::{
    files::{
        operation::Operation,
        record_lock::{
            self,
            Found,
            Move,
            Part, //
        }, //
    },
    ids::NodeId, //
};
use ssi_kapi::{
    file_lock::RecordLock,
    file_proxy::{
        Lock,
        Proxy, //
    }, //
};

use crate::{
    ask::Question,
    served, //
};

static LOCKERS: SetOnce<Pin<KBox<Mutex<KVec<Locker>>>>> = SetOnce::new();

/// A process that asked for locks of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Locker {
    node: u8,
    incarnation: u64,
    handle: u64,
    /// Two open files with the same number may be one file, which has its locks once.
    ino: u64,
    process: u32,
}

impl Locker {
    fn new(proxy: &Proxy, process: u32) -> Self {
        Self {
            node: proxy.node(),
            incarnation: proxy.incarnation(),
            handle: proxy.handle(),
            ino: proxy.ino(),
            process,
        }
    }

    /// Whether `other` may mean the same locks.
    fn is_like(&self, other: &Self) -> bool {
        Self {
            handle: other.handle,
            ..*self
        } == *other
    }
}

/// Makes the list.
pub(crate) fn create() -> Result {
    LOCKERS.populate(KBox::pin_init(
        new_mutex!(KVec::new(), "ssi_files_lockers"),
        GFP_KERNEL,
    )?);
    Ok(())
}

fn with_all<T>(act: impl FnOnce(&mut KVec<Locker>) -> T) -> Result<T> {
    let all = LOCKERS.as_ref().ok_or(ENODEV)?;
    Ok(act(&mut all.lock()))
}

fn is_noted(locker: &Locker) -> bool {
    with_all(|all| all.contains(locker)).unwrap_or(false)
}

fn note(locker: Locker) -> Result {
    with_all(|all| match all.contains(&locker) {
        true => Ok(()),
        false => Ok(all.push(locker, GFP_KERNEL)?),
    })?
}

/// Whether there was one for which `is_it`; they are forgotten.
fn forget(is_it: impl Fn(&Locker) -> bool) -> bool {
    let forgot = with_all(|all| {
        let before = all.len();
        all.retain(|locker| !is_it(locker));
        all.len() < before
    });
    forgot.unwrap_or(false)
}

/// Nobody has `proxy` open any more.
pub(crate) fn closed(proxy: &Proxy) {
    let gone = Locker::new(proxy, 0);
    forget(|locker| {
        Locker {
            process: 0,
            ..*locker
        } == gone
    });
}

fn ask(proxy: &Proxy, lock: &RecordLock, is_tried: bool, waits: bool) -> Result<Question> {
    let asked = record_lock::RecordLock {
        is_tried,
        lock: served::to_wire(lock.lock),
        waits,
        process: process_of(lock),
        part: Part {
            start: lock.start,
            end: lock.end,
        },
    };
    Question::new(Operation::RecordLock, proxy.handle(), |out| {
        asked.encode(out);
    })
}

fn process_of(lock: &RecordLock) -> Option<u32> {
    u32::try_from(lock.process)
        .ok()
        .filter(|&process| process != 0)
}

/// As `F_SETLK` and `F_SETLKW` of fcntl(2). May sleep.
///
/// # Errors
///
/// Those of fcntl(2); `EIO` when the home is gone.
pub(crate) fn set(proxy: &Proxy, lock: &RecordLock, waits: bool) -> Result {
    let process = process_of(lock).filter(|_| lock.lock != Lock::None);
    let locker = process.map(|process| Locker::new(proxy, process));
    if let Some(locker) = locker {
        note(locker)?;
    }
    // Who is killed while it waits has either the lock, and closes the file, or never gets it.
    let question = ask(proxy, lock, false, waits)?.staying(waits).to_the_end();
    question.put_to(proxy)?;
    if let Some(locker) = locker.filter(|locker| !is_noted(locker)) {
        // Another thread closed the file meanwhile.
        unlock(proxy, locker.process)?;
    }
    Ok(())
}

/// As `F_GETLK` of fcntl(2). May sleep.
///
/// # Errors
///
/// As for [`set`].
pub(crate) fn find(proxy: &Proxy, lock: &RecordLock) -> Result<Option<RecordLock>> {
    let reply = ask(proxy, lock, true, false)?.put_to(proxy)?;
    if reply.body().is_empty() {
        return Ok(None);
    }
    let found = Found::decode(reply.body()).map_err(|_| EIO)?;
    Ok(Some(RecordLock {
        owner: 0,
        process: found.process,
        lock: served::lock_of(found.lock),
        start: found.part.start,
        end: found.part.end,
    }))
}

fn unlock(proxy: &Proxy, process: u32) -> Result {
    let question = Question::new(Operation::Unlock, proxy.handle(), |out| {
        out.u32(process);
    })?;
    question.to_the_end().put_to(proxy).map(|_| ())
}

/// Whether `process` may have locks by way of `proxy`.
pub(crate) fn may_have(proxy: &Proxy, process: u32) -> bool {
    is_noted(&Locker::new(proxy, process))
}

/// `process` came with `proxy` open, and may have locks by way of it.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn came(proxy: &Proxy, process: u32) -> Result {
    note(Locker::new(proxy, process))
}

/// `process` closes a file of `proxy`, which ends all locks it has of that file, however
/// often it has it open. When this returns others can have them. May sleep.
pub(crate) fn flushed(proxy: &Proxy, process: u32) {
    let locker = Locker::new(proxy, process);
    let may_have = with_all(|all| all.iter().any(|other| other.is_like(&locker)));
    if may_have == Ok(true) {
        forget(|other| *other == locker);
        // A home that is gone has no locks.
        let _ = unlock(proxy, process);
    }
}

/// `process`, which has `proxy` open, goes on on node `to`, and so do its locks. May sleep.
pub(crate) fn hand_over(proxy: &Proxy, process: u32, to: NodeId) {
    let locker = Locker::new(proxy, process);
    if !forget(|other| *other == locker) {
        return;
    }
    let change = Move { process, to };
    let question = Question::new(Operation::MoveLocks, proxy.handle(), |out| {
        change.encode(out);
    });
    // As above.
    let _ = question.and_then(|question| question.to_the_end().put_to(proxy));
}
