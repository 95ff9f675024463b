// SPDX-License-Identifier: GPL-2.0

//! Nodes a process may be on.
//!
//! Follows the views. Reading it takes no lock, for every call that names a pid does.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        SetOnce, //
    }, //
};
use ssi_core::{
    ids::{
        Instance,
        NodeId,
        NodeNumber, //
    },
    node_set::NodeSet,
    view::View,
    vproc::{
        pid,
        route::{
            Known,
            Map,
            Route, //
        }, //
    }, //
};
use ssi_kapi::{
    lent_number,
    proc_remote,
    proc_served,
    whereabouts, //
};

use crate::{
    boots,
    init,
    orphans,
    pid_watches,
    pidfds,
    span,
    totals, //
};

static ME: SetOnce<NodeId> = SetOnce::new();
static MEMBERS: Atomic<u64> = Atomic::new(0);

/// This node is `me`, and knows nobody yet.
pub(crate) fn begin(me: NodeId) {
    ME.populate(me);
}

/// This node, `None` before it is one. Any context.
pub(crate) fn me() -> Option<NodeId> {
    ME.copy()
}

/// The nodes there are, as far as `pid` needs them. May sleep.
pub(crate) fn of(pid: u32) -> Option<Map> {
    let me = ME.copy()?;
    let init = (pid == pid::INIT).then(init::node).flatten();
    Some(Map {
        me,
        members: NodeSet::from_words([MEMBERS.load(Acquire)]),
        init,
    })
}

/// Where `pid` leads. May sleep.
pub(crate) fn route(pid: u32) -> Route {
    // Most numbers are of processes that never left: those are not looked for one by one.
    if is_of(pid, me()) && whereabouts::all_home() && !orphans::are_there() {
        return Route::Here;
    }
    of(pid).map_or(Route::Here, |map| map.route(pid, known(pid)))
}

/// A thread is where its process is.
fn known(tid: u32) -> Known {
    let pid = lent_number::process_of(tid);
    let away = whereabouts::away(pid).map(NodeNumber::from);
    if let Some(node) = away.and_then(NodeId::new) {
        return Known::Away(node);
    }
    if whereabouts::guest(pid).is_some() {
        return Known::Guest;
    }
    if is_thread_here(tid, pid) {
        return Known::Guest;
    }
    if orphans::are_there() && proc_served::identity(tid).is_none() {
        return Known::Lost;
    }
    Known::Nothing
}

/// Whether thread `tid` of process `pid` is here: one that was born on another node may be, when
/// its process has come home.
fn is_thread_here(tid: u32, pid: u32) -> bool {
    tid != pid && !lent_number::is_lent(tid)
}

/// What a call gets for a `pid` that is nowhere: the kernel here, which has nobody of that
/// number either, says it in its own way. It has a process 1, though, which is not meant.
pub(crate) fn nobody(pid: u32) -> Option<Result<isize>> {
    (pid == pid::INIT && route(pid) != Route::Here).then_some(Err(ESRCH))
}

/// Whether the kernel here has all that is to be known of process group `pgid`. May sleep.
pub(crate) fn has_group_alone(pgid: u32) -> bool {
    of(pgid).is_none_or(|map| {
        let left = is_of(pgid, Some(map.me)) && span::may_be();
        map.has_group_alone(pgid, left)
    })
}

/// All other nodes.
pub(crate) fn others() -> NodeSet {
    of(0).map_or(NodeSet::EMPTY, |map| map.others())
}

/// What there is of a process here, for another node that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is here.
    Here,
    /// It went from here to that node.
    Moved(NodeId),
    /// Nothing in this life of the node; it may have gone from here in an earlier one.
    Lost,
    /// Nothing: it never was here, or is gone.
    Nothing,
}

/// What there is of process or thread `pid`. May sleep.
pub(crate) fn presence(pid: u32) -> Presence {
    match route(pid) {
        _ if !pid::is_shared(pid) => Presence::Nothing,
        Route::Here if proc_served::identity(pid).is_some() => Presence::Here,
        Route::Node(node) if whereabouts::away(lent_number::process_of(pid)).is_some() => {
            Presence::Moved(node)
        }
        Route::Anywhere if is_of(pid, ME.copy()) => Presence::Lost,
        _ => Presence::Nothing,
    }
}

/// Whether the number of `pid` names `node`.
fn is_of(pid: u32, node: Option<NodeId>) -> bool {
    node.is_some_and(|node| pid::origin(pid) == Some(pid::Origin::Node(node)))
}

/// Follows the membership.
pub(crate) struct Follower;

impl Follower {
    fn follow(&self, view: &View) {
        let [members] = *view.members().words();
        MEMBERS.store(members, Release);
        proc_remote::set_init_here(route(pid::INIT) == Route::Here);
    }
}

impl ssi_clms::Subsystem for Follower {
    fn name(&self) -> &'static str {
        "vproc"
    }

    fn node_up(&self, view: &View, instance: Instance) {
        boots::forget(instance.node);
        self.follow(view);
        totals::show(instance.node);
        orphans::tell(instance.node);
    }

    fn node_down(&self, view: &View, instance: Instance) {
        boots::forget(instance.node);
        self.follow(view);
        pid_watches::lose(instance.node);
        pidfds::lose(instance.node);
    }
}
