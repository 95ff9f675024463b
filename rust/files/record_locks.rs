// SPDX-License-Identifier: GPL-2.0

//! Record locks for another node.
//!
//! A lock that others have stays here with the question for it, and is tried again when the
//! kernel tells that it may be free. It holds no thread.
//!
//! ```text
//!   serve() -> Asked -- not free, and somebody waits --> Waiting
//!                |  ^                                       |  |
//!             answered '--- freed(), or it was free --------'  |
//!                           before it waited                   |
//!             answered that it gave up <----- cancelled() -----'
//! ```
//!
//! Whose locks they are, and by which node, is in [`exports`].

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    files::{
        handles::Handle,
        operation::{
            self,
            Lock, //
        },
        record_lock::{
            self,
            holder,
            Found,
            Owner,
            Part, //
        }, //
    },
    ics::call::CallId,
    ids::Instance,
    vproc::pid,
    wire::Reader, //
};
use ssi_ics::{
    Caller,
    Request, //
};
use ssi_kapi::file_lock::{
    self,
    RecordLock,
    Try, //
};

use crate::{
    exported::Exported,
    exports,
    served,
    service::{
        reply,
        Answer,
        Fault, //
    }, //
};

/// Most that wait here, of all nodes. One for which there is no place asks again.
const ALL_MAX: usize = 1024;

/// How often one is tried that others get first each time.
const TRIES_MAX: usize = 16;

type List = KVec<KBox<Asked>>;

static WAITING: SetOnce<Pin<KBox<SpinLock<List>>>> = SetOnce::new();
static NEXT: Atomic<u64> = Atomic::new(1);

/// Makes room.
pub(crate) fn create() -> Result {
    let room = KVec::with_capacity(ALL_MAX, GFP_KERNEL)?;
    WAITING.populate(KBox::pin_init(
        new_spinlock!(room, "ssi_files_locks"),
        GFP_KERNEL,
    )?);
    file_lock::on_free(freed);
    Ok(())
}

/// A lock another node asks for.
struct Asked {
    /// What the kernel calls it.
    name: u64,
    handle: Handle,
    /// Whose it will be, `None` for the open file, or when it is ended.
    owner: Option<Owner>,
    lock: file_lock::Pending,
    request: Request,
}

impl Asked {
    fn caller(&self) -> Caller {
        self.request.caller()
    }

    /// It does not wait any more: then it is answered.
    fn end(self, outcome: Result<Answer, Fault>) {
        drop(self.lock);
        reply(self.request, outcome);
    }

    fn cancel(self) {
        drop(self.lock);
        self.request.cancelled();
    }
}

/// What is asked for, as far as it is read.
struct Wish {
    handle: Handle,
    file: Arc<Exported>,
    asked: record_lock::RecordLock,
    owner: Option<Owner>,
}

impl Wish {
    fn read(request: &Request) -> Result<Self, Fault> {
        let client = request.from().node;
        let mut message = Reader::new(request.args());
        let handle = operation::handle(&mut message)?;
        let asked = record_lock::RecordLock::decode(message)?;
        let file = exports::of(client, handle).ok_or(EIO)?;
        let owner = asked.process.map(|process| Owner::new(process, client));
        Ok(Self {
            handle,
            file,
            asked,
            owner,
        })
    }

    fn lock(&self) -> RecordLock {
        let number = self
            .asked
            .process
            .filter(|&process| pid::is_shared(process));
        RecordLock {
            owner: self.owner.map_or(0, Owner::get),
            process: number.map_or(0, |number| number as i32),
            lock: served::lock_of(self.asked.lock),
            start: self.asked.part.start,
            end: self.asked.part.end,
        }
    }
}

/// Answers `request` for a lock, at once or, if it `may_stay`, when it is free. A thread of
/// the kernel; may sleep.
pub(crate) fn serve(request: Request, may_stay: bool) {
    let wish = match Wish::read(&request) {
        Ok(wish) => wish,
        Err(fault) => return reply(request, Err(fault)),
    };
    if wish.asked.is_tried {
        return reply(request, find(&wish));
    }
    match ask(&wish, may_stay) {
        Ok((name, lock)) => {
            let asked = Asked {
                name,
                handle: wish.handle,
                owner: wish.owner.filter(|_| wish.asked.lock != Lock::None),
                lock,
                request,
            };
            let waits = wish.asked.waits;
            drop(wish);
            // Without memory it is dropped, which its node is told.
            if let Ok(asked) = KBox::new(asked, GFP_KERNEL) {
                go_on(asked, waits);
            }
        }
        Err(error) => reply(request, Err(error.into())),
    }
}

fn find(wish: &Wish) -> Result<Answer, Fault> {
    let Some(found) = wish.file.find_lock(wish.lock())? else {
        return Ok(Answer::number(0));
    };
    let found = Found {
        lock: served::to_wire(found.lock),
        process: holder(found.process),
        part: Part {
            start: found.start,
            end: found.end,
        },
    };
    Ok(Answer::bytes(&found.encode())?)
}

/// The lock that is asked for, and its name.
fn ask(wish: &Wish, may_stay: bool) -> Result<(u64, file_lock::Pending)> {
    let name = NEXT.fetch_add(1u64, Relaxed);
    let waits = wish.asked.waits && may_stay;
    let lock = file_lock::Pending::new(&wish.file, wish.lock(), waits, name)?;
    Ok((name, lock))
}

/// Goes on with `asked` until it is answered or waits.
fn go_on(mut asked: KBox<Asked>, waits: bool) {
    for _ in 0..TRIES_MAX {
        match attempt(&mut asked) {
            Ok(Try::Waits) => (),
            Ok(Try::Done) => return KBox::into_inner(asked).end(Ok(Answer::number(0))),
            Err(EAGAIN) if waits => return KBox::into_inner(asked).end(Err(Fault::Soon)),
            Err(error) => return KBox::into_inner(asked).end(Err(error.into())),
        }
        let (caller, name) = (asked.caller(), asked.name);
        if let Err(asked) = put(asked) {
            return KBox::into_inner(asked).end(Err(Fault::Soon));
        }
        // What is told, or cancelled, from here on finds it.
        let is_over = !caller.waits();
        let found = take(|waiting| waiting.name == name && (is_over || waiting.lock.was_told()));
        asked = match found {
            Some(asked) if is_over => return KBox::into_inner(asked).cancel(),
            Some(asked) => asked,
            None => return,
        };
    }
    KBox::into_inner(asked).end(Err(Fault::Soon));
}

/// Tries once. The node may close the file, or its process, in this moment: then nobody would
/// end the lock.
fn attempt(asked: &mut Asked) -> Result<Try> {
    let client = asked.request.from().node;
    let Some(owner) = asked.owner else {
        // It is not closed before this is over.
        let _file = exports::of(client, asked.handle).ok_or(EIO)?;
        return asked.lock.attempt();
    };
    let file = exports::vouch(client, asked.handle, owner)?;
    let outcome = asked.lock.attempt()?;
    if outcome == Try::Done && !exports::is_vouched(client, asked.handle, owner) {
        exports::end_locks(&file, owner);
    }
    Ok(outcome)
}

/// The lock of that name may be free. A thread of the kernel; may sleep.
fn freed(name: u64) {
    if let Some(asked) = take(|waiting| waiting.name == name) {
        match asked.caller().waits() {
            true => go_on(asked, true),
            false => KBox::into_inner(asked).cancel(),
        }
    }
}

/// Who made `call` does not wait any more. Does not sleep.
pub(crate) fn cancelled(from: Instance, call: CallId) {
    if let Some(all) = WAITING.as_ref() {
        let all = all.lock();
        let found = all.iter().find(|waiting| waiting.caller().is(from, call));
        if let Some(waiting) = found {
            waiting.lock.tell();
        }
    }
}

fn take(is_it: impl Fn(&Asked) -> bool) -> Option<KBox<Asked>> {
    let mut all = WAITING.as_ref()?.lock();
    let place = all.iter().position(|waiting| is_it(waiting))?;
    all.remove(place).ok()
}

/// Gives it back if there is no place for it.
fn put(asked: KBox<Asked>) -> core::result::Result<(), KBox<Asked>> {
    let Some(all) = WAITING.as_ref() else {
        return Err(asked);
    };
    let put = all.lock().push_within_capacity(asked);
    put.map_err(|full| full.0)
}
