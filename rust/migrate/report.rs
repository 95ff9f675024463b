// SPDX-License-Identifier: GPL-2.0

//! The files `migrations`.
//!
//! `/proc/cluster/migrations` says what moved on this node, and
//! `/proc/cluster/node<N>/migrations` what did on that one, which is asked. See
//! `Documentation/migrate.rst` for the lines.

use core::fmt;

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use ssi_core::ids::NodeId;
use ssi_ics::{
    Ask,
    CallError,
    Handler,
    Pages,
    Place,
    Reply,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::{
    page::PAGE_BYTES,
    print::Plain,
    proc_text::Text, //
};

use crate::journal;

const NAME: &str = "ssi.migrate.report";
const VERSION: u16 = 1;

/// The only operation: to give the text.
const READ: u16 = 1;

/// Longest text, in bytes; what is behind it is left out.
const TEXT_BYTES_MAX: usize = 40 * PAGE_BYTES;

/// The service of this node.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Worker,
    window: 8,
    handler: &Reporter,
};

/// Whose files there are: a bit for each node, that of 0 for that of the cluster.
static SHOWN: Atomic<u64> = Atomic::new(0);

/// Makes the file of `node`, which has come, and that of this one, unless they are there. May
/// sleep. One caller at a time.
pub(crate) fn add_files(node: NodeId) {
    let folders = [
        (0, ssi_clms::folder()),
        (node.index(), ssi_clms::node_folder(node)),
    ];
    for (number, folder) in folders {
        let shown = SHOWN.load(Relaxed);
        let Some(folder) = folder.filter(|_| shown & (1 << number) == 0) else {
            continue;
        };
        SHOWN.store(shown | 1 << number, Relaxed);
        if let Err(error) = folder.add_text::<Report>(c"migrations", number) {
            pr_err!("no migrations of node {}: {:?}\n", Plain(node), error);
        }
    }
}

/// What it says of the node with this number, 0 for this one.
struct Report;

impl Text for Report {
    fn make(number: usize) -> Result<KVVec<u8>> {
        let node = u8::try_from(number).ok().and_then(NodeId::new);
        match node.filter(|&node| ssi_ics::this_node().is_none_or(|me| me.node != node)) {
            None => own(),
            Some(node) => of(node),
        }
    }
}

fn own() -> Result<KVVec<u8>> {
    let mut sheet = Sheet {
        text: KVVec::from_elem(0, TEXT_BYTES_MAX, GFP_KERNEL)?,
        length: 0,
    };
    // What does not fit is left out.
    let _ = journal::show(&mut sheet);
    sheet.text.truncate(sheet.length);
    Ok(sheet.text)
}

fn of(node: NodeId) -> Result<KVVec<u8>> {
    let mut ask = Ask::new(ServiceRef::new(NAME, VERSION), READ, &[]);
    ask.reply_pages_max = TEXT_BYTES_MAX as u32;
    match ssi_ics::call(node, &ask) {
        Ok(reply) if reply.result == 0 => text_of(&reply),
        Ok(reply) => Err(ssi_ics::error_of_peer(reply.result)),
        Err(CallError::NotMember | CallError::NodeDown) => Err(EHOSTDOWN),
        Err(why) => Err(why.into()),
    }
}

fn text_of(reply: &Reply) -> Result<KVVec<u8>> {
    let length = reply.pages.bytes() as usize;
    let mut text = KVVec::from_elem(0, length, GFP_KERNEL)?;
    for (page, part) in reply
        .pages
        .as_slice()
        .iter()
        .zip(text.chunks_mut(PAGE_BYTES))
    {
        page.read(0, part)?;
    }
    Ok(text)
}

/// Tells other nodes.
struct Reporter;

impl Handler for Reporter {
    fn serve(&self, request: Request) {
        if request.operation() != READ {
            return request.no_operation();
        }
        match own().and_then(|text| in_pages(&text, request.reply_pages_max())) {
            Ok(pages) => request.reply_with(0, &[], pages),
            Err(error) => request.reply(error.to_errno(), &[]),
        }
    }
}

fn in_pages(text: &[u8], room: u32) -> Result<Pages> {
    let text = text
        .get(..text.len().min(room as usize))
        .unwrap_or_default();
    let pages = Pages::alloc(text.len())?;
    for (page, part) in pages.as_slice().iter().zip(text.chunks(PAGE_BYTES)) {
        page.write(0, part)?;
    }
    Ok(pages)
}

/// A text that is written, piece by piece, while no memory can be had.
struct Sheet {
    text: KVVec<u8>,
    length: usize,
}

impl fmt::Write for Sheet {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let end = self.length.checked_add(piece.len()).ok_or(fmt::Error)?;
        let room = self.text.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(piece.as_bytes());
        self.length = end;
        Ok(())
    }
}
