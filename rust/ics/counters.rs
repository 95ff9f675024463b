// SPDX-License-Identifier: GPL-2.0

//! What was counted.
//!
//! Counters only grow; `/proc/cluster/ics` shows them.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use ssi_core::ics::hello::Reason;

/// A number that grows.
pub(crate) struct Counter(Atomic<u64>);

impl Counter {
    pub(crate) const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// One more.
    pub(crate) fn count(&self) {
        self.add(1);
    }

    /// So many more.
    pub(crate) fn add(&self, count: u64) {
        let _ = self.0.fetch_add(count, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Of one peer.
pub(crate) struct PeerCounters {
    pub(crate) frames_sent: Counter,
    pub(crate) frames_received: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) bytes_received: Counter,
    pub(crate) frames_resent: Counter,
    pub(crate) duplicates: Counter,
    pub(crate) links: Counter,
    pub(crate) bulk_bytes_sent: Counter,
    pub(crate) bulk_bytes_received: Counter,
    pub(crate) credit_waits: Counter,
    /// Frames that were forged, damaged or out of order: each cut a connection.
    pub(crate) faults: Counter,
}

impl PeerCounters {
    pub(crate) const fn new() -> Self {
        Self {
            frames_sent: Counter::new(),
            frames_received: Counter::new(),
            bytes_sent: Counter::new(),
            bytes_received: Counter::new(),
            frames_resent: Counter::new(),
            duplicates: Counter::new(),
            links: Counter::new(),
            bulk_bytes_sent: Counter::new(),
            bulk_bytes_received: Counter::new(),
            credit_waits: Counter::new(),
            faults: Counter::new(),
        }
    }
}

/// Of one service this node offers.
pub(crate) struct ServiceCounters {
    pub(crate) requests: Counter,
    pub(crate) errors: Counter,
    /// From the request's arrival to its answer, in microseconds, all together.
    pub(crate) microseconds: Counter,
}

impl ServiceCounters {
    pub(crate) const fn new() -> Self {
        Self {
            requests: Counter::new(),
            errors: Counter::new(),
            microseconds: Counter::new(),
        }
    }
}

/// Number of reasons to refuse a connection.
const REASONS: usize = Reason::ALL.len();

/// Refused connections by reason.
pub(crate) struct Refusals([Counter; REASONS]);

impl Refusals {
    pub(crate) const fn new() -> Self {
        Self([const { Counter::new() }; REASONS])
    }

    pub(crate) fn count(&self, reason: Reason) {
        if let Some(counter) = self.0.get(usize::from(reason.code())) {
            counter.count();
        }
    }

    pub(crate) fn get(&self, reason: Reason) -> u64 {
        self.0
            .get(usize::from(reason.code()))
            .map_or(0, Counter::get)
    }
}
