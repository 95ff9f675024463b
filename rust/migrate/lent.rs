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
    migrate::{
        fetch::{
            encode_found,
            Fetch,
            FOUND_BYTES_MAX,
            FOUND_MAX, //
        },
        runs::{
            encode_runs,
            Run,
            RUNS_BYTES_MAX,
            RUNS_MAX, //
        }, //
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
    own_pages,
    page::{
        SharedPage,
        PAGE_BYTES, //
    }, //
};

use crate::journal;

const NAME: &str = "ssi.migrate.memory";
const VERSION: u16 = 2;

/// The service of other nodes.
pub(crate) const SERVICE_REF: ServiceRef = ServiceRef::new(NAME, VERSION);
/// To give pages.
pub(crate) const FETCH: u16 = 1;
/// To say which pages there are.
pub(crate) const LOOK: u16 = 2;

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
        let serve = match request.operation() {
            FETCH => give,
            LOOK => look,
            _ => return request.no_operation(),
        };
        let Ok(wanted) = Fetch::decode(Reader::new(request.args())) else {
            return request.bad_arguments();
        };
        let memory = find(wanted.pid, request.from().node).ok_or(ESRCH);
        match memory.and_then(|memory| serve(&memory, &wanted)) {
            Ok((body, pages)) => {
                journal::sent_pages(wanted.pid, pages.as_slice().len());
                request.reply_with(0, &body, pages)
            }
            Err(error) => request.reply(error.to_errno(), &[]),
        }
    }
}

/// The body of an answer, and what goes with it.
type Answer = (KVec<u8>, Pages);

/// Which pages there are.
fn look(memory: &Memory, wanted: &Fetch) -> Result<Answer> {
    let mut room = KVec::from_elem(own_pages::Run { start: 0, pages: 0 }, RUNS_MAX, GFP_KERNEL)?;
    let (count, next) = own_pages::runs(memory, wanted.start, wanted.end, &mut room)?;
    let mut runs = KVec::with_capacity(count, GFP_KERNEL)?;
    for &own_pages::Run { start, pages } in room.iter().take(count) {
        runs.push(Run { start, pages }, GFP_KERNEL)?;
    }
    let body = body(RUNS_BYTES_MAX, |out| encode_runs(next, &runs, out))?;
    Ok((body, Pages::NONE))
}

/// The pages.
fn give(memory: &Memory, wanted: &Fetch) -> Result<Answer> {
    let mut given = Given::default();
    match wanted.is_whole {
        true => given.take_all(memory, wanted)?,
        false => given.take_own(memory, wanted)?,
    }
    if given.pages.is_empty() {
        // Nor is anything up to the end of the area, behind the end of its file.
        let last = given.next.saturating_sub(PAGE_BYTES as u64);
        let hole_end = memory.hole_end(last);
        given.next = given.next.max(hole_end.min(wanted.end));
    }
    given.packed()
}

fn body(bytes: usize, encode: impl FnOnce(&mut Writer<'_>)) -> Result<KVec<u8>> {
    let mut body = KVec::from_elem(0, bytes, GFP_KERNEL)?;
    let mut out = Writer::new(&mut body);
    encode(&mut out);
    let length = out.finish().map_err(|_| EIO)?;
    body.truncate(length);
    Ok(body)
}

/// What is given at once.
#[derive(Default)]
struct Given {
    next: u64,
    addresses: KVec<u64>,
    pages: KVec<SharedPage>,
}

impl Given {
    /// Those the process has written to, as they are: it stands still.
    fn take_own(&mut self, memory: &Memory, wanted: &Fetch) -> Result {
        let own = own_pages::take(memory, wanted.start, wanted.end, FOUND_MAX)?;
        self.next = own.next;
        for (address, page) in own.pages {
            match page {
                Some(page) => self.push(address, page)?,
                None => self.copy(memory, address)?,
            }
        }
        Ok(())
    }

    fn take_all(&mut self, memory: &Memory, wanted: &Fetch) -> Result {
        self.next = wanted.start;
        for address in (wanted.start..wanted.end)
            .step_by(PAGE_BYTES)
            .take(FOUND_MAX)
        {
            self.copy(memory, address)?;
            self.next = address.saturating_add(PAGE_BYTES as u64);
        }
        Ok(())
    }

    /// A copy of the page at `address`, if there is one.
    fn copy(&mut self, memory: &Memory, address: u64) -> Result {
        let page = SharedPage::alloc()?;
        match memory.read(address, &page)? {
            true => self.push(address, page),
            false => Ok(()),
        }
    }

    fn push(&mut self, address: u64, page: SharedPage) -> Result {
        self.addresses.push(address, GFP_KERNEL)?;
        self.pages.push(page, GFP_KERNEL)?;
        Ok(())
    }

    fn packed(self) -> Result<Answer> {
        let body = body(FOUND_BYTES_MAX, |out| {
            encode_found(self.next, &self.addresses, out);
        })?;
        let bytes = self.pages.len().saturating_mul(PAGE_BYTES);
        Ok((body, Pages::new(self.pages, bytes)?))
    }
}
