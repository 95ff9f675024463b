// SPDX-License-Identifier: GPL-2.0

//! Fetching of pages.
//!
//! The running task, which is to be a process that is on another node, asks that for pages and
//! puts them into its memory. Several questions are on their way at once, so that neither node
//! waits for the other.

use kernel::prelude::*;
use ssi_core::{
    ics::frame::BULK_BYTES_MAX,
    ids::NodeId,
    migrate::{
        fetch::{
            Fetch,
            Wanted,
            FETCH_BYTES, //
        },
        runs::{
            Parts,
            Run,
            Runs, //
        }, //
    },
    wire::Writer, //
};
use ssi_ics::{
    Ask,
    Made,
    Reply, //
};
use ssi_kapi::{
    own_pages,
    page::PAGE_BYTES, //
};

use crate::{
    lent,
    stash::Stash,
    tally, //
};

/// Most questions for pages on their way at once. With four the wire runs dry whenever one of
/// the nodes has to wait for its turn.
const QUESTIONS_MAX: usize = 8;

/// Fetches pages of process `pid` from node `home`.
pub(crate) struct Fetcher {
    home: NodeId,
    pid: u32,
    /// The oldest first.
    under_way: KVec<(Fetch, Made)>,
}

impl Fetcher {
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(home: NodeId, pid: u32) -> Result<Self> {
        Ok(Self {
            home,
            pid,
            under_way: KVec::with_capacity(QUESTIONS_MAX, GFP_KERNEL)?,
        })
    }

    /// Puts what was sent ahead and is as it was to its place, and fetches the rest of what the
    /// process has written to between two addresses. May sleep.
    ///
    /// # Errors
    ///
    /// As for [`own`](Self::own).
    pub(crate) fn rest(&mut self, mut stash: Stash, (start, end): (u64, u64)) -> Result {
        let mut asked = self.question((start, end), Wanted::Rest);
        while asked.start < end {
            let reply = self.look(lent::KEPT, &asked)?;
            let runs = Runs::decode(&asked, reply.body()).map_err(|_| EIO)?;
            runs.iter().try_for_each(|run| self.put(run, &mut stash))?;
            asked.start = runs.next;
        }
        self.look_and_fetch((start, end), Wanted::Rest)
    }

    /// Puts pages that were sent ahead to their place; one that was forgotten is fetched.
    fn put(&mut self, run: Run, stash: &mut Stash) -> Result {
        for address in (run.start..run.end()).step_by(PAGE_BYTES) {
            match stash.remove(address) {
                Some(page) => {
                    own_pages::put(address, &page)?;
                    tally::KEPT.add(1);
                }
                None => {
                    let page = (address, address.saturating_add(PAGE_BYTES as u64));
                    self.begin(self.question(page, Wanted::Own))?;
                }
            }
        }
        Ok(())
    }

    /// Fetches what the process has written to between two addresses. May sleep.
    ///
    /// # Errors
    ///
    /// `EIO` when the other node does not have what it should, or says what cannot be;
    /// `EHOSTDOWN`, `ENOMEM`, `EINTR` for a task that is killed.
    pub(crate) fn own(&mut self, range: (u64, u64)) -> Result {
        self.look_and_fetch(range, Wanted::Own)
    }

    fn look_and_fetch(&mut self, (start, end): (u64, u64), wanted: Wanted) -> Result {
        let mut asked = self.question((start, end), wanted);
        while asked.start < end {
            let reply = self.look(lent::LOOK, &asked)?;
            let runs = Runs::decode(&asked, reply.body()).map_err(|_| EIO)?;
            for part in Parts::of(runs.iter()) {
                self.begin(self.question(part, wanted))?;
            }
            asked.start = runs.next;
        }
        Ok(())
    }

    fn look(&self, operation: u16, asked: &Fetch) -> Result<Reply> {
        taken(ssi_ics::call(
            self.home,
            &ask(operation, asked, &mut [0; FETCH_BYTES]),
        )?)
    }

    /// Fetches all between two addresses. May sleep.
    ///
    /// # Errors
    ///
    /// As for [`own`](Self::own).
    pub(crate) fn all(&mut self, (start, end): (u64, u64)) -> Result {
        let all = core::iter::once(Run::between(start, end));
        Parts::of(all).try_for_each(|part| self.begin(self.question(part, Wanted::All)))
    }

    /// Waits for what is on its way. May sleep.
    ///
    /// # Errors
    ///
    /// As for [`own`](Self::own).
    pub(crate) fn finish(&mut self) -> Result {
        while !self.under_way.is_empty() {
            self.end_oldest()?;
        }
        Ok(())
    }

    fn question(&self, (start, end): (u64, u64), wanted: Wanted) -> Fetch {
        Fetch {
            pid: self.pid,
            start,
            end,
            wanted,
        }
    }

    fn begin(&mut self, wanted: Fetch) -> Result {
        while self.under_way.len() >= QUESTIONS_MAX {
            self.end_oldest()?;
        }
        let made = ssi_ics::begin(self.home, &ask(lent::FETCH, &wanted, &mut [0; FETCH_BYTES]))?;
        self.under_way.push((wanted, made), GFP_KERNEL)?;
        Ok(())
    }

    fn end_oldest(&mut self) -> Result {
        let (wanted, made) = self.under_way.remove(0).map_err(|_| EIO)?;
        let reply = taken(made.wait(&ask(lent::FETCH, &wanted, &mut [0; FETCH_BYTES]))?)?;
        let pages = reply.pages.as_slice();
        if reply.pages.bytes() as usize != pages.len().saturating_mul(PAGE_BYTES) {
            return Err(EIO);
        }
        let found = wanted.found(reply.body(), pages.len()).map_err(|_| EIO)?;
        for (address, page) in found.addresses().zip(pages) {
            own_pages::put(address, page)?;
        }
        match found.next < wanted.end {
            // There were more than travel at once.
            true => self.begin(Fetch {
                start: found.next,
                ..wanted
            }),
            false => Ok(()),
        }
    }
}

/// The question `wanted`, as it travels in `room`.
fn ask<'a>(operation: u16, wanted: &Fetch, room: &'a mut [u8; FETCH_BYTES]) -> Ask<'a> {
    wanted.encode(&mut Writer::new(room));
    let mut ask = Ask::new(lent::SERVICE_REF, operation, room);
    if operation == lent::FETCH {
        ask.reply_pages_max = BULK_BYTES_MAX;
    }
    ask
}

fn taken(reply: Reply) -> Result<Reply> {
    match reply.result {
        0 => Ok(reply),
        error => Err(ssi_ics::error_of_peer(error)),
    }
}
