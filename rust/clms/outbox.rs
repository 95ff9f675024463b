// SPDX-License-Identifier: GPL-2.0

//! What a step wants done.
//!
//! Outputs borrow from the machine and come while its history is locked. They are
//! kept here, and carried out when the lock is gone.

use core::ops::Range;

use kernel::{
    pr_err_once,
    prelude::*, //
};
use ssi_core::{
    clms::{
        event::{
            Halt,
            Output, //
        },
        transition::Transition, //
    },
    hostlink::{
        Welcome,
        PACKET_BYTES_MAX, //
    },
    ids::{
        Epoch,
        Instance, //
    },
    node_set::NodeSet,
    sink::Sink,
    time::Instant,
    view::View, //
};

use crate::engine::stop_without_memory;

/// An output that owns what it says; bytes and views lie in the outbox.
pub(crate) enum Effect {
    Identity(Welcome),
    Roster(NodeSet),
    Send { to: NodeSet, body: Range<usize> },
    Beat { to: NodeSet, body: Range<usize> },
    Host(Range<usize>),
    End(Instance),
    Install(KBox<View>),
    Update(KBox<View>),
    Transition(Transition),
    RunSubsystems(Epoch),
    Cleanup(Instance),
    ShutDown,
    Halt(Halt),
    Wake(Instant),
}

/// The effects of a step, in order.
pub(crate) struct Outbox {
    effects: KVVec<Effect>,
    bytes: KVVec<u8>,
}

impl Outbox {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self {
            effects: KVVec::new(),
            bytes: KVVec::new(),
        }
    }

    /// Takes all effects; their bytes stay until [`clear`](Self::clear).
    pub(crate) fn take(&mut self) -> KVVec<Effect> {
        core::mem::take(&mut self.effects)
    }

    /// Bytes of an effect.
    pub(crate) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// Gives back `effects`, carried out, for their memory, and forgets the bytes.
    pub(crate) fn clear(&mut self, mut effects: KVVec<Effect>) {
        effects.clear();
        self.effects = effects;
        self.bytes.clear();
    }

    fn keep(&mut self, output: Output<'_>) -> Result {
        let effect = match output {
            Output::Identity(welcome) => Effect::Identity(welcome.clone()),
            Output::Roster(roster) => Effect::Roster(roster),
            Output::Send { to, body } => Effect::Send {
                to,
                body: self.keep_bytes(body)?,
            },
            Output::Beat { to, body } => Effect::Beat {
                to,
                body: self.keep_bytes(body)?,
            },
            Output::Host(message) => {
                let mut packet = KVec::from_elem(0, PACKET_BYTES_MAX, GFP_KERNEL)?;
                let len = message.encode(&mut packet).map_err(|_| EMSGSIZE)?;
                Effect::Host(self.keep_bytes(packet.get(..len).ok_or(EMSGSIZE)?)?)
            }
            Output::End(instance) => Effect::End(instance),
            Output::Install(view) => Effect::Install(KBox::new(view.clone(), GFP_KERNEL)?),
            Output::Update(view) => Effect::Update(KBox::new(view.clone(), GFP_KERNEL)?),
            Output::Transition(transition) => Effect::Transition(transition),
            Output::RunSubsystems(epoch) => Effect::RunSubsystems(epoch),
            Output::Cleanup(instance) => Effect::Cleanup(instance),
            Output::ShutDown => Effect::ShutDown,
            Output::Halt(why) => Effect::Halt(why),
            Output::Wake(at) => Effect::Wake(at),
        };
        self.effects.push(effect, GFP_KERNEL)?;
        Ok(())
    }

    fn keep_bytes(&mut self, bytes: &[u8]) -> Result<Range<usize>> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes, GFP_KERNEL)?;
        Ok(start..self.bytes.len())
    }
}

impl<'a> Sink<Output<'a>> for Outbox {
    fn put(&mut self, output: Output<'a>) {
        // A message that is not answered is sent again; the rest is believed done.
        let may_be_lost = matches!(output, Output::Send { .. } | Output::Beat { .. });
        match self.keep(output) {
            Ok(()) => {}
            Err(error) if may_be_lost => {
                pr_err_once!("a message of the membership is lost: {:?}\n", error);
            }
            Err(error) => {
                stop_without_memory("the membership cannot do what it decided", error);
            }
        }
    }
}
