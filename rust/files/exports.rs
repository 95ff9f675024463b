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
        ticket, //
    },
    ids::NodeId, //
};
use ssi_kapi::file_home::HomeFile;

use crate::{
    members,
    ticket::Ticket, //
};

/// Places the table grows by.
const SLOTS_STEP: usize = 16;

static EXPORTS: SetOnce<Pin<KBox<Mutex<Exports>>>> = SetOnce::new();

/// A file one other node uses.
struct Export {
    file: Arc<HomeFile>,
    lease: Lease,
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
    let make = |name| HomeFile::new(file, name);
    give(client, None, is_it, make)
}

/// A ticket for `client` to a file that `by` uses, who hands it on.
pub(crate) fn grant(file: &HomeFile, client: NodeId, by: NodeId) -> Result<Ticket> {
    let is_it = |other: &HomeFile| other.is_same(file);
    let make = |name| file.again(name);
    give(client, Some(by), is_it, make)
}

fn give(
    client: NodeId,
    by: Option<NodeId>,
    is_it: impl Fn(&HomeFile) -> bool,
    make: impl Fn(u64) -> Result<HomeFile>,
) -> Result<Ticket> {
    let (handle, file) = add(client, by, is_it, make)?;
    let ticket = Ticket::new(&file, handle, by);
    let ticket = match members::is_there(client) {
        true => ticket,
        false => Err(EHOSTDOWN),
    };
    if ticket.is_err() {
        withdraw(handle, by);
    }
    ticket
}

fn add(
    client: NodeId,
    by: Option<NodeId>,
    is_it: impl Fn(&HomeFile) -> bool,
    make: impl Fn(u64) -> Result<HomeFile>,
) -> Result<(Handle, Arc<HomeFile>)> {
    let mut exports = exports()?.lock();
    let known = exports
        .iter()
        .find(|(_, export)| export.lease.client() == client && is_it(&export.file))
        .map(|(handle, _)| handle);
    if let Some(handle) = known {
        if let Some(export) = exports.get_mut(handle) {
            if export.lease.add(by) {
                return Ok((handle, export.file.clone()));
            }
        }
    }
    let make = |handle: Handle| {
        Ok(Export {
            file: Arc::new(make(handle.get())?, GFP_KERNEL)?,
            lease: Lease::new(client, by),
        })
    };
    let handle = insert(&mut exports, make)?;
    let export = exports.get(handle).ok_or(ENFILE)?;
    Ok((handle, export.file.clone()))
}

fn insert(exports: &mut Exports, make: impl FnOnce(Handle) -> Result<Export>) -> Result<Handle> {
    let make = match exports.insert(make) {
        Ok(made) => return made,
        Err(NoPlace(make)) => make,
    };
    let slots = exports.slots_mut();
    if slots.len() >= FILES_MAX {
        return Err(ENFILE);
    }
    for _ in 0..SLOTS_STEP {
        slots.push(Slot::new(), GFP_KERNEL)?;
    }
    exports.insert(make).map_err(|_| ENFILE)?
}

/// The file `client` calls `handle`.
pub(crate) fn of(client: NodeId, handle: Handle) -> Option<Arc<HomeFile>> {
    let exports = exports().ok()?.lock();
    let export = exports.get(handle)?;
    (export.lease.client() == client).then(|| export.file.clone())
}

/// The node that uses `handle`.
pub(crate) fn client(handle: Handle) -> Option<NodeId> {
    let exports = exports().ok()?.lock();
    exports.get(handle).map(|export| export.lease.client())
}

/// Changes a lease; the file goes if that ends it.
fn change(handle: Handle, act: impl FnOnce(&mut Lease) -> Fate) {
    let Ok(exports) = exports() else {
        return;
    };
    let mut exports = exports.lock();
    let fate = exports.get_mut(handle).map(|export| act(&mut export.lease));
    let gone = match fate {
        Some(Fate::Ends) => exports.remove(handle),
        Some(Fate::Lasts) | None => None,
    };
    drop(exports);
    drop(gone);
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

/// `node` is gone.
pub(crate) fn lose(node: NodeId) {
    while let Some(handle) = concerned(node) {
        change(handle, |lease| lease.lost(node));
    }
}

/// A file whose lease changes when `node` is gone.
fn concerned(node: NodeId) -> Option<Handle> {
    let exports = exports().ok()?.lock();
    let mut all = exports.iter();
    all.find(|(_, export)| export.lease.concerns(node))
        .map(|(handle, _)| handle)
}
