// SPDX-License-Identifier: GPL-2.0

//! Processes other nodes wait for.
//!
//! Each holder of a pidfd has the process watched by the node that tells of its end, and is
//! told. The other way round this is the service of the holders. What a node asks for is
//! done on the reactor, where nothing overtakes: who no longer wants to know says so behind
//! what it asked.

use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    ids::{
        NodeId,
        NODES_LEN, //
    },
    vproc::pidfd::{
        self,
        Held,
        Notice,
        Watch,
        Watched,
        MESSAGE_BYTES_MAX,
        WATCHES_MAX, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Ask,
    Handler,
    Place,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::{
    pid_watch::{
        self,
        Client,
        Life,
        PidWatch, //
    },
    pidfd::{
        identity,
        Kind, //
    }, //
};

use crate::{
    ask,
    map::{
        self,
        Presence, //
    },
    pidfds, //
};

const NAME: &str = "ssi.vproc.pidfd";
const VERSION: u16 = 1;

/// Operations.
const WATCH: u16 = 1;
const UNWATCH: u16 = 2;
const NOTICE: u16 = 3;
const CHECK: u16 = 4;

/// Requests of one node that are on their way at once.
const WINDOW: u16 = 256;

/// Bytes of the longest question.
const QUESTION_BYTES_MAX: usize = 14;

/// The service, of those who hold pidfds and those who have the processes.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Inline,
    window: WINDOW,
    handler: &Server,
};

static WATCHES: SetOnce<Pin<KBox<SpinLock<Watches>>>> = SetOnce::new();

struct Watches {
    table: RBTree<Client, PidWatch>,
    /// How many a node has, by its number.
    count: [u16; NODES_LEN],
}

impl Watches {
    fn count(&mut self, node: u8) -> &mut u16 {
        let [first, rest @ ..] = &mut self.count;
        match usize::from(node) {
            0 => first,
            place => rest.get_mut(place - 1).unwrap_or(first),
        }
    }

    fn remove(&mut self, client: &Client) -> Option<RBTreeNode<Client, PidWatch>> {
        let removed = self.table.remove_node(client)?;
        let count = self.count(client.0);
        *count = count.saturating_sub(1);
        Some(removed)
    }
}

/// Makes the table.
pub(crate) fn create() -> Result {
    let watches = Watches {
        table: RBTree::new(),
        count: [0; NODES_LEN],
    };
    WATCHES.populate(KBox::pin_init(
        new_spinlock!(watches, "ssi_pid_watches"),
        GFP_KERNEL,
    )?);
    pid_watch::on_change(changed);
    Ok(())
}

fn watches() -> Result<&'static SpinLock<Watches>> {
    WATCHES
        .as_ref()
        .map(|watches| watches.as_ref().get_ref())
        .ok_or(ENODEV)
}

struct Server;

impl Handler for Server {
    fn serve(&self, request: Request) {
        match answer(&request) {
            Ok(Ok(Some(watched))) => {
                let mut room = [0; MESSAGE_BYTES_MAX];
                request.reply(0, written(&mut room, |out| watched.encode(out)));
            }
            Ok(Ok(None)) => request.reply(0, &[]),
            Ok(Err(error)) => request.reply(error.to_errno(), &[]),
            Err(Fault::Malformed) => request.bad_arguments(),
            Err(Fault::NoOperation) => request.no_operation(),
        }
    }
}

/// Why there is no answer.
enum Fault {
    Malformed,
    NoOperation,
}

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

fn answer(request: &Request) -> Result<Result<Option<Watched>>, Fault> {
    let from = request.from().node;
    let mut message = Reader::new(request.args());
    Ok(match request.operation() {
        WATCH => watch(from, Watch::decode(message)?).map(Some),
        UNWATCH => {
            let token = message.u64()?;
            message.end()?;
            unwatch(from, token);
            Ok(None)
        }
        NOTICE => {
            pidfds::tell(from, Notice::decode(message)?);
            Ok(None)
        }
        CHECK => {
            let (held, pid) = (Held::decode(&mut message)?, message.u32()?);
            message.end()?;
            check(held, pid).map(|()| None)
        }
        _ => return Err(Fault::NoOperation),
    })
}

/// Watches a process of this node for `client`.
fn watch(client: NodeId, asked: Watch) -> Result<Watched> {
    match map::presence(asked.pid) {
        Presence::Here | Presence::Moved(_) => (),
        Presence::Lost => return Err(EREMOTE),
        Presence::Nothing => return Err(ESRCH),
    }
    let key = (client.get(), asked.token);
    let kind = match asked.kind {
        pidfd::Kind::Process => Kind::Process,
        pidfd::Kind::Thread => Kind::Thread,
    };
    let new = PidWatch::new(asked.pid, kind, key)?;
    let identity = new.identity();
    let node = RBTreeNode::new(key, new, GFP_KERNEL)?;
    let mut watches = watches()?.lock();
    if *watches.count(key.0) >= WATCHES_MAX {
        drop(watches);
        drop(node);
        return Err(ENFILE);
    }
    let replaced = watches.table.insert(node);
    if replaced.is_none() {
        *watches.count(key.0) += 1;
    }
    // Only now: what is told of one that is not in the table is lost.
    let life = watches.table.get(&key).map_or(Life::Gone, PidWatch::life);
    drop(watches);
    drop(replaced);
    Ok(Watched {
        identity,
        life: from_kernel(life),
    })
}

fn unwatch(client: NodeId, token: u64) {
    if let Ok(watches) = watches() {
        let removed = watches.lock().remove(&(client.get(), token));
        drop(removed);
    }
}

/// Whether there is the process, thread or group that is held.
fn check(held: Held, pid: u32) -> Result {
    let is_it = map::me() == Some(held.node) && identity(pid) == Some(held.identity);
    is_it.then_some(()).ok_or(ESRCH)
}

/// Something became of a process. A thread of the kernel; may sleep.
fn changed(client: Client, life: Life) {
    let Ok(watches) = watches() else {
        return;
    };
    let mut watches = watches.lock();
    let is_wanted = watches.table.get(&client).is_some();
    let over = match life {
        Life::Gone => watches.remove(&client),
        Life::Runs | Life::Ended => None,
    };
    drop(watches);
    drop(over);
    let (node, token) = client;
    if let Some(node) = NodeId::new(node).filter(|_| is_wanted) {
        let life = from_kernel(life);
        tell(node, Notice { token, life });
    }
}

fn tell(client: NodeId, notice: Notice) {
    if map::me() == Some(client) {
        return pidfds::tell(client, notice);
    }
    let mut room = [0; QUESTION_BYTES_MAX];
    send(client, NOTICE, written(&mut room, |out| notice.encode(out)));
}

/// `client` is gone.
pub(crate) fn lose(client: NodeId) {
    while let Some(removed) = remove_one_of(client.get()) {
        drop(removed);
    }
}

fn remove_one_of(client: u8) -> Option<RBTreeNode<Client, PidWatch>> {
    let mut watches = watches().ok()?.lock();
    let cursor = watches.table.cursor_lower_bound(&(client, 0))?;
    let (&key, _) = cursor.current();
    (key.0 == client).then(|| watches.remove(&key))?
}

/// Asks `node`, which may be this one, to watch a process. Waits for the answer.
///
/// # Errors
///
/// `ESRCH` when there is no such process, or no such node any more; `EREMOTE` when it may
/// be one of an earlier life of the node, on any other one; `ENOENT` for a thread
/// where a process is meant; `ENFILE` when that node watches enough for this one; `ENOMEM`;
/// `EINTR` for a task that is killed.
pub(crate) fn ask(node: NodeId, asked: Watch) -> Result<Watched> {
    if map::me() == Some(node) {
        return watch(node, asked);
    }
    let mut room = [0; QUESTION_BYTES_MAX];
    let args = written(&mut room, |out| asked.encode(out));
    let reply = ask::told(ssi_ics::call(node, &Ask::new(service(), WATCH, args)))?;
    Watched::decode(Reader::new(reply.body())).map_err(|_| EIO)
}

/// `node`, which may be this one, need not tell any more. May sleep, does not wait.
pub(crate) fn forget(node: NodeId, token: u64) {
    if map::me() == Some(node) {
        return unwatch(node, token);
    }
    send(node, UNWATCH, &token.to_le_bytes());
}

/// Whether there still is the process, thread or group `pid` that is held. Waits for the
/// answer.
///
/// # Errors
///
/// `ESRCH` when there is not; `ENOMEM`; `EINTR` for a task that is killed.
pub(crate) fn still(held: Held, pid: u32) -> Result {
    if map::me() == Some(held.node) {
        return check(held, pid);
    }
    let mut room = [0; QUESTION_BYTES_MAX];
    let args = written(&mut room, |out| {
        held.encode(out);
        out.u32(pid);
    });
    ask::told(ssi_ics::call(held.node, &Ask::new(service(), CHECK, args))).map(|_| ())
}

const fn service() -> ServiceRef {
    ServiceRef::new(NAME, VERSION)
}

fn send(node: NodeId, operation: u16, args: &[u8]) {
    ssi_ics::tell(node, &Ask::new(service(), operation, args));
}

/// What `put` writes to `room`.
fn written(room: &mut [u8], put: impl FnOnce(&mut Writer<'_>)) -> &[u8] {
    let mut out = Writer::new(room);
    put(&mut out);
    let length = out.finish().unwrap_or(0);
    room.get(..length).unwrap_or_default()
}

fn from_kernel(life: Life) -> pidfd::Life {
    match life {
        Life::Runs => pidfd::Life::Runs,
        Life::Ended => pidfd::Life::Ended,
        Life::Gone => pidfd::Life::Gone,
    }
}
