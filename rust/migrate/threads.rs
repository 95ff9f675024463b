// SPDX-License-Identifier: GPL-2.0

//! Threads of a process that moves.
//!
//! They wait while it does, and what is sent to one of them alone goes along with it. Those
//! that have a number of this node are here by that number alone when they are elsewhere, and
//! the node that gave it is told when one ends.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::{
    ids::NodeId,
    vproc::pid::{
        origin,
        Origin, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    CallError,
    Reply, //
};
use ssi_kapi::{
    errand,
    lent_number::{
        self,
        Listener, //
    },
    parking::{
        Numbers,
        Parking, //
    },
    surrogate,
    whereabouts, //
};

use crate::ask::{
    self,
    Operation, //
};

/// How long the threads of a process have to come to their way to user mode, in microseconds.
const PATIENCE: u64 = 10_000_000;

/// Most threads in a message.
const TOLD_MAX: usize = 256;

/// The other threads of the running process, which wait. They go on when this is dropped.
pub(crate) struct Others {
    parking: Arc<Parking>,
    numbers: Option<Numbers>,
}

impl Others {
    /// Has them wait in `parking`; those that came before stay. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`Parking::gather`]; `EAGAIN` without free numbers.
    pub(crate) fn gather(parking: Arc<Parking>) -> Result<Self> {
        let mut others = Self {
            parking,
            numbers: None,
        };
        others.parking.gather(PATIENCE)?;
        let me = ssi_ics::this_node().ok_or(ENODEV)?;
        others.numbers = Some(others.parking.numbers(me.node.get())?);
        Ok(others)
    }

    pub(crate) fn parking(&self) -> &Parking {
        &self.parking
    }

    /// They are elsewhere, and end here.
    pub(crate) fn leave(mut self) {
        if let Some(numbers) = self.numbers.take() {
            self.parking.leave(numbers);
        }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.parking.go_on();
    }
}

/// Tells nodes of the ends of threads that have their numbers.
pub(crate) struct Ends;

impl Listener for Ends {
    fn ended(&self, process: u32, tids: &[u32]) {
        let mut rest = tids;
        while let Some(&first) = rest.first() {
            let node = origin(first);
            let same = rest.iter().take_while(|tid| origin(**tid) == node);
            let (told, others) = rest.split_at(same.take(TOLD_MAX).count());
            rest = others;
            if let Some(Origin::Node(node)) = node {
                tell(node, process, told);
            }
        }
    }
}

fn tell(node: NodeId, process: u32, tids: &[u32]) {
    let mut room = [0; 4 + 4 * TOLD_MAX];
    let mut out = Writer::new(&mut room);
    out.u32(process);
    for tid in tids {
        out.u32(*tid);
    }
    if let Ok(length) = out.finish() {
        let args = room.get(..length).unwrap_or_default();
        ask::tell(node, Operation::ThreadsEnded, args);
    }
}

/// Threads of `process` with numbers of this node ended on another one.
///
/// # Errors
///
/// [`Malformed`] for what are no numbers.
pub(crate) fn hear(process: u32, mut message: Reader<'_>) -> Result<(), Malformed> {
    while !message.rest().is_empty() {
        lent_number::give_back(message.u32()?, process);
    }
    Ok(())
}

/// `node` died, and with it processes whose threads had numbers of this one, and which only came
/// through here: those of this node are known by what they left. Asks all nodes for them. May
/// sleep.
pub(crate) fn node_down(node: NodeId) {
    let mut next = 0;
    while let Some(process) = lent_number::next_process(next) {
        next = process.saturating_add(1);
        let is_known = whereabouts::away(process).is_some() || errand::is_there(process);
        if !is_known && !is_anywhere(process, node) {
            lent_number::give_back_all(process);
        }
    }
}

/// Whether `process` is on another node. One that did not say is taken to have it.
fn is_anywhere(process: u32, died: NodeId) -> bool {
    let mut args = [0; 5];
    Writer::new(&mut args).u32(process).u8(died.get());
    let Some(me) = ssi_ics::this_node() else {
        return true;
    };
    let nodes = ssi_clms::view().members().without(me.node);
    let mut is_there = false;
    ssi_ics::call_many(
        nodes,
        &ask::question(Operation::Lives, &args),
        |_, answer| {
            is_there |= match answer {
                Ok(Reply { result, .. }) => ssi_ics::error_of_peer(result) != ESRCH,
                Err(CallError::NotMember | CallError::NodeDown) => false,
                Err(_) => true,
            };
        },
    );
    is_there
}

/// Whether `process` is here, or is one of this node that was not on the one that `died`.
///
/// # Errors
///
/// `ESRCH` for no.
pub(crate) fn lives(process: u32, died: NodeId) -> Result {
    let lives = match surrogate::node(process) {
        Some(node) => node != died.get(),
        None => errand::is_there(process),
    };
    lives.then_some(()).ok_or(ESRCH)
}
