// SPDX-License-Identifier: GPL-2.0

//! Memory that is sent ahead.
//!
//! While a process runs on, who has it moved sends its memory to the node it goes to, in
//! [rounds]. So little is left to be fetched when it stands still. What was sent is noted with
//! the page it was in: as long as the process has that page there, and has not written to it,
//! the other node has it as it is.
//!
//! [rounds]: ssi_core::migrate::rounds

use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::RBTree,
    sync::{
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    migrate::{
        area::ADDRESS_END,
        batch::{
            encode_batch,
            BATCH_BYTES_MAX, //
        },
        fetch::FOUND_MAX,
        rounds::Rounds,
        runs::Run, //
    },
    wire::Writer, //
};
use ssi_ics::{
    Ask,
    Made,
    Pages, //
};
use ssi_kapi::{
    address_space::Memory,
    fork,
    own_pages::{
        self,
        Scanned, //
    },
    page::{
        SharedPage,
        PAGE_BYTES, //
    },
    sysctl::Choice, //
};

use crate::{
    journal,
    lent,
    tally, //
};

/// Whether memory is sent ahead.
pub(crate) static MODE: Choice = Choice::new(0, &["precopy", "stop"]);

/// Most batches on their way at once: the process is to run meanwhile, and so are others.
const BATCHES_MAX: usize = 4;

/// Most processes whose memory is sent ahead at once. More stop.
const AHEAD_MAX: usize = 64;

static WATCHED: SetOnce<Pin<KBox<SpinLock<KVec<usize>>>>> = SetOnce::new();

/// Makes the place where it is known whose pages are marked. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let room = KVec::with_capacity(AHEAD_MAX, GFP_KERNEL)?;
    WATCHED.populate(KBox::pin_init(
        new_spinlock!(room, "ssi_migrate_watched"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// Memory whose pages are marked for one reason alone: who marks them takes it from all others
/// what was written to before.
struct Watch(usize);

impl Watch {
    /// None for memory that somebody else watches. The name is that of the memory.
    fn begin(name: usize) -> Option<Self> {
        let mut watched = WATCHED.as_ref()?.lock();
        if watched.contains(&name) {
            return None;
        }
        watched.push_within_capacity(name).ok()?;
        Some(Self(name))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(watched) = WATCHED.as_ref() {
            watched.lock().retain(|name| *name != self.0);
        }
    }
}

/// What of a process the node it goes to has. Dropped, that node forgets it.
pub(crate) struct Ahead {
    pid: u32,
    node: NodeId,
    _watch: Watch,
    /// The page each was in, by its address.
    sent: RBTree<u64, SharedPage>,
}

impl Ahead {
    /// Sends memory of process `pid`, which runs on this node, to `node`. None if that is not
    /// [wanted](MODE), or worth it, or does not succeed: then all of it is to be fetched. May
    /// sleep, for as long as that takes.
    pub(crate) fn send(pid: u32, node: NodeId) -> Option<Self> {
        if MODE.word() != "precopy" {
            return None;
        }
        let memory = Memory::of(pid).ok()?;
        if !Rounds::is_worth(count(&memory).ok()?) {
            return None;
        }
        let mut ahead = Self {
            pid,
            node,
            _watch: Watch::begin(memory.name())?,
            sent: RBTree::new(),
        };
        // There may be some of an attempt before.
        ahead.forget().ok()?;
        let mut rounds = Rounds::default();
        loop {
            let pages = ahead.round(&memory).ok()?;
            tally::ROUNDS.add(1);
            tally::AHEAD.add(pages);
            if !rounds.goes_on(pages) {
                return Some(ahead);
            }
        }
    }

    /// Runs of pages which the other node has as they are in `memory`, that of the process,
    /// which stands still. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EFAULT` for a process that has lost its memory.
    pub(crate) fn kept(&self, memory: &Memory) -> Result<KVVec<Run>> {
        let mut runs: KVVec<Run> = KVVec::new();
        each(memory, false, |one| {
            if !self.has(&one) {
                return Ok(());
            }
            match runs.last_mut() {
                Some(run) if run.end() == one.address => run.pages += 1,
                _ => {
                    let start = one.address;
                    runs.push(Run { start, pages: 1 }, GFP_KERNEL)?;
                }
            }
            Ok(())
        })?;
        Ok(runs)
    }

    /// Whether the other node has that page as it is.
    fn has(&self, one: &Scanned) -> bool {
        let sent = self.sent.get(&one.address);
        !one.is_written && sent.is_some_and(|page| page.is(&one.page))
    }

    /// Sends what was not sent, or was written to since. Gives how many pages.
    fn round(&mut self, memory: &Memory) -> Result<u64> {
        let mut sender = Sender::new(self.pid, self.node)?;
        let mut pages = 0;
        each(memory, true, |one| {
            if self.has(&one) {
                return Ok(());
            }
            let copy = one.page.copied()?;
            if copy.is_zero() {
                self.sent.remove(&one.address);
                return Ok(());
            }
            pages += 1;
            self.sent
                .try_create_and_insert(one.address, one.page, GFP_KERNEL)?;
            sender.push(one.address, copy)
        })?;
        sender.finish()?;
        Ok(pages)
    }

    fn forget(&self) -> Result {
        let args = self.pid.to_le_bytes();
        let mut ask = Ask::new(lent::SERVICE_REF, lent::FORGET, &args);
        ask.is_to_the_end = true;
        ssi_ics::call(self.node, &ask)?;
        Ok(())
    }
}

impl Drop for Ahead {
    /// What it sent has come by now, or never does.
    fn drop(&mut self) {
        let args = self.pid.to_le_bytes();
        let ask = Ask::new(lent::SERVICE_REF, lent::FORGET, &args);
        ssi_ics::tell(self.node, &ask);
    }
}

/// How many own pages there are in `memory`.
fn count(memory: &Memory) -> Result<u64> {
    let mut room = KVec::from_elem(own_pages::Run { start: 0, pages: 0 }, FOUND_MAX, GFP_KERNEL)?;
    let (mut all, mut next) = (0_u64, 0);
    while next < ADDRESS_END {
        let (count, end) = own_pages::runs(memory, next, ADDRESS_END, &mut room)?;
        all += room.iter().take(count).map(|run| run.pages).sum::<u64>();
        next = end;
    }
    Ok(all)
}

/// Does `act` with each own page of `memory`, and marks it if that is wanted.
fn each(memory: &Memory, is_marked: bool, mut act: impl FnMut(Scanned) -> Result) -> Result {
    let mut next = 0;
    while next < ADDRESS_END {
        let (scanned, end) = own_pages::scan(memory, next, ADDRESS_END, FOUND_MAX, is_marked)?;
        scanned.into_iter().try_for_each(&mut act)?;
        next = end;
        // What it has left is to be freed, and who is killed need not wait.
        if is_marked && (memory.is_left() || fork::is_killed()) {
            return Err(EINTR);
        }
    }
    Ok(())
}

/// Sends pages, several batches at once.
struct Sender {
    pid: u32,
    node: NodeId,
    addresses: KVec<u64>,
    pages: KVec<SharedPage>,
    /// The oldest first.
    under_way: KVec<Made>,
}

impl Sender {
    fn new(pid: u32, node: NodeId) -> Result<Self> {
        Ok(Self {
            pid,
            node,
            addresses: KVec::with_capacity(FOUND_MAX, GFP_KERNEL)?,
            pages: KVec::with_capacity(FOUND_MAX, GFP_KERNEL)?,
            under_way: KVec::with_capacity(BATCHES_MAX, GFP_KERNEL)?,
        })
    }

    fn push(&mut self, address: u64, page: SharedPage) -> Result {
        self.addresses.push(address, GFP_KERNEL)?;
        self.pages.push(page, GFP_KERNEL)?;
        match self.pages.len() {
            FOUND_MAX => self.send(),
            _ => Ok(()),
        }
    }

    fn send(&mut self) -> Result {
        while self.under_way.len() >= BATCHES_MAX {
            self.end_oldest()?;
        }
        let mut room = KVec::from_elem(0, BATCH_BYTES_MAX, GFP_KERNEL)?;
        let mut out = Writer::new(&mut room);
        encode_batch(self.pid, &self.addresses, &mut out);
        let length = out.finish().map_err(|_| EIO)?;
        let mut ask = Self::ask(room.get(..length).unwrap_or_default());
        self.addresses.clear();
        let pages = core::mem::take(&mut self.pages);
        let bytes = pages.len().saturating_mul(PAGE_BYTES);
        journal::sent_pages(self.pid, pages.len());
        ask.pages = Pages::new(pages, bytes)?;
        self.under_way
            .push(ssi_ics::begin(self.node, &ask)?, GFP_KERNEL)?;
        Ok(())
    }

    /// Even who is killed waits until a batch has come, or does not come any more: so none
    /// comes when the other node has been told to forget them.
    fn ask(args: &[u8]) -> Ask<'_> {
        let mut ask = Ask::new(lent::SERVICE_REF, lent::STASH, args);
        ask.is_to_the_end = true;
        ask
    }

    fn end_oldest(&mut self) -> Result {
        let made = self.under_way.remove(0).map_err(|_| EIO)?;
        match made.wait(&Self::ask(&[]))?.result {
            0 => Ok(()),
            error => Err(ssi_ics::error_of_peer(error)),
        }
    }

    fn finish(&mut self) -> Result {
        if !self.pages.is_empty() {
            self.send()?;
        }
        while !self.under_way.is_empty() {
            self.end_oldest()?;
        }
        Ok(())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        while !self.under_way.is_empty() {
            // It is not sent ahead then, whyever.
            let _ = self.end_oldest();
        }
    }
}
