// SPDX-License-Identifier: GPL-2.0

//! Files of other nodes.
//!
//! There is one proxy for each file of another node, however many tickets for it came:
//! all of them are claims the node gives back together, when the last program closed it.

use kernel::{
    fs::File,
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        aref::ARef,
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    files::{
        handles::Handle,
        operation::{
            Operation,
            Ready, //
        },
        ticket, //
    },
    ids::{
        Instance,
        NodeId, //
    }, //
};
use ssi_kapi::{
    file_home::NAME_BYTES_MAX,
    file_proxy::Proxy, //
};

use crate::{
    ask::{
        self,
        Question, //
    },
    exports,
    members,
    remote_lock,
    ticket::{
        description,
        Ticket, //
    }, //
};

static PROXIES: SetOnce<Pin<KBox<SpinLock<Proxies>>>> = SetOnce::new();

/// A node, its life, and the name of a file there: in its next life the names come again.
type Key = (u8, u64, u64);

type Proxies = RBTree<Key, Known>;

/// A file of another node that is open here.
struct Known {
    proxy: ARef<Proxy>,
    /// Tickets that came for it.
    claims: u32,
    /// Files here that stand for it.
    files: u32,
}

/// Makes the table.
pub(crate) fn create() -> Result {
    PROXIES.populate(KBox::pin_init(
        new_spinlock!(RBTree::new(), "ssi_files_proxies"),
        GFP_KERNEL,
    )?);
    Ok(())
}

fn proxies() -> Result<&'static SpinLock<Proxies>> {
    PROXIES
        .as_ref()
        .map(|proxies| proxies.as_ref().get_ref())
        .ok_or(ENODEV)
}

fn key(proxy: &Proxy) -> Key {
    (proxy.node(), proxy.incarnation(), proxy.handle())
}

fn key_of(home: Instance, handle: Handle) -> Key {
    (home.node.get(), home.incarnation.0, handle.get())
}

/// The file a ticket is for: the one that is open here already, or a new one. May sleep.
///
/// # Errors
///
/// `EINVAL` for what is no ticket, `EIO` when the home of the file is gone, `ENOMEM`,
/// `ENFILE`. The ticket is [refused](refuse) then.
pub fn import(bytes: &[u8]) -> Result<ARef<File>> {
    let ticket = ticket::Ticket::decode(bytes).map_err(|_| EINVAL)?;
    if ticket.home.node == members::me()? {
        return exports::come_home(&ticket);
    }
    if !members::lives(ticket.home) {
        return Err(EIO);
    }
    if ticket.via.is_some() {
        ask::tell(ticket.home.node, Operation::Taken, ticket.handle, |_| ());
    }
    match claimed(&ticket) {
        Ok(Claimed::Open(file)) => Ok(file),
        Ok(Claimed::Closed(proxy)) => open(&proxy),
        Err(error) => {
            give_back(&ticket);
            Err(error)
        }
    }
}

/// The proxy a ticket is for that came for it alone; [`closed`] is called when it is not
/// used any more.
///
/// # Errors
///
/// As [`import`].
pub(crate) fn take_in(bytes: &[u8]) -> Result<ARef<Proxy>> {
    let ticket = ticket::Ticket::decode(bytes).map_err(|_| EIO)?;
    if !members::lives(ticket.home) {
        return Err(EIO);
    }
    match claimed(&ticket) {
        Ok(Claimed::Closed(proxy)) => Ok(proxy),
        // It is open already, and its file has the claim.
        Ok(Claimed::Open(_)) => Err(EIO),
        Err(error) => {
            give_back(&ticket);
            Err(error)
        }
    }
}

fn open(proxy: &Proxy) -> Result<ARef<File>> {
    let opened = proxy.open();
    if opened.is_err() {
        closed(proxy);
    }
    opened
}

/// Gives a ticket that came back.
pub(crate) fn refuse(bytes: &[u8]) {
    let Ok(ticket) = ticket::Ticket::decode(bytes) else {
        return;
    };
    if members::me() == Ok(ticket.home.node) {
        // Whoever comes home does not stay.
        drop(exports::come_home(&ticket));
        return;
    }
    if !members::lives(ticket.home) {
        return;
    }
    if ticket.via.is_some() {
        ask::tell(ticket.home.node, Operation::Taken, ticket.handle, |_| ());
    }
    give_back(&ticket);
}

fn give_back(ticket: &ticket::Ticket<'_>) {
    close(ticket.home.node, ticket.handle, 1);
}

fn close(node: NodeId, handle: Handle, claims: u32) {
    ask::tell(node, Operation::Close, handle, |out| {
        out.u32(claims);
    });
}

/// A claim that was taken in.
enum Claimed {
    /// There is a file.
    Open(ARef<File>),
    /// One is to be opened, for which there is a place already.
    Closed(ARef<Proxy>),
}

fn claimed(ticket: &ticket::Ticket<'_>) -> Result<Claimed> {
    let key = key_of(ticket.home, ticket.handle);
    if let Some(claimed) = claim_known(key)? {
        return Ok(claimed);
    }
    let mut name = [0; NAME_BYTES_MAX + 1];
    let (about, name) = description(ticket, &mut name);
    let home = (ticket.home.node.get(), ticket.home.incarnation.0);
    let proxy = Proxy::new(home, ticket.handle.get(), about, name)?;
    let known = Known {
        proxy: proxy.clone(),
        claims: 1,
        files: 1,
    };
    let node = RBTreeNode::new(key, known, GFP_KERNEL)?;
    let claimed = claim(key, node)?.unwrap_or(Claimed::Closed(proxy));
    // It may have gone meanwhile, and what was lost with it did not include this one.
    if !members::lives(ticket.home) {
        lose(ticket.home.node);
    }
    Ok(claimed)
}

/// Adds a claim to what is known.
fn claim_known(key: Key) -> Result<Option<Claimed>> {
    let mut proxies = proxies()?.lock();
    Ok(proxies.get_mut(&key).map(Known::claim))
}

/// As [`claim_known`], or makes `node` known.
fn claim(key: Key, node: RBTreeNode<Key, Known>) -> Result<Option<Claimed>> {
    let mut proxies = proxies()?.lock();
    if let Some(known) = proxies.get_mut(&key) {
        let claimed = known.claim();
        drop(proxies);
        drop(node);
        return Ok(Some(claimed));
    }
    proxies.insert(node);
    Ok(None)
}

impl Known {
    fn claim(&mut self) -> Claimed {
        self.claims = self.claims.saturating_add(1);
        match self.proxy.file() {
            Some(file) => Claimed::Open(file),
            None => {
                self.files = self.files.saturating_add(1);
                Claimed::Closed(self.proxy.clone())
            }
        }
    }
}

/// One more file stands for `proxy`.
pub(crate) fn opened(proxy: &Proxy) -> Result {
    let mut proxies = proxies()?.lock();
    let known = proxies.get_mut(&key(proxy)).ok_or(ENXIO)?;
    known.files = known.files.saturating_add(1);
    Ok(())
}

/// One fewer does.
pub(crate) fn closed(proxy: &Proxy) {
    let Ok(proxies) = proxies() else {
        return;
    };
    let mut proxies = proxies.lock();
    let is_last = proxies.get_mut(&key(proxy)).is_some_and(|known| {
        known.files = known.files.saturating_sub(1);
        known.files == 0
    });
    let last = match is_last {
        true => proxies.remove_node(&key(proxy)),
        false => None,
    };
    drop(proxies);
    if let Some(last) = last {
        remote_lock::closed(proxy);
        let ((node, _, handle), known) = last.to_key_value();
        let there = NodeId::new(node).zip(Handle::from_wire(handle));
        if let Some((node, handle)) = there.filter(|_| !proxy.is_lost()) {
            close(node, handle, known.claims);
        }
    }
}

/// A file of another node as it was at one moment.
pub(crate) struct Proxied {
    pub(crate) proxy: ARef<Proxy>,
    /// Tickets that came for it.
    pub(crate) claims: u32,
    /// Files here that stand for it.
    pub(crate) files: u32,
}

/// Tells `tell` each file that is used here. No lock is held meanwhile, so some may come and
/// go.
pub(crate) fn each(mut tell: impl FnMut(&Proxied)) {
    let mut from = Some((0, 0, 0));
    while let Some(proxied) = from.and_then(first_from) {
        tell(&proxied);
        let (node, life, handle) = key(&proxied.proxy);
        from = handle.checked_add(1).map(|next| (node, life, next));
    }
}

fn first_from(key: Key) -> Option<Proxied> {
    let proxies = proxies().ok()?.lock();
    let cursor = proxies.cursor_lower_bound(&key)?;
    let (_, known) = cursor.current();
    Some(Proxied {
        proxy: known.proxy.clone(),
        claims: known.claims,
        files: known.files,
    })
}

/// Something happened at `home`.
pub(crate) fn wake(home: Instance, ready: Ready) {
    let found = proxies().ok().and_then(|proxies| {
        let proxies = proxies.lock();
        let known = proxies.get(&key_of(home, ready.handle))?;
        Some(known.proxy.clone())
    });
    if let Some(proxy) = found {
        proxy.wake(ready.events);
    }
}

/// `node` is gone.
pub(crate) fn lose(node: NodeId) {
    let mut from = Some((node.get(), 0, 0));
    while let Some(next) = from {
        let proxy = proxies().ok().and_then(|proxies| {
            let proxies = proxies.lock();
            let cursor = proxies.cursor_lower_bound(&next)?;
            let (key, known) = cursor.current();
            (key.0 == node.get()).then(|| known.proxy.clone())
        });
        from = proxy.and_then(|proxy| {
            proxy.lose();
            let (node, life, handle) = key(&proxy);
            Some((node, life, handle.checked_add(1)?))
        });
    }
}

/// A ticket for node `to`, from the home of `proxy`.
pub(crate) fn grant(proxy: &Proxy, to: NodeId) -> Result<Ticket> {
    let question = Question::new(Operation::Grant, proxy.handle(), |out| {
        out.u16(to.get().into());
    })?;
    // A ticket nobody has is never given back.
    Ticket::handed_on(question.to_the_end().put_to(proxy)?.body())
}

/// A ticket this node was to hand on does not go.
pub(crate) fn withdraw(home: NodeId, handle: Handle) {
    ask::tell(home, Operation::Withdraw, handle, |_| ());
}
