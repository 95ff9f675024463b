// SPDX-License-Identifier: GPL-2.0

//! Nodes there are.
//!
//! Follows the views: with a node go its right to files here and the files here whose home
//! it is.

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
        Incarnation,
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    view::View, //
};

use crate::{
    exports,
    proxies,
    terminals, //
};

static ME: SetOnce<NodeId> = SetOnce::new();
static MEMBERS: Atomic<u64> = Atomic::new(0);
/// In which of its lives a node is, by its number.
static LIVES: [Atomic<u64>; NODES_LEN] = [const { Atomic::new(0) }; NODES_LEN];

/// This node is `me`, and knows nobody yet.
pub(crate) fn begin(me: NodeId) {
    ME.populate(me);
}

/// This node.
pub(crate) fn me() -> Result<NodeId> {
    ME.copy().ok_or(ENODEV)
}

/// Whether `node` is a member, as far as its end has been seen to here.
pub(crate) fn is_there(node: NodeId) -> bool {
    NodeSet::from_words([MEMBERS.load(Acquire)]).contains(node)
}

/// All other members.
pub(crate) fn others() -> NodeSet {
    let mut others = NodeSet::from_words([MEMBERS.load(Acquire)]);
    if let Ok(me) = me() {
        others.remove(me);
    }
    others
}

/// This node in its life.
pub(crate) fn myself() -> Result<Instance> {
    let me = me()?;
    Ok(Instance::new(me, Incarnation(life(me))))
}

fn life(node: NodeId) -> u64 {
    LIVES.get(node.index()).map_or(0, |life| life.load(Acquire))
}

/// Whether a node is a member in that life.
pub(crate) fn lives(instance: Instance) -> bool {
    is_there(instance.node) && life(instance.node) == instance.incarnation.0
}

/// Follows the membership.
pub(crate) struct Follower;

impl Follower {
    fn follow(&self, view: &View) {
        let [members] = *view.members().words();
        MEMBERS.store(members, Release);
    }
}

impl ssi_clms::Subsystem for Follower {
    fn name(&self) -> &'static str {
        "files"
    }

    fn node_up(&self, view: &View, instance: Instance) {
        if let Some(life) = LIVES.get(instance.node.index()) {
            life.store(instance.incarnation.0, Release);
        }
        self.follow(view);
    }

    fn node_down(&self, view: &View, instance: Instance) {
        // First, so that whoever comes later looks after himself.
        self.follow(view);
        exports::lose(instance.node);
        proxies::lose(instance.node);
        terminals::lose(instance.node);
    }
}
