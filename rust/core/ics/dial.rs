// SPDX-License-Identifier: GPL-2.0

//! Making connections.
//!
//! Who makes one, how long after a failure, and how many may be open that have
//! proved nothing.

use crate::{
    ids::{
        NodeId,
        NODES_LEN, //
    },
    time::{
        Instant,
        Span, //
    },
};

/// Shortest time between two attempts.
pub const BACKOFF_MIN: Span = Span::ms(10);
/// Longest time between two attempts.
pub const BACKOFF_MAX: Span = Span::ms(1000);

/// Most connections from one address that have proved nothing: one of each
/// channel.
pub const HALF_OPEN_NODE_MAX: usize = 2;
/// Most connections that have proved nothing: those of every node.
pub const HALF_OPEN_MAX: usize = HALF_OPEN_NODE_MAX * NODES_LEN;
/// Longest time a connection may take to prove itself.
pub const HANDSHAKE_TIME_MAX: Span = Span::ms(2000);

/// Whether `me` makes the connections to `peer`: the one with the higher number
/// does, the other listens.
pub fn is_dialler(me: NodeId, peer: NodeId) -> bool {
    me > peer
}

/// Time between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    next: Span,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: BACKOFF_MIN }
    }
}

impl Backoff {
    /// How long to wait after one more failure: the double of the last time, up
    /// to [`BACKOFF_MAX`], and of that between a half and all, as `chance` says.
    pub fn wait(&mut self, chance: u64) -> Span {
        let whole = self.next;
        self.next = Span(whole.times(2).0.min(BACKOFF_MAX.0));
        let half = whole.half();
        let extra = chance.checked_rem(half.0.saturating_add(1)).unwrap_or(0);
        Span(half.0.saturating_add(extra))
    }

    /// Takes in that a connection was established.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Connections that have proved nothing: `T` names one.
///
/// An address has [`HALF_OPEN_NODE_MAX`] places, as many as an honest node needs.
/// Who makes more, honest or not, loses its own oldest and takes no other's.
#[derive(Clone, Debug)]
pub struct HalfOpen<T, const N: usize = HALF_OPEN_MAX> {
    entries: [Option<Entry<T>>; N],
}

#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    connection: T,
    from: NodeId,
    since: Instant,
}

impl<T: Copy + PartialEq, const N: usize> Default for HalfOpen<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy + PartialEq, const N: usize> HalfOpen<T, N> {
    /// None.
    pub const fn new() -> Self {
        Self { entries: [None; N] }
    }

    /// Adds a connection that came `now` from the address of `from`. Gives the
    /// one that must go for it.
    #[must_use = "the connection must be closed"]
    pub fn insert(&mut self, connection: T, from: NodeId, now: Instant) -> Option<T> {
        let of_node = self.entries.iter().flatten().filter(|e| e.from == from);
        let is_crowded = of_node.count() >= HALF_OPEN_NODE_MAX;
        // Free places are the oldest of all.
        let place = self
            .entries
            .iter_mut()
            .filter(|place| !is_crowded || place.is_some_and(|entry| entry.from == from))
            .min_by_key(|place| place.map(|entry| entry.since))?;
        let entry = Entry {
            connection,
            from,
            since: now,
        };
        place.replace(entry).map(|oldest| oldest.connection)
    }

    /// Takes one out: it proved itself, or was closed.
    pub fn remove(&mut self, connection: T) -> bool {
        let found = self
            .entries
            .iter_mut()
            .find(|entry| entry.is_some_and(|entry| entry.connection == connection));
        found.is_some_and(|entry| entry.take().is_some())
    }

    /// Takes out one whose time is over; it must be closed. Ask until `None`.
    pub fn expire(&mut self, now: Instant) -> Option<T> {
        let found = self
            .entries
            .iter_mut()
            .find(|entry| entry.is_some_and(|entry| deadline(entry.since) <= now))?;
        found.take().map(|entry| entry.connection)
    }

    /// When the next one's time is over.
    pub fn next_deadline(&self) -> Option<Instant> {
        let since = self.entries.iter().flatten().map(|entry| entry.since).min();
        since.map(deadline)
    }

    /// Number of them.
    pub fn len(&self) -> usize {
        self.entries.iter().flatten().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn deadline(since: Instant) -> Instant {
    since.after(HANDSHAKE_TIME_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_of_two_dials() {
        let (low, high) = (NodeId::new(1).unwrap(), NodeId::new(2).unwrap());
        assert!(is_dialler(high, low) && !is_dialler(low, high));
    }

    #[test]
    fn attempts_become_rarer_up_to_a_second() {
        let mut backoff = Backoff::default();
        let longest: Vec<_> = (0..9).map(|_| backoff.wait(0).times(2).as_ms()).collect();
        assert_eq!(longest, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.reset();
        for chance in [0, 1, 4_999, 5_000, 5_001, u64::MAX] {
            let wait = { backoff }.wait(chance);
            assert!((BACKOFF_MIN.half()..=BACKOFF_MIN).contains(&wait), "{wait}");
        }
        assert_ne!({ backoff }.wait(1), { backoff }.wait(2));
    }

    #[test]
    fn a_crowd_pushes_out_its_own_oldest_only() {
        let (crowd, honest) = (NodeId::new(1).unwrap(), NodeId::new(2).unwrap());
        let mut strangers: HalfOpen<u32> = HalfOpen::new();
        assert_eq!(strangers.insert(1, honest, Instant(10)), None);
        assert_eq!(strangers.insert(2, crowd, Instant(30)), None);
        assert_eq!(strangers.insert(3, crowd, Instant(20)), None);
        assert_eq!(strangers.insert(4, crowd, Instant(40)), Some(3));
        assert!(strangers.remove(2) && !strangers.remove(2));
        assert_eq!(strangers.insert(5, crowd, Instant(50)), None);
        assert_eq!(strangers.len(), 3);
    }

    #[test]
    fn the_oldest_of_all_makes_room_where_there_is_too_little() {
        let nodes: Vec<_> = NodeId::all().take(3).collect();
        let mut strangers: HalfOpen<u32, 2> = HalfOpen::new();
        assert_eq!(strangers.insert(1, nodes[0], Instant(30)), None);
        assert_eq!(strangers.insert(2, nodes[1], Instant(20)), None);
        assert_eq!(strangers.insert(3, nodes[2], Instant(40)), Some(2));
    }

    #[test]
    fn a_stranger_has_its_time() {
        let node = NodeId::new(1).unwrap();
        let mut strangers: HalfOpen<u32, 2> = HalfOpen::new();
        assert_eq!(strangers.insert(1, node, Instant(0)), None);
        assert_eq!(strangers.insert(2, node, Instant(5)), None);
        let end = Instant(0).after(HANDSHAKE_TIME_MAX);
        assert_eq!(strangers.next_deadline(), Some(end));
        assert_eq!(strangers.expire(Instant(end.0 - 1)), None);
        assert_eq!(
            (strangers.expire(end), strangers.expire(end)),
            (Some(1), None)
        );
        assert!(!strangers.is_empty());
    }
}
