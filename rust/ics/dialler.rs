// SPDX-License-Identifier: GPL-2.0

//! Connections this node makes.
//!
//! Of two nodes the one with the higher number makes the connections: the control
//! connection always, the bulk connection when pages are on their way.

use kernel::prelude::*;
use ssi_core::{
    ics::{
        dial::Backoff,
        hello::Channel, //
    },
    ids::{
        NodeId,
        NODES_LEN, //
    },
    time::Instant, //
};
use ssi_kapi::random;

use crate::{
    engine::Engine,
    reactor, //
};

/// Most connections this node makes at once: two to each node.
pub(crate) const DIALS_MAX: usize = 128;

const _: () = assert!(DIALS_MAX >= 2 * NODES_LEN);

/// One connection to be made and kept.
#[derive(Clone, Copy, Default)]
struct Dialler {
    backoff: Backoff,
    /// Not before.
    at: Instant,
    /// The reactor's name for it, while there is one.
    slot: Option<u32>,
}

/// All of them, by node and channel.
pub(crate) struct Diallers(KVec<[Dialler; 2]>);

impl Diallers {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(KVec::from_elem(
            [Dialler::default(); 2],
            NODES_LEN,
            GFP_KERNEL,
        )?))
    }

    /// A connection that is missing and may be made now.
    pub(crate) fn due(&self, engine: &Engine, now: Instant) -> Option<(NodeId, Channel)> {
        let mut due = None;
        self.each_missing(engine, |node, channel, at| {
            if due.is_none() && at <= now {
                due = Some((node, channel));
            }
        });
        due
    }

    /// When the next one may be made, in microseconds.
    pub(crate) fn next(&self, engine: &Engine) -> Option<u64> {
        let mut next = None;
        self.each_missing(engine, |_, _, at| {
            next = Some(next.map_or(at.0, |next| at.0.min(next)));
        });
        next
    }

    /// Tells of each connection that is missing when it may be made.
    fn each_missing(&self, engine: &Engine, mut each: impl FnMut(NodeId, Channel, Instant)) {
        for node in engine.roster() {
            if !reactor::dials(engine, node) {
                continue;
            }
            let (Some([control, bulk]), Some(peer)) = (self.0.get(node.index()), engine.peer(node))
            else {
                continue;
            };
            if control.slot.is_none() {
                each(node, Channel::Control, control.at);
            }
            if bulk.slot.is_none() && peer.wants_bulk() {
                each(node, Channel::Bulk, bulk.at);
            }
        }
    }

    fn dialler(&mut self, node: NodeId, channel: Channel) -> Option<&mut Dialler> {
        let [control, bulk] = self.0.get_mut(node.index())?;
        Some(match channel {
            Channel::Control => control,
            Channel::Bulk => bulk,
        })
    }

    /// One is being made.
    pub(crate) fn began(&mut self, node: NodeId, channel: Channel, slot: u32) {
        if let Some(dialler) = self.dialler(node, channel) {
            dialler.slot = Some(slot);
        }
    }

    /// One could not even be begun.
    pub(crate) fn failed(&mut self, node: NodeId, channel: Channel, now: Instant) {
        if let Some(dialler) = self.dialler(node, channel) {
            dialler.at = now.after(dialler.backoff.wait(random::number()));
        }
    }

    /// A connection was closed: if it was one of these, it is to be made anew, and
    /// soon if it was of use.
    pub(crate) fn closed(&mut self, slot: u32, was_useful: bool, now: Instant) {
        for dialler in self.0.iter_mut().flatten() {
            if dialler.slot == Some(slot) {
                dialler.slot = None;
                if was_useful {
                    dialler.backoff.reset();
                }
                dialler.at = now.after(dialler.backoff.wait(random::number()));
            }
        }
    }
}
