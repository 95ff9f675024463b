// SPDX-License-Identifier: GPL-2.0

//! Files that others use.
//!
//! Each is here once for each node that uses it, under a name that never comes again.

use kernel::{
    fs::{
        File,
        LocalFile, //
    },
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        Mutex,
        SetOnce, //
    }, //
};
use ssi_core::{
    files::{
        handles::{
            Handle,
            NoPlace,
            Slot,
            Table,
            FILES_MAX, //
        },
        lease::{
            Fate,
            Lease, //
        },
        record_lock::{
            Move,
            Owner, //
        },
        ticket, //
    },
    ids::NodeId, //
};
use ssi_kapi::file_home::HomeFile;

use crate::{
    exported::Exported,
    members,
    ticket::Ticket,
    workers, //
};

/// Places the table grows by.
const SLOTS_STEP: usize = 16;

static EXPORTS: SetOnce<Pin<KBox<Mutex<Exports>>>> = SetOnce::new();

/// A file one other node uses.
struct Export {
    file: Arc<Exported>,
    lease: Lease,
    /// Whose record locks of the file that node answers for.
    owners: KVec<Owner>,
}

impl Drop for Export {
    fn drop(&mut self) {
        for owner in &self.owners {
            end_locks(&self.file, *owner);
        }
    }
}

/// What is taken out is dropped without the lock: closing a file may take long.
type Exports = Table<Export, KVVec<Slot<Export>>>;

/// Makes the table.
pub(crate) fn create() -> Result {
    EXPORTS.populate(KBox::pin_init(
        new_mutex!(Table::new(KVVec::new()), "ssi_files_exports"),
        GFP_KERNEL,
    )?);
    Ok(())
}

fn exports() -> Result<&'static Mutex<Exports>> {
    EXPORTS
        .as_ref()
        .map(|exports| exports.as_ref().get_ref())
        .ok_or(ENODEV)
}

/// A ticket for `client` to `file` of the running task.
pub(crate) fn export(file: &LocalFile, client: NodeId) -> Result<Ticket> {
    let is_it = |other: &HomeFile| other.is(file);
    match give_again(client, None, is_it)? {
        Some(ticket) => Ok(ticket),
        None => give(client, None, HomeFile::new(file)?),
    }
}

/// A ticket for `client` to a file that `by` uses, who hands it on.
pub(crate) fn grant(file: &HomeFile, client: NodeId, by: NodeId) -> Result<Ticket> {
    let is_it = |other: &HomeFile| other.is_same(file);
    match give_again(client, Some(by), is_it)? {
        Some(ticket) => Ok(ticket),
        None => give(client, Some(by), file.again()?),
    }
}

/// One more ticket to a file that `client` has one for.
fn give_again(
    client: NodeId,
    by: Option<NodeId>,
    is_it: impl Fn(&HomeFile) -> bool,
) -> Result<Option<Ticket>> {
    let mut exports = exports()?.lock();
    let is_known = |export: &Export| export.lease.client() == client && is_it(&export.file);
    let known = exports.iter().find(|(_, export)| is_known(export));
    let Some(handle) = known.map(|(handle, _)| handle) else {
        return Ok(None);
    };
    let file = exports
        .get_mut(handle)
        .and_then(|export| export.lease.add(by).then(|| export.file.clone()));
    drop(exports);
    file.map(|file| ticket(client, by, handle, &file))
        .transpose()
}

/// The first ticket to a file.
fn give(client: NodeId, by: Option<NodeId>, file: HomeFile) -> Result<Ticket> {
    let file = Arc::new(Exported::new(file), GFP_KERNEL)?;
    let export = Export {
        file: file.clone(),
        lease: Lease::new(client, by),
        owners: KVec::new(),
    };
    let handle = insert(export)?;
    ticket(client, by, handle, &file)
}

/// The ticket to what `client` has a claim to now.
fn ticket(client: NodeId, by: Option<NodeId>, handle: Handle, file: &HomeFile) -> Result<Ticket> {
    // A node that goes after this takes the claim with it.
    let ticket = match members::is_there(client) {
        true => Ticket::new(file, handle, by),
        false => Err(EHOSTDOWN),
    };
    if ticket.is_err() {
        withdraw(handle, by);
    }
    ticket
}

fn insert(export: Export) -> Result<Handle> {
    let mut exports = exports()?.lock();
    let inserted = match exports.insert(export) {
        Err(NoPlace(export)) => match grow(&mut exports) {
            Ok(()) => exports.insert(export),
            Err(error) => {
                drop(exports);
                drop(export);
                return Err(error);
            }
        },
        inserted => inserted,
    };
    let handle = inserted.map_err(|_| ENFILE)?;
    if let Some(export) = exports.get(handle) {
        export.file.call_it(handle.get());
    }
    Ok(handle)
}

fn grow(exports: &mut Exports) -> Result {
    let slots = exports.slots_mut();
    if slots.len() >= FILES_MAX {
        return Err(ENFILE);
    }
    for _ in 0..SLOTS_STEP {
        slots.push(Slot::new(), GFP_KERNEL)?;
    }
    Ok(())
}

/// The file `client` calls `handle`.
pub(crate) fn of(client: NodeId, handle: Handle) -> Option<Arc<Exported>> {
    let exports = exports().ok()?.lock();
    let export = exports.get(handle)?;
    (export.lease.client() == client).then(|| export.file.clone())
}

/// What `act` gives with the file `client` calls `handle`, without waiting for the table and
/// without becoming the last to have the file, which may take long to close.
pub(crate) fn with_now<T>(
    client: NodeId,
    handle: Handle,
    act: impl FnOnce(&Exported) -> T,
) -> Option<T> {
    let exports = exports().ok()?.try_lock()?;
    let export = exports.get(handle)?;
    (export.lease.client() == client).then(|| act(&export.file))
}

/// Tells `tell` each file that is used. May sleep; nothing is exported or closed meanwhile.
pub(crate) fn each(mut tell: impl FnMut(Handle, &HomeFile, &Lease)) {
    if let Ok(exports) = exports() {
        for (handle, export) in exports.lock().iter() {
            tell(handle, &export.file, &export.lease);
        }
    }
}

/// The node that uses `handle` and is to be told now that something happened to it.
pub(crate) fn takes_news(handle: Handle) -> Option<NodeId> {
    let exports = exports().ok()?.lock();
    let export = exports.get(handle)?;
    let client = export.lease.client();
    export.file.takes_news().then_some(client)
}

/// Changes a lease, and takes the file out if that ends it.
fn taken(handle: Handle, act: impl FnOnce(&mut Lease) -> Fate) -> Option<Export> {
    let mut exports = exports().ok()?.lock();
    match act(&mut exports.get_mut(handle)?.lease) {
        Fate::Ends => exports.remove(handle),
        Fate::Lasts => None,
    }
}

/// Changes a lease; the file is closed if that ends it.
fn change(handle: Handle, act: impl FnOnce(&mut Lease) -> Fate) {
    drop(taken(handle, act));
}

/// A ticket does not go.
pub(crate) fn withdraw(handle: Handle, by: Option<NodeId>) {
    change(handle, |lease| lease.withdraw(by));
}

/// A ticket arrived at `client`.
pub(crate) fn arrived(client: NodeId, handle: Handle) {
    change(handle, |lease| {
        if lease.client() == client {
            lease.arrived();
        }
        Fate::Lasts
    });
}

/// `client` gives `claims` back.
pub(crate) fn give_back(client: NodeId, handle: Handle, claims: u32) {
    change(handle, |lease| match lease.client() == client {
        true => lease.give_back(claims),
        false => Fate::Lasts,
    });
}

/// The file of a ticket that came home.
pub(crate) fn come_home(ticket: &ticket::Ticket<'_>) -> Result<ARef<File>> {
    let me = members::me()?;
    if !members::lives(ticket.home) {
        return Err(EIO);
    }
    let file = of(me, ticket.handle).ok_or(EIO)?.file();
    arrived(me, ticket.handle);
    give_back(me, ticket.handle, 1);
    file.ok_or(EIO)
}

/// The file `client` calls `handle`, of which it answers for locks of `owner` from now on.
///
/// # Errors
///
/// `EIO` for a name that is none any more, `ENOMEM`.
pub(crate) fn vouch(client: NodeId, handle: Handle, owner: Owner) -> Result<Arc<Exported>> {
    let mut exports = exports()?.lock();
    let export = exports.get_mut(handle).ok_or(EIO)?;
    if export.lease.client() != client {
        return Err(EIO);
    }
    if !export.owners.contains(&owner) {
        export.owners.push(owner, GFP_KERNEL)?;
    }
    Ok(export.file.clone())
}

/// Whether `client` answers for locks of `owner` of the file it calls `handle`.
pub(crate) fn is_vouched(client: NodeId, handle: Handle, owner: Owner) -> bool {
    exports().is_ok_and(|exports| {
        exports
            .lock()
            .get(handle)
            .is_some_and(|export| export.lease.client() == client && export.owners.contains(&owner))
    })
}

/// Ends the locks of `owner` of `file`, unless another node answers for them, or the same one
/// by another name. May sleep.
pub(crate) fn end_locks(file: &HomeFile, owner: Owner) {
    let is_vouched = exports().is_ok_and(|exports| voucher(&exports.lock(), file, owner).is_some());
    if !is_vouched {
        file.unlock(owner.get());
    }
}

/// Who answers for locks of `owner` of what `file` is open of.
fn voucher(exports: &Exports, file: &HomeFile, owner: Owner) -> Option<Handle> {
    let mut all = exports.iter();
    all.find(|(_, export)| export.owners.contains(&owner) && export.file.shares_locks(file))
        .map(|(handle, _)| handle)
}

/// `process` of `client` closed a file, which ends all its locks of it. That of a copy which was
/// made there and does not run after all ends none. May sleep.
///
/// # Errors
///
/// `EIO` for a name that is none any more.
pub(crate) fn unlock(client: NodeId, handle: Handle, process: u32) -> Result {
    let owner = Owner::new(process, client);
    let file = of(client, handle).ok_or(EIO)?;
    if answers(&mut exports()?.lock(), client, handle, &file, owner) {
        file.unlock(owner.get());
    }
    Ok(())
}

/// Whether `client` answers for locks of `owner` of `file`; by the name `handle` it does not any
/// more.
fn answers(
    exports: &mut Exports,
    client: NodeId,
    handle: Handle,
    file: &HomeFile,
    owner: Owner,
) -> bool {
    let does = exports.iter().any(|(_, export)| {
        export.lease.client() == client
            && export.owners.contains(&owner)
            && export.file.shares_locks(file)
    });
    if let Some(export) = exports.get_mut(handle) {
        export.owners.retain(|other| *other != owner);
    }
    does
}

/// A process of `client` is on another node now, which answers for its locks from now on, if
/// it uses the file. May sleep.
///
/// # Errors
///
/// `EIO` for a name that is none any more, `ENOMEM`.
pub(crate) fn move_locks(client: NodeId, handle: Handle, change: Move) -> Result {
    let file = of(client, handle).ok_or(EIO)?;
    let owner = Owner::new(change.process, client);
    if change.to == members::me()? {
        disown(&file, owner, None)?;
        file.give_locks(owner.get(), change.process);
        return Ok(());
    }
    let is_it = |other: &HomeFile| other.is_same(&file);
    match vouch_at(change.to, is_it, owner, |_| true)? {
        Some(to) => disown(&file, owner, Some(to)),
        None => Ok(()),
    }
}

/// Nobody answers for locks of `owner` any more but who calls the file `to`.
fn disown(file: &HomeFile, owner: Owner, to: Option<Handle>) -> Result {
    let mut exports = exports()?.lock();
    loop {
        let mut all = exports.iter();
        let other = all.find(|(handle, export)| {
            Some(*handle) != to && export.owners.contains(&owner) && export.file.shares_locks(file)
        });
        let Some(other) = other.map(|(handle, _)| handle) else {
            return Ok(());
        };
        drop(all);
        if let Some(export) = exports.get_mut(other) {
            export.owners.retain(|known| *known != owner);
        }
    }
}

/// Has `client` answer for locks of `owner`, if it uses the file and `has_any`: then with the
/// name it has for it.
fn vouch_at(
    client: NodeId,
    is_it: impl Fn(&HomeFile) -> bool,
    owner: Owner,
    has_any: impl FnOnce(&HomeFile) -> bool,
) -> Result<Option<Handle>> {
    let mut exports = exports()?.lock();
    let is_known = |export: &Export| export.lease.client() == client && is_it(&export.file);
    let known = exports.iter().find(|(_, export)| is_known(export));
    let Some(handle) = known.map(|(handle, _)| handle) else {
        return Ok(None);
    };
    let Some(export) = exports.get_mut(handle) else {
        return Ok(None);
    };
    export.owners.reserve(1, GFP_KERNEL)?;
    if has_any(&export.file) && !export.owners.contains(&owner) {
        export.owners.push(owner, GFP_KERNEL)?;
    }
    Ok(Some(handle))
}

/// The running task, `process`, goes on on node `to`, and so do its locks of `file`. Without
/// memory they end when it is gone.
pub(crate) fn hand_over_locks(file: &LocalFile, process: u32, to: NodeId) {
    let owner = Owner::new(process, to);
    let is_it = |other: &HomeFile| other.is(file);
    let _ = vouch_at(to, is_it, owner, |file| file.take_locks(owner.get()));
}

/// `node` is gone. The view does not wait until its files are closed, which may take long.
pub(crate) fn lose(node: NodeId) {
    while let Some(handle) = concerned(node) {
        if let Some(gone) = taken(handle, |lease| lease.lost(node)) {
            // Without memory it is closed here.
            let _ = workers::run(move || drop(gone));
        }
    }
}

/// A file whose lease changes when `node` is gone.
fn concerned(node: NodeId) -> Option<Handle> {
    let exports = exports().ok()?.lock();
    let mut all = exports.iter();
    all.find(|(_, export)| export.lease.concerns(node))
        .map(|(handle, _)| handle)
}
