// SPDX-License-Identifier: GPL-2.0

//! What everybody may read.
//!
//! The machine belongs to its thread. What it has decided, and what has been
//! carried out, is put up here: the view, what the nodes are made of, and the
//! transitions. A transition can be read after everything before it was done.

use kernel::{
    prelude::*,
    sync::{
        new_mutex,
        poll::PollCondVar,
        Mutex,
        MutexGuard, //
    }, //
};
use ssi_core::{
    clms::{
        facts::{
            Facts,
            FactsTable, //
        },
        history::History,
        machine::{
            Machine,
            Role, //
        },
        statistics::Statistics,
        transition::{
            TransId,
            Transition, //
        }, //
    },
    ids::{
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    view::View,
};

/// The board.
#[pin_data]
pub(crate) struct Board {
    #[pin]
    inner: Mutex<BoardInner>,
    /// Wakes who waits for transitions.
    #[pin]
    news: PollCondVar,
}

/// What stands on it.
pub(crate) struct BoardInner {
    /// The view that was installed.
    pub(crate) view: View,
    /// Which nodes there can be.
    pub(crate) roster: NodeSet,
    /// Where the key services run.
    pub(crate) services_at: Option<Instance>,
    /// What the machine is to the cluster.
    pub(crate) role: Role,
    /// Whether the view is active.
    pub(crate) is_active: bool,
    /// What the machine has counted.
    pub(crate) statistics: Statistics,
    facts: FactsTable,
    history: KVBox<History>,
    published: TransId,
}

impl Board {
    /// Nothing on it.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            inner <- new_mutex!(BoardInner::new()?, "ssi_clms_board"),
            news <- kernel::new_poll_condvar!("ssi_clms_news"),
        }? Error)
    }

    /// Reads or writes it. Process context, sleeps; hold it for a short time.
    pub(crate) fn lock(&self) -> MutexGuard<'_, BoardInner> {
        self.inner.lock()
    }

    /// Lets everybody read up to `transition` and wakes who waits.
    pub(crate) fn publish(&self, transition: TransId) {
        self.lock().published = transition;
        self.news.notify_all();
    }

    /// What wakes who waits for transitions.
    pub(crate) fn news(&self) -> &PollCondVar {
        &self.news
    }
}

impl BoardInner {
    fn new() -> Result<Self> {
        Ok(Self {
            view: View::EMPTY,
            roster: NodeSet::EMPTY,
            services_at: None,
            role: Role::Booting,
            is_active: false,
            statistics: Statistics::ZERO,
            facts: [Facts::NONE; NODES_LEN],
            history: KVBox::new(History::EMPTY, GFP_KERNEL)?,
            published: TransId::default(),
        })
    }

    /// The ring, for the machine.
    pub(crate) fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    /// Takes over the view and what belongs to it from the machine.
    pub(crate) fn take_over(&mut self, view: &View, machine: &Machine) {
        self.view = view.clone();
        for (node, facts) in NodeId::all().zip(self.facts.iter_mut().skip(1)) {
            *facts = machine.facts(node);
        }
    }

    /// What `node` said of itself when it joined.
    pub(crate) fn facts(&self, node: NodeId) -> Facts {
        self.facts.get(node.index()).copied().unwrap_or_default()
    }

    /// Number of the newest transition that can be read; 0 before the first.
    pub(crate) fn last(&self) -> TransId {
        self.published
    }

    /// Number of the oldest one that is kept.
    pub(crate) fn first(&self) -> TransId {
        self.history.first_id()
    }

    /// The transitions from `id` on, or from the oldest kept, up to the newest that
    /// can be read.
    pub(crate) fn since(&self, id: TransId) -> impl Iterator<Item = &Transition> {
        let last = self.last();
        self.history
            .since(id)
            .take_while(move |transition| transition.id <= last)
    }

    /// The last transition of `node` that is kept.
    pub(crate) fn last_of(&self, node: NodeId) -> Option<&Transition> {
        let of_node = |transition: &&Transition| transition.instance.node == node;
        self.since(TransId::default()).filter(of_node).last()
    }

    /// Nodes to show: those there can be, and those that were ever in.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        let known = |node: &NodeId| {
            self.roster.contains(*node) || self.view.entry(*node).incarnation.0 != 0
        };
        NodeId::all().filter(known)
    }
}
