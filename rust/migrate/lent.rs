// SPDX-License-Identifier: GPL-2.0

//! Memory that is lent.
//!
//! While a process that goes to another node waits for its copy there, that node reads its
//! memory here. And what other nodes send [ahead](crate::ahead) of theirs is taken in.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    migrate::{
        batch::Batch,
        fetch::{
            encode_found,
            Fetch,
            Wanted,
            FOUND_BYTES_MAX,
            FOUND_MAX, //
        },
        runs::{
            encode_runs,
            has,
            without,
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

use crate::{
    journal,
    stash,
    tally, //
};

const NAME: &str = "ssi.migrate.memory";
const VERSION: u16 = 3;

/// The service of other nodes.
pub(crate) const SERVICE_REF: ServiceRef = ServiceRef::new(NAME, VERSION);
/// To give pages.
pub(crate) const FETCH: u16 = 1;
/// To say which pages there are.
pub(crate) const LOOK: u16 = 2;
/// To say which of those that were sent ahead are as they were.
pub(crate) const KEPT: u16 = 3;
/// To keep pages that are sent ahead.
pub(crate) const STASH: u16 = 4;
/// To keep none of a process.
pub(crate) const FORGET: u16 = 5;

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
    memory: Lending,
}

/// Memory of a process that stands still.
#[derive(Clone)]
struct Lending {
    memory: Memory,
    /// What the other node has of it.
    kept: Arc<KVVec<Run>>,
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

/// Lends the `memory` of process `pid` to node `to`, which has `kept` of it already.
///
/// # Errors
///
/// `EAGAIN` for more than [`LOANS_MAX`] at once, `ENOMEM`.
pub(crate) fn lend(pid: u32, to: NodeId, memory: Memory, kept: KVVec<Run>) -> Result<Loan> {
    let kept = Arc::new(kept, GFP_KERNEL)?;
    let memory = Lending { memory, kept };
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

fn find(pid: u32, to: NodeId) -> Option<Lending> {
    let lent = LENT.as_ref()?.lock();
    let found = lent.iter().find(|one| (one.pid, one.to) == (pid, to))?;
    Some(found.memory.clone())
}

struct Lender;

impl Handler for Lender {
    fn serve(&self, request: Request) {
        let serve = match request.operation() {
            FETCH => Lending::give,
            LOOK => Lending::look,
            KEPT => Lending::look_kept,
            STASH => return stash(request),
            FORGET => return forget(request),
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

fn stash(request: Request) {
    let pages = request.pages();
    let count = pages.as_slice().len();
    if pages.bytes() as usize != count.saturating_mul(PAGE_BYTES) {
        return request.bad_arguments();
    }
    let Ok(batch) = Batch::decode(Reader::new(request.args()), count) else {
        return request.bad_arguments();
    };
    let outcome = stash::put(request.from().node, &batch, pages);
    request.reply(outcome.map_or_else(Error::to_errno, |()| 0), &[]);
}

fn forget(request: Request) {
    let mut message = Reader::new(request.args());
    let (Ok(pid), true) = (message.u32(), message.rest().is_empty()) else {
        return request.bad_arguments();
    };
    drop(stash::take(pid, request.from().node));
    request.reply(0, &[]);
}

/// The body of an answer, and what goes with it.
type Answer = (KVec<u8>, Pages);

impl Lending {
    /// Which pages there are.
    fn look(&self, wanted: &Fetch) -> Result<Answer> {
        let mut room =
            KVec::from_elem(own_pages::Run { start: 0, pages: 0 }, RUNS_MAX, GFP_KERNEL)?;
        let (count, mut next) = own_pages::runs(&self.memory, wanted.start, wanted.end, &mut room)?;
        let kept = self.kept_for(wanted);
        let mut runs = KVec::with_capacity(RUNS_MAX, GFP_KERNEL)?;
        let own = room.iter().take(count).map(|run| Run {
            start: run.start,
            pages: run.pages,
        });
        for run in own.flat_map(|run| without(run, kept)) {
            if runs.push_within_capacity(run).is_err() {
                next = run.start;
                break;
            }
        }
        answer_of_runs(next, &runs)
    }

    /// Which of those that were sent ahead are as they were.
    fn look_kept(&self, wanted: &Fetch) -> Result<Answer> {
        let within = |run: &&Run| run.start >= wanted.start && run.end() <= wanted.end;
        let mut kept = self.kept.iter().filter(within);
        let mut runs = KVec::with_capacity(RUNS_MAX, GFP_KERNEL)?;
        for &run in kept.by_ref().take(RUNS_MAX) {
            runs.push(run, GFP_KERNEL)?;
        }
        let next = kept.next().map_or(wanted.end, |run| run.start);
        answer_of_runs(next, &runs)
    }

    /// What is not to be given.
    fn kept_for(&self, wanted: &Fetch) -> &[Run] {
        match wanted.wanted {
            Wanted::Rest => &self.kept,
            Wanted::Own | Wanted::All => &[],
        }
    }

    /// The pages.
    fn give(&self, wanted: &Fetch) -> Result<Answer> {
        let mut given = Given {
            next: wanted.start,
            ..Given::default()
        };
        match wanted.wanted {
            Wanted::All => given.take_all(&self.memory, wanted)?,
            Wanted::Own | Wanted::Rest => {
                given.take_own(&self.memory, wanted, self.kept_for(wanted))?;
            }
        }
        if given.pages.is_empty() {
            // Nor is anything up to the end of the area, behind the end of its file.
            let last = given.next.saturating_sub(PAGE_BYTES as u64);
            let hole_end = self.memory.hole_end(last);
            given.next = given.next.max(hole_end.min(wanted.end));
        }
        tally::FETCHED.add(given.pages.len() as u64);
        given.packed()
    }
}

fn answer_of_runs(next: u64, runs: &[Run]) -> Result<Answer> {
    let body = body(RUNS_BYTES_MAX, |out| encode_runs(next, runs, out))?;
    Ok((body, Pages::NONE))
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
    /// Those the process has written to, as they are: it stands still. None of `kept`.
    fn take_own(&mut self, memory: &Memory, wanted: &Fetch, kept: &[Run]) -> Result {
        while self.next < wanted.end && self.pages.len() < FOUND_MAX {
            let room = FOUND_MAX.saturating_sub(self.pages.len());
            let own = own_pages::take(memory, self.next, wanted.end, room)?;
            self.next = own.next;
            tally::ZERO.add(own.zeros as u64);
            for (address, page) in own.pages {
                match page {
                    _ if has(kept, address) => (),
                    Some(page) => self.push(address, page)?,
                    None => self.copy(memory, address)?,
                }
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
