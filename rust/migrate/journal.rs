// SPDX-License-Identifier: GPL-2.0

//! Journal of this node.
//!
//! Each move is told here what becomes of it, and so are counters and tracepoints. See
//! [`ssi_core::migrate::journal`]; [`report`](crate::report) shows it.

use core::fmt::{
    self,
    Write, //
};

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    migrate::{
        journal::{
            Journal,
            Way, //
        },
        record::{
            Kind,
            Reason,
            Record,
            Stage,
            Wish, //
        }, //
    }, //
};
use ssi_kapi::{
    clock,
    leave::Cannot,
    moves::Asker,
    page::PAGE_BYTES,
    task_name,
    trace,
    whereabouts, //
};

pub(crate) use ssi_core::migrate::journal::Arrival;

static JOURNAL: SetOnce<Pin<KBox<SpinLock<KVBox<Journal>>>>> = SetOnce::new();

/// A move that was begun. It is over with the first that ends it.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    id: u64,
    pid: u32,
    to: NodeId,
}

/// Makes it. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let journal = KVBox::new(Journal::EMPTY, GFP_KERNEL)?;
    JOURNAL.populate(KBox::pin_init(
        new_spinlock!(journal, "ssi_migrate_journal"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// Process `pid` of this node is to go to `to`, as `by` asks. Process context, does not sleep.
pub(crate) fn begin(kind: Kind, pid: u32, to: NodeId, by: Asker) -> Entry {
    trace::migrate_request(pid, to.get(), by.pid);
    let wish = Wish {
        kind,
        pid,
        name: task_name::of(pid),
        from: ssi_ics::this_node().map_or(to, |me| me.node),
        to,
        by: by.pid,
        user: by.user,
        wall: clock::wall() / clock::NANOS_PER_MICRO,
    };
    let now = clock::monotonic();
    let id = with(|journal| journal.begin(wish, now)).unwrap_or(0);
    Entry { id, pid, to }
}

/// It is held on node `to` from now on. Any context.
pub(crate) fn is_held(pid: u32, to: NodeId) {
    let now = clock::monotonic();
    let held = with(|journal| {
        let record = journal.of_process(pid)?;
        let before = record.pause(now);
        record.reach(Stage::Commit, now);
        Some(before)
    });
    if let Some(pause) = held.flatten() {
        trace::migrate_held(pid, to.get(), pause);
    }
}

/// So many bytes of process `pid` were sent at once, so many pages of memory among them. Any
/// context.
pub(crate) fn sent(pid: u32, bytes: usize, pages: usize) {
    trace::migrate_sent(pid, bytes as u64, pages as u64);
    with(|journal| journal.sent(pid, bytes as u64, pages as u64));
}

/// So many pages of the memory of process `pid` were sent.
pub(crate) fn sent_pages(pid: u32, pages: usize) {
    if pages == 0 {
        return;
    }
    sent(pid, pages.saturating_mul(PAGE_BYTES), pages);
}

/// A process arrives. Any context.
pub(crate) fn arrives(arrival: Arrival) {
    with(|journal| journal.arrived(arrival));
}

/// Process `pid` of node `home`, which came from node `from`, was made here, or not.
pub(crate) fn arrived(pid: u32, from: u8, home: u8, made: &Result) {
    tell_arrival(made, Arrival::Held);
    if made.is_ok() {
        trace::migrate_arrived(pid, from, home);
    }
}

/// The same of process `pid` of this node.
pub(crate) fn came_home(pid: u32, from: u8, made: &Result) {
    tell_arrival(made, Arrival::CameHome);
    if made.is_ok() {
        let me = ssi_ics::this_node().map_or(0, |me| me.node.get());
        trace::migrate_arrived(pid, from, me);
    }
}

fn tell_arrival(made: &Result, how: Arrival) {
    arrives(match made {
        Ok(()) => how,
        Err(_) => Arrival::Failed,
    });
}

impl Entry {
    /// The running process, which is that of this, stands still from now on.
    pub(crate) fn stands_still(self) {
        self.reach(Stage::Capture, |_| ());
    }

    /// It is packed, in so many bytes, and has so many bytes of memory.
    pub(crate) fn is_packed(self, bytes: u32, resident: u64) {
        let now = clock::monotonic();
        let mut pause = 0;
        self.reach(Stage::Transfer, |record| {
            record.resident = resident;
            pause = record.pause(now);
        });
        trace::migrate_captured(self.pid, self.to.get(), pause);
        sent(self.pid, bytes as usize, 0);
    }

    fn reach(self, stage: Stage, tell: impl FnOnce(&mut Record)) {
        let now = clock::monotonic();
        with(|journal| {
            if let Some(record) = journal.get(self.id) {
                record.reach(stage, now);
                tell(record);
            }
        });
    }

    /// It stays, for what it has. Gives what a program gets.
    pub(crate) fn refuse(self, why: Cannot) -> Error {
        let reason = Reason {
            errno: number_of(why.error()),
            subject: match why {
                Cannot::File => "its file",
                _ => "it",
            },
            words: why.words().to_str().unwrap_or_default(),
        };
        let now = clock::monotonic();
        if with(|journal| journal.refused(self.id, reason, now))
            .flatten()
            .is_some()
        {
            trace::migrate_failed(self.pid, self.to.get(), why.error().to_errno());
        }
        why.error()
    }

    /// Says what came of it. `home` is where a guest was born, before it went.
    pub(crate) fn end(self, outcome: &Result, home: Option<NodeId>) {
        let now = clock::monotonic();
        match outcome {
            Ok(()) => {
                let way = match home {
                    None => Way::Left,
                    Some(home) if home == self.to => Way::WentHome,
                    Some(_) => Way::WentOn,
                };
                if let Some(record) = with(|journal| journal.done(self.id, way, now)).flatten() {
                    trace::migrate_committed(self.pid, self.to.get(), record.pause(now));
                }
            }
            Err(why) => {
                let reason = Reason::of_errno(number_of(*why));
                let failed = with(|journal| journal.failed(self.id, reason, now));
                if failed.flatten().is_some() {
                    trace::migrate_failed(self.pid, self.to.get(), why.to_errno());
                }
            }
        }
    }
}

/// Where process `pid` was born, if it is a guest here.
pub(crate) fn home_of(pid: u32) -> Option<NodeId> {
    NodeId::new(whereabouts::guest(pid)?.home?)
}

/// Writes the counters and then each move, in lines, to `out`, which must not sleep, until it
/// is full.
///
/// # Errors
///
/// When it is.
pub(crate) fn show(out: &mut impl Write) -> fmt::Result {
    let now = clock::monotonic();
    with(|journal| write!(out, "{}", journal.counters())).unwrap_or(Ok(()))?;
    for place in 0..Journal::PLACES {
        if let Some(record) = with(|journal| journal.at(place)).flatten() {
            writeln!(out, "{}", record.line(now))?;
        }
    }
    Ok(())
}

fn number_of(error: Error) -> u16 {
    u16::try_from(error.to_errno().unsigned_abs()).unwrap_or(0)
}

fn with<T>(act: impl FnOnce(&mut Journal) -> T) -> Option<T> {
    JOURNAL.as_ref().map(|journal| act(&mut journal.lock()))
}
