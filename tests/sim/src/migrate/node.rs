// SPDX-License-Identifier: GPL-2.0

//! One life of a node.

use std::collections::{BTreeMap, BTreeSet};

use ssi_core::{
    ids::Instance,
    migrate::{
        handover::Source,
        relocation::{arrival::Arrival, departure::Departure, keeper::Keeper},
    },
};

use super::message::{CallId, Image, Message, Pid, Question, Signal};

/// What a node has and knows.
#[derive(Debug)]
pub struct Node {
    pub instance: Instance,
    /// Lives that it knows to be over.
    pub dead: BTreeSet<Instance>,
    /// Calls without an answer.
    pub calls: BTreeMap<CallId, Call>,
    pub locals: BTreeMap<Pid, Local>,
}

/// A call that waits.
#[derive(Clone, Debug)]
pub struct Call {
    pub to: Instance,
    pub pid: Pid,
    pub question: Question,
}

/// What there is of a process.
#[derive(Debug, Default)]
pub struct Local {
    pub process: Option<Process>,
    pub leaving: Option<Leaving>,
    pub arriving: Option<Arriving>,
    pub record: Option<Record>,
}

/// The process, or a copy.
#[derive(Debug)]
pub struct Process {
    pub image: Image,
    pub waiting: Vec<Signal>,
    pub runs: bool,
}

/// It leaves.
#[derive(Debug)]
pub struct Leaving {
    pub machine: Machine,
    pub target: Instance,
    /// The call it waits for.
    pub call: Option<CallId>,
    /// The signals that wait were handed on.
    pub is_handed: bool,
}

/// What decides about a process that leaves.
#[derive(Clone, Copy, Debug)]
pub enum Machine {
    /// It leaves its home.
    Home(Source),
    /// It moves on.
    Guest(Departure),
}

/// It arrives.
#[derive(Debug)]
pub struct Arriving {
    pub arrival: Arrival,
    pub source: Instance,
    /// Who waits for it to be made.
    pub call: CallId,
}

/// What home has of a process elsewhere.
#[derive(Debug)]
pub struct Record {
    pub keeper: Keeper,
    pub waiting: Vec<Signal>,
    /// Whether a signal is on its way.
    pub sends: Option<CallId>,
    /// Who asks meanwhile that it be made here.
    pub asks: Vec<Message>,
    /// Who waits for it to be made here.
    pub maker: Option<(Instance, CallId)>,
}

impl Node {
    pub fn new(instance: Instance, dead: BTreeSet<Instance>) -> Self {
        Self {
            instance,
            dead,
            calls: BTreeMap::new(),
            locals: BTreeMap::new(),
        }
    }

    /// Forgets `pid` if there is nothing of it.
    pub fn tidy(&mut self, pid: Pid) {
        if self.locals.get(&pid).is_some_and(Local::is_empty) {
            self.locals.remove(&pid);
        }
    }
}

impl Local {
    pub fn is_empty(&self) -> bool {
        self.process.is_none()
            && self.leaving.is_none()
            && self.arriving.is_none()
            && self.record.is_none()
    }

    /// Whether it runs here and nothing about it is open.
    pub fn is_settled(&self) -> bool {
        self.process.as_ref().is_some_and(|process| process.runs)
            && self.leaving.is_none()
            && self.arriving.is_none()
    }
}

impl Process {
    /// A copy that does not run.
    pub fn copy(image: Image) -> Self {
        Self {
            image,
            waiting: Vec::new(),
            runs: false,
        }
    }
}

impl Record {
    pub fn new(keeper: Keeper, waiting: Vec<Signal>) -> Self {
        Self {
            keeper,
            waiting,
            sends: None,
            asks: Vec::new(),
            maker: None,
        }
    }
}
