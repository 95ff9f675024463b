// SPDX-License-Identifier: GPL-2.0

//! What must hold, whatever fails.
//!
//! Each is a file with an observer that sees what every node does when it does it;
//! what the dead have seen counts as well. Liveness is
//! [`World::settle`](super::world::World::settle).

mod barrier_before_up;
mod fenced_before_committed;
mod licence;
mod monotone;
mod no_healthy_killed;
mod no_split_brain;
mod one_coordinator;
mod same_history;
mod same_view;

use std::{
    collections::HashMap,
    rc::Rc, //
};

use ssi_core::{
    clms::{
        event::Halt,
        machine::Role,
        transition::Transition, //
    },
    ids::Instance,
    node_set::NodeSet,
    view::View,
};

use super::world::World;

/// Something a node or the host did.
pub enum Seen {
    /// A node has installed a view.
    Installed {
        /// Which life.
        who: Instance,
        /// What it is after that.
        role: Role,
        /// The view.
        view: Rc<View>,
    },
    /// States changed within the view of a node.
    Updated {
        /// Which life.
        who: Instance,
        /// The view.
        view: Rc<View>,
    },
    /// A node has recorded a transition.
    Transition {
        /// Which life.
        who: Instance,
        /// The transition.
        transition: Transition,
    },
    /// The supervisor kills a node for others.
    Fenced {
        /// Whom.
        target: Instance,
        /// For whom.
        asker: Instance,
        /// What was asked with; `None` when it was not asked just now.
        plea: Option<Plea>,
    },
    /// A node stopped by itself.
    Halted {
        /// Which life.
        who: Instance,
        /// Why.
        why: Halt,
    },
}

/// What a request to fence says.
#[derive(Clone)]
pub struct Plea {
    /// The asker's view.
    pub view: Rc<View>,
    /// Who stands by it.
    pub side: NodeSet,
}

/// An observer that can object.
pub trait Invariant {
    /// Sees what was done, in the world it was done in.
    ///
    /// # Errors
    ///
    /// What does not hold.
    fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String>;
}

/// All of them.
#[derive(Default)]
pub struct Invariants {
    /// Lives killed by a fence.
    pub fenced: Vec<Instance>,
    lives: HashMap<u64, Instance>,
    all: Vec<Box<dyn Invariant>>,
}

impl Invariants {
    /// Nothing was seen yet.
    pub fn new() -> Self {
        Self {
            fenced: Vec::new(),
            lives: HashMap::new(),
            all: vec![
                Box::<one_coordinator::OneCoordinator>::default(),
                Box::<same_view::SameView>::default(),
                Box::<same_history::SameHistory>::default(),
                Box::<fenced_before_committed::FencedBeforeCommitted>::default(),
                Box::<no_split_brain::NoSplitBrain>::default(),
                Box::<no_healthy_killed::NoHealthyKilled>::default(),
                Box::<licence::HasLicence>::default(),
                Box::<monotone::Monotone>::default(),
                Box::<barrier_before_up::BarrierBeforeUp>::default(),
            ],
        }
    }

    /// Shows it to all.
    ///
    /// # Errors
    ///
    /// The first objection.
    pub fn observe(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        if let Seen::Fenced { target, .. } = seen {
            self.fenced.push(*target);
        }
        self.all
            .iter_mut()
            .try_for_each(|invariant| invariant.observe(world, seen))
    }

    /// A life has got its name.
    pub fn remember(&mut self, life: u64, instance: Instance) {
        self.lives.insert(life, instance);
    }

    /// The name of a life, dead or not.
    pub fn instance(&self, life: u64) -> Option<Instance> {
        self.lives.get(&life).copied()
    }
}
