// SPDX-License-Identifier: GPL-2.0

//! Children left at home.
//!
//! What a process of this node left there is their parent. Here is known which those are, so that
//! home is not asked for nothing: they can become fewer only, as the process waits for them, or
//! home says that there are none. When home dies they have died with it, and are waited for here.

use kernel::{
    new_mutex,
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        MutexGuard,
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    migrate::children::{
        Child,
        Waited,
        Wanted,
        CHILDREN_MAX,
        CHILD_BYTES, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    CallError,
    Reply, //
};
use ssi_kapi::{
    children::{
        self,
        Handling, //
    },
    guest,
    syscall::{
        self,
        number,
        SystemCall, //
    },
    task_state,
    whereabouts, //
};

use crate::at_home::{
    self,
    Operation,
    Told, //
};

/// Most of them in a message.
const TOLD_MAX: usize = 256;

/// Number of `SIGCHLD`.
const SIGCHLD: i32 = 17;

type Table = SpinLock<RBTree<u32, Arc<Family>>>;

static TABLE: SetOnce<Pin<KBox<Table>>> = SetOnce::new();
static IS_HOOKED: SetOnce<()> = SetOnce::new();

/// How many processes have any: most kernels, most of the time, none.
static FAMILIES: Atomic<usize> = Atomic::new(0);

/// The children of a process that are not here.
#[pin_data]
pub(crate) struct Family {
    pid: u32,
    /// Held by who asks home, until that is answered: one question comes after the other.
    #[pin]
    turn: Mutex<()>,
    #[pin]
    members: Mutex<Members>,
    /// What home was told last.
    #[pin]
    handling: SpinLock<Option<Handling>>,
}

struct Members {
    at_home: KVVec<Child>,
    /// They died with their node, and were not waited for.
    lost: KVVec<Child>,
}

/// Makes the table. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let table = new_spinlock!(RBTree::new(), "ssi_migrate_families");
    TABLE.populate(KBox::pin_init(table, GFP_KERNEL)?);
    Ok(())
}

/// That of process `pid`; `None` if all its children are here.
pub(crate) fn of(pid: u32) -> Option<Arc<Family>> {
    if FAMILIES.load(Relaxed) == 0 {
        return None;
    }
    TABLE.as_ref()?.lock().get(&pid).cloned()
}

/// Process `pid` is gone, or elsewhere. May sleep.
pub(crate) fn forget(pid: u32) {
    if FAMILIES.load(Relaxed) == 0 {
        return;
    }
    let gone = TABLE
        .as_ref()
        .and_then(|table| table.lock().remove_node(&pid));
    if gone.is_some() {
        FAMILIES.fetch_sub(1, Relaxed);
    }
}

fn found_or_made(pid: u32) -> Result<Arc<Family>> {
    let table = TABLE.as_ref().ok_or(ENODEV)?;
    let new = Family::new(pid)?;
    let place = RBTreeNode::new(pid, new.clone(), GFP_KERNEL)?;
    let mut table = table.lock();
    if let Some(known) = table.get(&pid) {
        let known = known.clone();
        drop(table);
        return Ok(known);
    }
    table.insert(place);
    drop(table);
    FAMILIES.fetch_add(1, Relaxed);
    Ok(new)
}

/// Has the kernel ask before the calls that are about children.
fn watch() -> Result {
    if IS_HOOKED.populate(()) {
        syscall::hook(number::WAIT4)?;
        syscall::hook(number::RT_SIGACTION)?;
    }
    Ok(())
}

/// Tells `node`, where the running process is held as `pid`, of all its children that will
/// not be there. May sleep.
///
/// # Errors
///
/// `E2BIG` for too many, `EHOSTDOWN`, `ENOMEM` of either node.
pub(crate) fn hand_over(pid: u32, node: NodeId) -> Result {
    let mut here = KVVec::new();
    for child in &children::all(CHILDREN_MAX)? {
        let (pid, group) = (child.pid, child.group);
        here.push(Child { pid, group }, GFP_KERNEL)?;
    }
    tell(pid, node, Told::AtHome, &here)?;
    hand_on(pid, node)
}

/// The same of those that are not here, which is all for a process that has none here.
///
/// # Errors
///
/// As for [`hand_over`].
pub(crate) fn hand_on(pid: u32, node: NodeId) -> Result {
    let Some(family) = of(pid) else {
        return Ok(());
    };
    let members = family.members.lock();
    tell(pid, node, Told::AtHome, &members.at_home)?;
    tell(pid, node, Told::Lost, &members.lost)
}

fn tell(pid: u32, node: NodeId, told: Told, children: &[Child]) -> Result {
    let mut room = [0; 5 + TOLD_MAX * CHILD_BYTES];
    for part in children.chunks(TOLD_MAX) {
        let mut out = Writer::new(&mut room);
        out.u32(pid).u8(told.code());
        for child in part {
            child.encode(&mut out);
        }
        let length = out.finish().map_err(|_| E2BIG)?;
        let args = room.get(..length).unwrap_or_default();
        match at_home::put(node, Operation::Have, args) {
            Ok(Reply { result: 0, .. }) => (),
            Ok(reply) => return Err(ssi_ics::error_of_peer(reply.result)),
            Err(CallError::NotMember | CallError::NodeDown) => return Err(EHOSTDOWN),
            Err(why) => return Err(why.into()),
        }
    }
    Ok(())
}

/// Process `pid`, which comes from `from`, has children that are not here: those in `message`.
/// May sleep.
///
/// # Errors
///
/// `ESRCH` if there is no such process, or it runs; `EINVAL` for what is no child, `E2BIG` for
/// too many, `ENOMEM`.
pub(crate) fn hear(pid: u32, from: NodeId, told: Told, mut message: Reader<'_>) -> Result {
    if !guest::comes_from(pid, from.get()) {
        return Err(ESRCH);
    }
    watch()?;
    let family = found_or_made(pid)?;
    let mut members = family.members.lock();
    while !message.rest().is_empty() {
        let child = Child::decode(&mut message).map_err(|_| EINVAL)?;
        if members.at_home.len() + members.lost.len() >= CHILDREN_MAX {
            return Err(E2BIG);
        }
        match told {
            Told::AtHome => members.at_home.push(child, GFP_KERNEL)?,
            Told::Lost => members.lost.push(child, GFP_KERNEL)?,
        }
    }
    drop(members);
    if !guest::comes_from(pid, from.get()) {
        // It went meanwhile, and nobody forgets what came behind that.
        forget(pid);
        return Err(ESRCH);
    }
    Ok(())
}

/// The running process is one that begins to run here.
pub(crate) fn began() {
    let pid = task_state::pid();
    if let Some(family) = of(pid) {
        *family.handling.lock() = Some(Handling::of_current());
        if home_of(pid).is_none() {
            family.lose();
        }
    }
}

/// A node died: those whose home it was have lost their children there. May sleep.
pub(crate) fn home_lost() {
    let mut next = 0;
    while let Some(family) = first_from(next) {
        next = family.pid.saturating_add(1);
        let is_homeless = |guest: whereabouts::Guest| guest.home.is_none();
        if whereabouts::guest(family.pid).is_some_and(is_homeless) {
            family.lose();
            children::call(family.pid);
        }
    }
}

fn first_from(pid: u32) -> Option<Arc<Family>> {
    let table = TABLE.as_ref()?.lock();
    let cursor = table.cursor_lower_bound(&pid)?;
    Some(cursor.current().1.clone())
}

/// The home of process `pid`, where its children are. `None` when it died.
pub(crate) fn home_of(pid: u32) -> Option<NodeId> {
    NodeId::new(whereabouts::guest(pid)?.home?)
}

/// Makes sigaction(2) of the running process, and tells home if that changes what becomes of
/// its children there.
pub(crate) fn handle(call: &SystemCall) -> Option<isize> {
    let [_, action, ..] = call.arguments;
    if call.int(0) != SIGCHLD || action == 0 {
        return None;
    }
    of(syscall::own_process())?;
    let result = call.native();
    tell_handling();
    Some(result)
}

/// The running process may handle what becomes of its children in another way than it did: if
/// so, home is told. May sleep.
pub(crate) fn tell_handling() {
    let pid = syscall::own_process();
    let Some(family) = of(pid) else {
        return;
    };
    let now = Handling::of_current();
    let before = family.handling.lock().replace(now);
    if before == Some(now) || family.members.lock().at_home.is_empty() {
        return;
    }
    let mut args = [0; 8];
    Writer::new(&mut args).u32(pid).u32(now.as_u32());
    if let Some(home) = home_of(pid) {
        // A home that is gone has no children.
        let _ = at_home::put(home, Operation::Handle, &args);
    }
}

impl Family {
    fn new(pid: u32) -> Result<Arc<Self>> {
        let (at_home, lost) = (KVVec::new(), KVVec::new());
        Arc::pin_init(
            pin_init!(Self {
                pid,
                turn <- new_mutex!((), "ssi_family_turn"),
                members <- new_mutex!(Members { at_home, lost }, "ssi_family"),
                handling <- new_spinlock!(None, "ssi_family_handling"),
            }),
            GFP_KERNEL,
        )
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The right to ask home.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock()
    }

    /// Whether there is one, at home or lost, that is `wanted`. In a group any may be by now.
    pub(crate) fn may_have(&self, wanted: &Wanted) -> bool {
        let members = self.members.lock();
        let is_meant = |child: &Child| wanted.is_in_a_group() || wanted.concerns(child, 0);
        members.at_home.iter().any(is_meant) || members.lost.iter().any(is_meant)
    }

    /// Whether child `pid` is at home.
    pub(crate) fn has(&self, pid: u32) -> bool {
        let members = self.members.lock();
        members.at_home.iter().any(|child| child.pid == pid)
    }

    /// Whether any is at home.
    pub(crate) fn is_at_home(&self) -> bool {
        !self.members.lock().at_home.is_empty()
    }

    /// Child `pid` is not at home any more.
    pub(crate) fn remove(&self, pid: u32) {
        let mut members = self.members.lock();
        members.at_home.retain(|child| child.pid != pid);
    }

    /// None is at home any more.
    pub(crate) fn clear(&self) {
        self.members.lock().at_home.clear();
    }

    /// Home died, and all that were there: each is to be waited for, unless the process has
    /// them ended without that.
    pub(crate) fn lose(&self) {
        let mut members = self.members.lock();
        for child in core::mem::replace(&mut members.at_home, KVVec::new()) {
            if children::killed(self.pid, child.pid) {
                // Without memory for it nothing is known of it.
                let _ = members.lost.push(child, GFP_KERNEL);
            }
        }
    }

    /// One that was lost and is `wanted`, for a process of group `own`; it is the last time it
    /// is found if it `takes` it.
    pub(crate) fn lost(&self, wanted: &Wanted, own: u32, takes: bool) -> Option<Waited> {
        let mut members = self.members.lock();
        let is_wanted = |child: &Child| wanted.concerns(child, own);
        let place = members.lost.iter().position(is_wanted)?;
        let pid = members.lost.get(place)?.pid;
        if takes {
            let _ = members.lost.remove(place);
        }
        Some(Waited::killed(pid, 0))
    }
}
