// SPDX-License-Identifier: GPL-2.0

//! Services to try the links with.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce, //
    }, //
};
use ssi_core::{
    ics::call::CallId,
    ids::{
        Instance,
        NodeId, //
    }, //
};
use ssi_kapi::{
    page::PAGE_BYTES,
    thread, //
};

use super::raw;
use crate::{
    engine,
    Ask,
    Handler,
    Pages,
    Place,
    Request,
    Service,
    ServiceRef, //
};

/// Answers with the arguments.
pub(super) const ECHO: u16 = 1;
/// Answers with nothing.
pub(super) const SINK: u16 = 2;
/// Takes pages; answers with a sum of their first bytes.
pub(super) const PAGES_IN: u16 = 3;
/// Answers with as many bytes of pages as it is told.
pub(super) const PAGES_OUT: u16 = 4;
/// Sleeps as many milliseconds as it is told, or until cancelled.
pub(super) const SLEEP: u16 = 5;
/// Calls the other node of two as often as it is told; answers how often that was.
pub(super) const NEST: u16 = 6;
/// Is kept and answered when somebody asks for [`RELEASE`].
pub(super) const DEFER: u16 = 7;
/// Answers all that is kept; answers how many that were.
pub(super) const RELEASE: u16 = 8;
/// Is dropped.
pub(super) const DROP: u16 = 9;
/// Serves one plain connection of the sockets to compare with.
pub(super) const RAW: u16 = 10;
/// Answers how many requests of [`SINK`] came.
pub(super) const COUNT: u16 = 11;

/// Most requests that are kept.
const KEPT_MAX: usize = 256;

/// Served on the reactor.
pub(super) const INLINE: ServiceRef = ServiceRef::new("ssi.test.inline", 1);
/// Served by workers.
pub(super) const WORKER: ServiceRef = ServiceRef::new("ssi.test", 1);
/// In a version no node has.
pub(super) const OTHER_VERSION: ServiceRef = ServiceRef::new("ssi.test", 2);
/// That no node has.
pub(super) const ABSENT: ServiceRef = ServiceRef::new("ssi.test.absent", 1);

static INLINE_SERVICE: Service = Service {
    name: "ssi.test.inline",
    version: 1,
    place: Place::Inline,
    window: 64,
    handler: &Tester,
};

static WORKER_SERVICE: Service = Service {
    name: "ssi.test",
    version: 1,
    place: Place::Worker,
    window: 64,
    handler: &Tester,
};

/// Requests that are answered later.
static KEPT: SetOnce<Arc<Mutex<KVec<Request>>>> = SetOnce::new();

/// The last call that was cancelled: number of its node and its name.
static CANCELLED: (Atomic<u32>, Atomic<u64>) = (Atomic::new(0), Atomic::new(0));

/// Requests of [`SINK`] that came.
static SUNK: Atomic<u64> = Atomic::new(0);

/// Offers the services. Once, in process context.
pub(crate) fn start() -> Result {
    let kept = Arc::pin_init(new_mutex!(KVec::new(), "ssi_test_kept"), GFP_KERNEL)?;
    KEPT.populate(kept);
    crate::register(&INLINE_SERVICE)?;
    crate::register(&WORKER_SERVICE)
}

struct Tester;

impl Handler for Tester {
    fn serve(&self, request: Request) {
        match request.operation() {
            ECHO => echo(request),
            SINK => {
                let _ = SUNK.fetch_add(1u64, Relaxed);
                request.reply(0, &[]);
            }
            PAGES_IN => {
                let sum = sum(request.pages());
                request.reply(sum, &[]);
            }
            PAGES_OUT => pages_out(request),
            SLEEP => sleep(request),
            NEST => nest(request),
            DEFER => defer(request),
            RELEASE => release(request),
            DROP => drop(request),
            RAW => raw::serve(request),
            COUNT => request.reply(0, &SUNK.load(Relaxed).to_le_bytes()),
            _ => request.no_operation(),
        }
    }

    fn cancelled(&self, from: Instance, call: CallId) {
        CANCELLED.0.store(from.node.get().into(), Relaxed);
        CANCELLED.1.store(call.get(), Relaxed);
    }
}

fn echo(mut request: Request) {
    let args = core::mem::take(&mut request.args);
    request.reply(0, &args);
}

fn number(request: &Request) -> Option<u32> {
    let (number, _) = request.args().split_first_chunk()?;
    Some(u32::from_le_bytes(*number))
}

fn pages_out(request: Request) {
    let Some(bytes) = number(&request).and_then(|bytes| usize::try_from(bytes).ok()) else {
        return request.bad_arguments();
    };
    match pattern(bytes) {
        Ok(pages) => request.reply_with(sum(&pages), &[], pages),
        Err(why) => request.reply(why.to_errno(), &[]),
    }
}

/// Pages that begin with their number.
pub(super) fn pattern(bytes: usize) -> Result<Pages> {
    let pages = Pages::alloc(bytes)?;
    for (number, page) in (1u32..).zip(pages.as_slice()) {
        page.write(0, &number.to_le_bytes())?;
        page.write(PAGE_BYTES - 4, &number.to_le_bytes())?;
    }
    Ok(pages)
}

/// Sum of what [`pattern`] wrote to all pages; wrong when one is lost or moved.
pub(super) fn sum(pages: &Pages) -> i32 {
    let mut sum: u32 = 0;
    for (number, page) in (1u32..).zip(pages.as_slice()) {
        for offset in [0, PAGE_BYTES - 4] {
            let mut bytes = [0; 4];
            let _ = page.read(offset, &mut bytes);
            sum = sum.wrapping_add(u32::from_le_bytes(bytes).wrapping_mul(number));
        }
    }
    i32::from_le_bytes((sum & 0x7fff_ffff).to_le_bytes())
}

fn is_cancelled(request: &Request) -> bool {
    CANCELLED.1.load(Relaxed) == request.call().get()
        && CANCELLED.0.load(Relaxed) == u32::from(request.from().node.get())
}

fn sleep(request: Request) {
    let Some(milliseconds) = number(&request) else {
        return request.bad_arguments();
    };
    for _ in 0..milliseconds {
        if is_cancelled(&request) {
            return request.cancelled();
        }
        thread::sleep(1_000);
    }
    request.reply(0, &[]);
}

/// Arguments: how often, and whom.
fn nest(request: Request) {
    let Some((&[depth, me, other], _)) = request.args().split_first_chunk() else {
        return request.bad_arguments();
    };
    let next = NodeId::new(other).filter(|_| depth > 0);
    let Some(next) = next else {
        return request.reply(0, &[]);
    };
    let args = [depth - 1, other, me];
    let result = match crate::call(next, &Ask::new(WORKER, NEST, &args)) {
        Ok(reply) if reply.result >= 0 => reply.result.saturating_add(1),
        Ok(reply) => reply.result,
        Err(why) => Error::from(why).to_errno(),
    };
    request.reply(result, &[]);
}

fn defer(request: Request) {
    let Some(kept) = KEPT.as_ref() else {
        return;
    };
    let mut kept = kept.lock();
    let has_room = kept.len() < KEPT_MAX && kept.reserve(1, GFP_KERNEL).is_ok();
    // What is dropped is answered, which takes the lock of a peer.
    let unkept = match has_room {
        true => kept
            .push_within_capacity(request)
            .err()
            .map(|error| error.0),
        false => Some(request),
    };
    drop(kept);
    drop(unkept);
}

fn release(request: Request) {
    let mut taken = KVec::new();
    if let Some(kept) = KEPT.as_ref() {
        core::mem::swap(&mut *kept.lock(), &mut taken);
    }
    let mut count = 0;
    for kept in taken {
        kept.reply(1, &[]);
        count += 1;
    }
    request.reply(count, &[]);
}

/// This node's number, 0 before the start.
pub(super) fn me() -> u8 {
    engine::get().map_or(0, |engine| engine.me().node.get())
}
