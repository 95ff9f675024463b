// SPDX-License-Identifier: GPL-2.0

//! What membership and links share.
//!
//! The links serve every feature, and first of all the membership that decides
//! who is linked. It stands above this crate, so it registers itself here.

use ssi_core::{
    ics::seal::{
        Key,
        Mode, //
    },
    ids::Instance, //
};

/// The membership, as the links see it.
///
/// All methods are called on the reactor thread, one at a time, without a lock.
/// They must not sleep for long: while they run, nothing is received. They may
/// send.
pub trait Membership: Send + Sync {
    /// `peer` is linked: the handshake is done and membership messages flow. Also
    /// called after every reconnect, and for a new life of a node after
    /// [`unlinked`](Self::unlinked) for the old one.
    fn linked(&self, peer: Instance);

    /// The control connection to `peer` is lost. Its session is kept: what was
    /// sent to it will arrive, once, if the two meet again.
    fn unlinked(&self, peer: Instance);

    /// A message of `from`: in the order they were sent, each exactly once.
    fn message(&self, from: Instance, body: &[u8]);

    /// A heartbeat of `from`, authenticated, newer than all before it. Others may
    /// have been lost.
    fn beat(&self, from: Instance, body: &[u8]);
}

/// What the links need to begin.
pub struct Start {
    /// This node, in this life.
    pub me: Instance,
    /// The key of the cluster.
    pub key: Key,
    /// How frames are protected unless `ssi.ics.security` says otherwise. Of the
    /// modes of two peers the stricter one is used.
    pub mode: Mode,
    /// Who is told.
    pub membership: &'static dyn Membership,
}
