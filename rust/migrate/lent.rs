// SPDX-License-Identifier: GPL-2.0

//! Memory that is lent.
//!
//! While a process that goes to another node waits for its copy there, that node reads its
//! memory here.

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
    migrate::fetch::{
        encode_found,
        Fetch,
        FOUND_BYTES_MAX,
        FOUND_MAX, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Handler,
    Pages,
    Place,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::{
    address_space::Memory,
    page::{
        SharedPage,
        PAGE_BYTES, //
    }, //
};

const NAME: &str = "ssi.migrate.memory";
const VERSION: u16 = 1;

/// The service of other nodes.
pub(crate) const SERVICE_REF: ServiceRef = ServiceRef::new(NAME, VERSION);
/// Its only operation: to give pages.
pub(crate) const FETCH: u16 = 1;

/// The service of this one.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Worker,
    window: 16,
    handler: &Lender,
};

/// Most processes whose memory is lent at once.
const LOANS_MAX: usize = 256;

static LENT: SetOnce<Pin<KBox<SpinLock<KVec<Lent>>>>> = SetOnce::new();

struct Lent {
    pid: u32,
    to: NodeId,
    memory: Memory,
}

/// Memory is lent as long as there is this.
pub(crate) struct Loan(u32);

/// Makes the place where it is known. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let room = KVec::with_capacity(LOANS_MAX, GFP_KERNEL)?;
    LENT.populate(KBox::pin_init(
        new_spinlock!(room, "ssi_migrate_lent"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// Lends the `memory` of process `pid` to node `to`.
///
/// # Errors
///
/// `EAGAIN` for more than [`LOANS_MAX`] at once.
pub(crate) fn lend(pid: u32, to: NodeId, memory: Memory) -> Result<Loan> {
    let mut lent = LENT.as_ref().ok_or(ENODEV)?.lock();
    let refused = lent.push_within_capacity(Lent { pid, to, memory });
    drop(lent);
    // What was refused is dropped without the lock: it may sleep.
    refused.map(|()| Loan(pid)).map_err(|_| EAGAIN)
}

impl Drop for Loan {
    fn drop(&mut self) {
        let Some(lent) = LENT.as_ref() else {
            return;
        };
        let mut lent = lent.lock();
        let place = lent.iter().position(|one| one.pid == self.0);
        let gone = place.and_then(|place| lent.remove(place).ok());
        drop(lent);
        drop(gone);
    }
}

fn find(pid: u32, to: NodeId) -> Option<Memory> {
    let lent = LENT.as_ref()?.lock();
    let found = lent.iter().find(|one| (one.pid, one.to) == (pid, to))?;
    Some(found.memory.clone())
}

struct Lender;

impl Handler for Lender {
    fn serve(&self, request: Request) {
        if request.operation() != FETCH {
            return request.no_operation();
        }
        let Ok(wanted) = Fetch::decode(Reader::new(request.args())) else {
            return request.bad_arguments();
        };
        let given = find(wanted.pid, request.from().node)
            .ok_or(ESRCH)
            .and_then(|memory| Given::of(&memory, &wanted));
        match given.and_then(Given::packed) {
            Ok((body, pages)) => request.reply_with(0, &body, pages),
            Err(error) => request.reply(error.to_errno(), &[]),
        }
    }
}

/// What is given at once.
struct Given {
    next: u64,
    addresses: KVec<u64>,
    pages: KVec<SharedPage>,
}

impl Given {
    fn of(memory: &Memory, wanted: &Fetch) -> Result<Self> {
        let mut room = KVec::from_elem(0, FOUND_MAX, GFP_KERNEL)?;
        let (count, next) = match wanted.is_whole {
            true => all_pages(wanted, &mut room),
            false => memory.own_pages(wanted.start, wanted.end, &mut room)?,
        };
        let mut given = Self {
            next,
            addresses: KVec::with_capacity(count, GFP_KERNEL)?,
            pages: KVec::with_capacity(count, GFP_KERNEL)?,
        };
        for &address in room.iter().take(count) {
            let page = SharedPage::alloc()?;
            if memory.read(address, &page)? {
                given.addresses.push(address, GFP_KERNEL)?;
                given.pages.push(page, GFP_KERNEL)?;
            }
        }
        if given.pages.is_empty() {
            // Nor is anything up to the end of the area, behind the end of its file.
            let last = room.get(count.wrapping_sub(1));
            let hole_end = last.map_or(next, |&last| memory.hole_end(last));
            given.next = next.max(hole_end.min(wanted.end));
        }
        Ok(given)
    }

    fn packed(self) -> Result<(KVec<u8>, Pages)> {
        let mut body = KVec::from_elem(0, FOUND_BYTES_MAX, GFP_KERNEL)?;
        let mut out = Writer::new(&mut body);
        encode_found(self.next, &self.addresses, &mut out);
        let length = out.finish().map_err(|_| EIO)?;
        body.truncate(length);
        let bytes = self.pages.len().saturating_mul(PAGE_BYTES);
        Ok((body, Pages::new(self.pages, bytes)?))
    }
}

/// Each address of a page, as many as are given at once, and the next.
fn all_pages(wanted: &Fetch, room: &mut [u64]) -> (usize, u64) {
    let addresses = (wanted.start..wanted.end).step_by(PAGE_BYTES);
    let mut count = 0;
    for (place, address) in room.iter_mut().zip(addresses) {
        *place = address;
        count += 1;
    }
    let next = wanted.start.saturating_add((count * PAGE_BYTES) as u64);
    (count, next)
}
