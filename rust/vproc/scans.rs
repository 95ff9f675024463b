// SPDX-License-Identifier: GPL-2.0

//! Files of `/proc` read ahead.
//!
//! A program such as ps(1) lists `/proc` and then reads the same files of each process.
//! Once it reads that of one, those of the next processes of the same node come along: a
//! call for many processes in place of several for each. Only the process that listed
//! `/proc`, with the rights it had then, is given what was read ahead: once, within
//! [`FRESH_MICROS`], and no more after it has changed anything of a process.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Mutex,
        SetOnce, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    vproc::{
        attributes::Attributes,
        batch::{
            File,
            Item,
            Wanted,
            REPLY_BYTES_MAX, //
        },
        path::pid_of,
        scan::{
            node_of,
            window,
            Listed,
            FRESH_MICROS, //
        },
    },
    wire::Reader, //
};
use ssi_kapi::{
    bytes,
    clock,
    proc_remote::At, //
};

use crate::{
    ask::{
        Asker,
        Operation,
        Question, //
    },
    remote_proc::each_piece, //
};

/// Most processes that list `/proc` and profit from it at the same time.
const SCANS_MAX: usize = 8;

/// A scan nobody goes on with for so long is dropped when the next one begins, in
/// microseconds.
const IDLE_MICROS: u64 = 5_000_000;

static SCANS: SetOnce<Pin<KBox<Mutex<KVec<Scan>>>>> = SetOnce::new();

/// A process that has listed `/proc`.
struct Scan {
    /// When, in microseconds since boot.
    at: u64,
    asker: Asker,
    /// What it was told, in rising order.
    list: KVVec<Listed>,
    /// Of each file, one of each node at most.
    batches: [KVec<Batch>; File::ALL.len()],
}

impl Scan {
    /// Whether its process may still go on with it: it has begun, or got something, within
    /// some seconds.
    fn is_in_use(&self, now: u64) -> bool {
        let last = self
            .batches
            .iter()
            .flatten()
            .map(|batch| batch.at)
            .fold(self.at, u64::max);
        now.saturating_sub(last) < IDLE_MICROS
    }
}

/// What was read ahead of one file on one node.
struct Batch {
    node: NodeId,
    /// When, in microseconds since boot.
    at: u64,
    /// The last process that was read ahead; before it nothing is any more.
    covered: u32,
    files: KVec<Ahead>,
}

struct Ahead {
    pid: u32,
    attributes: Attributes,
    /// Until it is given away.
    text: Option<KVec<u8>>,
}

/// Makes the place where they are kept. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    SCANS.populate(KBox::pin_init(
        new_mutex!(KVec::new(), "ssi_vproc_scans"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// The running process was told `list`. Without memory nothing is read ahead.
pub(crate) fn begin(list: &[Listed]) {
    let _ = try_begin(list);
}

fn try_begin(list: &[Listed]) -> Result {
    let asker = Asker::current()?;
    let mut own = KVVec::with_capacity(list.len(), GFP_KERNEL)?;
    own.extend_from_slice(list, GFP_KERNEL)?;
    let scan = Scan {
        at: clock::monotonic(),
        asker,
        list: own,
        batches: [const { KVec::new() }; File::ALL.len()],
    };
    let mut scans = SCANS.as_ref().ok_or(ENODEV)?.lock();
    let now = clock::monotonic();
    scans.retain(|other| !other.asker.is_of(&scan.asker) && other.is_in_use(now));
    if scans.len() == SCANS_MAX {
        drop(scans.remove(0));
    }
    scans.push(scan, GFP_KERNEL)?;
    Ok(())
}

/// The running process is about to change something: what it knows may become wrong.
pub(crate) fn forget() {
    if let (Ok(asker), Some(scans)) = (Asker::current(), SCANS.as_ref()) {
        scans.lock().retain(|scan| !scan.asker.is_of(&asker));
    }
}

/// What `at` is, if it was read ahead or is read now with those behind it.
pub(crate) fn look(at: &At<'_>) -> Option<Attributes> {
    ahead(at, |file| Some(file.attributes)).map(|(_, attributes)| attributes)
}

/// What `at` holds and which node says so, as [`look`], once.
pub(crate) fn read(at: &At<'_>) -> Option<(NodeId, KVec<u8>)> {
    ahead(at, |file| file.text.take())
}

fn ahead<T>(at: &At<'_>, mut take: impl FnMut(&mut Ahead) -> Option<T>) -> Option<(NodeId, T)> {
    let (pid, file) = split(at.path)?;
    let mut take = |file: &mut Ahead| {
        let is_meant = [0, file.attributes.identity].contains(&at.identity);
        is_meant.then(|| take(file)).flatten()
    };
    let asker = Asker::current().ok()?;
    let (node, wanted) = match find(&asker, pid, file, &mut take)? {
        Found::Here(node, value) => return Some((node, value)),
        Found::Wanted(node, pids) => (node, pids),
    };
    let batch = Batch {
        node,
        covered: *wanted.last()?,
        files: fetch(node, file, &wanted).ok()?,
        at: clock::monotonic(),
    };
    keep(&asker, file, batch)?;
    match find(&asker, pid, file, &mut take)? {
        Found::Here(node, value) => Some((node, value)),
        Found::Wanted(..) => None,
    }
}

/// The process and the file `path` names, if it is one that is read ahead.
fn split(path: &[u8]) -> Option<(u32, File)> {
    let pid = pid_of(path)?;
    let name = match path.iter().position(|&byte| byte == b'/') {
        Some(slash) => path.get(slash + 1..)?,
        None => b"",
    };
    Some((pid, File::named(name)?))
}

/// What is known of a file.
enum Found<T> {
    /// This, of that node.
    Here(NodeId, T),
    /// It is to be read, with those of these processes of that node.
    Wanted(NodeId, KVec<u32>),
}

fn find<T>(
    asker: &Asker,
    pid: u32,
    file: File,
    take: &mut impl FnMut(&mut Ahead) -> Option<T>,
) -> Option<Found<T>> {
    let mut scans = SCANS.as_ref()?.lock();
    let scan = scans.iter_mut().find(|scan| scan.asker == *asker)?;
    let node = node_of(&scan.list, pid)?;
    let mut batches = scan.batches.get_mut(file.index())?.iter_mut();
    let Some(batch) = batches.find(|batch| batch.node == node && pid <= batch.covered) else {
        let mut pids = KVec::new();
        for pid in window(&scan.list, pid) {
            pids.push(pid, GFP_KERNEL).ok()?;
        }
        return Some(Found::Wanted(node, pids));
    };
    let is_fresh = clock::monotonic().saturating_sub(batch.at) < FRESH_MICROS;
    let file = batch.files.iter_mut().find(|file| file.pid == pid)?;
    let value = take(file).filter(|_| is_fresh)?;
    Some(Found::Here(node, value))
}

fn fetch(node: NodeId, file: File, pids: &[u32]) -> Result<KVec<Ahead>> {
    let question = Question::new(Operation::Batch, |out| {
        Wanted::encode(file, pids.iter().copied(), out);
    })?;
    let reply = question.with_pages(REPLY_BYTES_MAX as u32).put_to(node)?;
    let mut body = KVVec::new();
    each_piece(&reply, |_, piece| bytes::extend(&mut body, piece))?;
    let mut message = Reader::new(&body);
    let mut files = KVec::new();
    while let Some(item) = Item::decode(&mut message).map_err(|_| EIO)? {
        if pids.binary_search(&item.pid).is_err() {
            return Err(EIO);
        }
        let mut text = KVec::new();
        bytes::extend(&mut text, item.text)?;
        files.push(
            Ahead {
                pid: item.pid,
                attributes: item.attributes,
                text: Some(text),
            },
            GFP_KERNEL,
        )?;
    }
    Ok(files)
}

/// Keeps `batch` in place of the one before of the same node.
fn keep(asker: &Asker, file: File, batch: Batch) -> Option<()> {
    let mut scans = SCANS.as_ref()?.lock();
    let scan = scans.iter_mut().find(|scan| scan.asker == *asker)?;
    let batches = scan.batches.get_mut(file.index())?;
    match batches.iter_mut().find(|other| other.node == batch.node) {
        Some(other) => *other = batch,
        None => batches.push(batch, GFP_KERNEL).ok()?,
    }
    Some(())
}
