// SPDX-License-Identifier: GPL-2.0

//! Failure detector.
//!
//! A member is gone for this node when it was silent too long, when the link with
//! it was down too long, when it leaves a question open too long, or when it says
//! that it does not hear this node. That is an opinion, not a proof: it starts
//! elections and fences, nothing more.

use super::parameters::Parameters;
use crate::{
    ids::{
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    time::{
        Instant,
        Span, //
    },
};

/// Up to so many members everybody watches everybody.
pub const ALL_WATCH_MAX: usize = 5;
/// Above, a node watches so many neighbours to either side in the ring of the
/// numbers, and the leader.
pub const NEIGHBOURS: usize = 2;

/// What is known of one peer.
#[derive(Clone, Copy, Debug)]
struct Peer {
    heard: Instant,
    unlinked: Option<Instant>,
    /// Since when it owes an answer.
    asked: Option<Instant>,
    deaf_to: NodeSet,
    deaf_since: Instant,
    /// It has sent a message since it fell silent.
    has_signed: bool,
}

impl Peer {
    const NEW: Self = Self {
        heard: Instant(0),
        unlinked: None,
        asked: None,
        deaf_to: NodeSet::EMPTY,
        deaf_since: Instant(0),
        has_signed: false,
    };
}

/// How a peer looks to this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// This node does not watch it.
    Unwatched,
    /// It is heard.
    Heard,
    /// It was silent for a while, or its link is down.
    Suspect,
    /// It is gone for this node.
    Gone,
}

/// Peers that were gone are heard again, one shortly after the other.
#[derive(Clone, Copy, Debug)]
struct Recovery {
    first: Instant,
    last: Instant,
}

impl Recovery {
    /// Until when others may follow: for a while after the last, but not for ever,
    /// however many of them come and go.
    fn until(self, p: &Parameters) -> Instant {
        self.last.after(p.suspect).min(self.first.after(p.timeout))
    }
}

/// The failure detector.
pub(super) struct Detector {
    watched: NodeSet,
    /// Who owes an answer.
    asked: NodeSet,
    /// The last time somebody was heard again that had been gone.
    recovery: Option<Recovery>,
    peers: [Peer; NODES_LEN],
}

impl Detector {
    pub(super) const NEW: Self = Self {
        watched: NodeSet::EMPTY,
        asked: NodeSet::EMPTY,
        recovery: None,
        peers: [Peer::NEW; NODES_LEN],
    };

    /// Watches exactly `nodes`; who was not watched gets a full measure of time.
    pub(super) fn watch(&mut self, nodes: NodeSet, now: Instant) {
        for node in nodes.difference(&self.watched) {
            self.with(node, |peer| {
                peer.heard = now;
                peer.unlinked = peer.unlinked.map(|_| now);
            });
        }
        self.watched = nodes;
    }

    pub(super) const fn watched(&self) -> &NodeSet {
        &self.watched
    }

    /// `node` is a new member: nothing counts against it yet.
    pub(super) fn begin(&mut self, node: NodeId, linked: bool, now: Instant) {
        self.with(node, |peer| {
            *peer = Peer {
                heard: now,
                unlinked: (!linked).then_some(now),
                ..Peer::NEW
            };
        });
    }

    pub(super) fn heard(&mut self, node: NodeId, deaf_to: NodeSet, now: Instant, p: &Parameters) {
        self.sign_of_life(node, now, p);
        self.with(node, |peer| {
            peer.heard = now;
            peer.has_signed = false;
            if peer.deaf_to != deaf_to {
                peer.deaf_to = deaf_to;
                peer.deaf_since = now;
            }
        });
    }

    /// A message of `node`: the first sign of life after a long silence says that
    /// others may be about to come back too. It is no heartbeat.
    pub(super) fn sign_of_life(&mut self, node: NodeId, now: Instant, p: &Parameters) {
        let peer = self.peer(node);
        let was_silent = now.since(peer.heard) >= p.silence_max();
        if self.watched.contains(node) && was_silent && !peer.has_signed {
            self.recovered(now, p);
            self.with(node, |peer| peer.has_signed = true);
        }
    }

    fn recovered(&mut self, now: Instant, p: &Parameters) {
        let goes_on = |old: &Recovery| {
            let limit = old.first.after(p.timeout);
            // When it has lasted as long as it may the next begins behind a pause.
            let is_cut_short = old.last.after(p.suspect) >= limit;
            now < old.until(p) || (is_cut_short && now < limit.after(p.suspect))
        };
        let old = self.recovery.filter(goes_on);
        let first = old.map_or(now, |old| old.first);
        self.recovery = Some(Recovery { first, last: now });
    }

    /// Until when opinions may be older than what they are about: the end of a cut
    /// is seen of one peer before the other.
    pub(super) fn unsettled_until(&self, p: &Parameters) -> Option<Instant> {
        self.recovery.map(|recovery| recovery.until(p))
    }

    pub(super) fn linked(&mut self, node: NodeId, now: Instant, p: &Parameters) {
        let down = self.peer(node).unlinked.map(|since| now.since(since));
        if down.is_some_and(|down| down >= p.silence_max()) {
            self.recovered(now, p);
        }
        self.with(node, |peer| peer.unlinked = None);
    }

    /// This node waits for an answer of each of `nodes`, and of nobody else.
    pub(super) fn wait_for(&mut self, nodes: &NodeSet, now: Instant) {
        for node in self.asked.difference(nodes) {
            self.answered(node);
        }
        for node in nodes.difference(&self.asked) {
            self.with(node, |peer| peer.asked = Some(now));
        }
        self.asked = *nodes;
    }

    /// `node` has answered, whatever it said.
    pub(super) fn answered(&mut self, node: NodeId) {
        self.asked.remove(node);
        self.with(node, |peer| peer.asked = None);
    }

    pub(super) fn unlinked(&mut self, node: NodeId, now: Instant) {
        self.with(node, |peer| {
            peer.unlinked = peer.unlinked.or(Some(now));
        });
    }

    /// This node itself has slept: whatever it missed counts against nobody.
    pub(super) fn forgive(&mut self, now: Instant) {
        for peer in &mut self.peers {
            peer.heard = now;
            peer.unlinked = peer.unlinked.map(|_| now);
            peer.asked = peer.asked.map(|_| now);
            peer.deaf_to = NodeSet::EMPTY;
        }
    }

    /// Watched nodes whose link is down.
    pub(super) fn without_link(&self, nodes: &NodeSet) -> NodeSet {
        nodes
            .iter()
            .filter(|&node| self.peer(node).unlinked.is_some())
            .collect()
    }

    /// Whether `node` is gone for `me`.
    pub(super) fn is_gone(&self, me: NodeId, node: NodeId, now: Instant, p: &Parameters) -> bool {
        self.watched.contains(node)
            && (self.is_deaf_to(node, now, p) || self.complaints(node, now, p).contains(me))
    }

    /// The watched nodes this one does not hear or reach.
    pub(super) fn deaf_to(&self, now: Instant, p: &Parameters) -> NodeSet {
        self.watched
            .iter()
            .filter(|&node| self.is_deaf_to(node, now, p))
            .collect()
    }

    /// How `node` looks to `me`.
    pub(super) fn look(&self, me: NodeId, node: NodeId, now: Instant, p: &Parameters) -> Look {
        let peer = self.peer(node);
        if !self.watched.contains(node) {
            Look::Unwatched
        } else if self.is_gone(me, node, now, p) {
            Look::Gone
        } else if peer.unlinked.is_some() || now.since(peer.heard) >= p.suspect {
            Look::Suspect
        } else {
            Look::Heard
        }
    }

    /// How long ago `node` was heard.
    pub(super) fn silence(&self, node: NodeId, now: Instant) -> Span {
        now.since(self.peer(node).heard)
    }

    /// Whom `node` says it does not hear, if it has said so for a while. Who has just
    /// slept, or was cut off, finds such words of others first.
    fn complaints(&self, node: NodeId, now: Instant, p: &Parameters) -> NodeSet {
        let peer = self.peer(node);
        if now.since(peer.deaf_since) < p.suspect {
            return NodeSet::EMPTY;
        }
        peer.deaf_to
    }

    fn is_deaf_to(&self, node: NodeId, now: Instant, p: &Parameters) -> bool {
        let peer = self.peer(node);
        let down = peer.unlinked.map_or(Span::ZERO, |since| now.since(since));
        let is_open = peer.asked.is_some_and(|since| now >= answer_due(since, p));
        now.since(peer.heard) >= p.silence_max() || down >= p.silence_max() || is_open
    }

    /// When the next opinion can change by the passing of time alone.
    pub(super) fn deadline(&self, now: Instant, p: &Parameters) -> Option<Instant> {
        let mut next = None;
        let mut consider = |due: Option<Instant>| {
            if let Some(due) = due.filter(|&due| due > now) {
                next = Some(next.map_or(due, |next: Instant| next.min(due)));
            }
        };
        // A chain of adapters has a name that is too long for the kernel's symbols.
        for node in self.watched.iter() {
            let peer = self.peer(node);
            consider(Some(peer.heard.after(p.silence_max())));
            consider(peer.unlinked.map(|since| since.after(p.silence_max())));
            consider(peer.asked.map(|since| answer_due(since, p)));
            if !peer.deaf_to.is_empty() {
                consider(Some(peer.deaf_since.after(p.suspect)));
            }
        }
        consider(self.unsettled_until(p));
        next
    }

    /// Whom a leader has to exclude: who is gone for it, and of each pair of
    /// others that do not hear each other, for a while, the one with more such
    /// pairs, the higher number when they have the same.
    pub(super) fn exclusions(
        &self,
        me: NodeId,
        others: &NodeSet,
        now: Instant,
        p: &Parameters,
    ) -> NodeSet {
        let mut excluded: NodeSet = others
            .iter()
            .filter(|&node| self.is_gone(me, node, now, p))
            .collect();
        let mut rest = others.difference(&excluded);
        while let Some(loser) = self.most_complaints(&rest, now, p) {
            excluded.insert(loser);
            rest.remove(loser);
        }
        excluded
    }

    /// The one in most pairs that do not hear each other. One side's word is not
    /// enough: who slept is complained of and complains of nobody.
    fn most_complaints(&self, rest: &NodeSet, now: Instant, p: &Parameters) -> Option<NodeId> {
        let pairs_of = |node: NodeId| {
            let he = self.complaints(node, now, p).intersection(rest);
            he.iter()
                .filter(|&other| self.complaints(other, now, p).contains(node))
                .count()
        };
        rest.iter()
            .map(|node| (pairs_of(node), node))
            .filter(|(pairs, _)| *pairs > 0)
            .max()
            .map(|(_, node)| node)
    }

    fn peer(&self, node: NodeId) -> Peer {
        self.peers.get(node.index()).copied().unwrap_or(Peer::NEW)
    }

    fn with(&mut self, node: NodeId, change: impl FnOnce(&mut Peer)) {
        if let Some(peer) = self.peers.get_mut(node.index()) {
            change(peer);
        }
    }
}

/// Until when a question of `since` must be answered by who is heard: a broken link
/// is noticed sooner.
fn answer_due(since: Instant, p: &Parameters) -> Instant {
    since.after(p.silence_max()).after(p.suspect)
}

/// The neighbours of `me` in the ring of `members`, to either side.
pub(super) fn neighbours(members: &NodeSet, me: NodeId) -> NodeSet {
    let count = members.len();
    let Some(place) = members.iter().position(|node| node == me) else {
        return NodeSet::EMPTY;
    };
    let is_near = |other: usize| {
        let ahead = other.saturating_add(count).saturating_sub(place);
        let ahead = ahead.checked_rem(count).unwrap_or(0);
        ahead <= NEIGHBOURS || count.saturating_sub(ahead) <= NEIGHBOURS
    };
    members
        .iter()
        .enumerate()
        .filter(|&(other, node)| node != me && is_near(other))
        .map(|(_, node)| node)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    const P: Parameters = Parameters::DEFAULT;

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn set(numbers: &[NodeNumber]) -> NodeSet {
        numbers.iter().map(|&number| node(number)).collect()
    }

    fn watching(numbers: &[NodeNumber]) -> Detector {
        let mut detector = Detector::NEW;
        detector.watch(set(numbers), Instant(0));
        detector
    }

    fn at(ms: u64) -> Instant {
        Instant(0).after(Span::ms(ms))
    }

    #[test]
    fn silence_makes_suspect_and_then_gone() {
        let detector = watching(&[2]);
        let look = |ms| detector.look(node(1), node(2), at(ms), &P);
        assert_eq!(look(999), Look::Heard);
        assert_eq!(look(1000), Look::Suspect);
        assert_eq!(look(3049), Look::Suspect);
        assert_eq!(look(3050), Look::Gone);
        assert_eq!(detector.deadline(at(0), &P), Some(at(3050)));
    }

    #[test]
    fn a_link_that_stays_down_counts_like_silence() {
        let mut detector = watching(&[2]);
        detector.unlinked(node(2), at(0));
        detector.heard(node(2), NodeSet::EMPTY, at(3000), &P);
        assert_eq!(detector.look(node(1), node(2), at(3040), &P), Look::Suspect);
        assert!(detector.is_gone(node(1), node(2), at(3100), &P));
        detector.linked(node(2), at(3100), &P);
        assert!(!detector.is_gone(node(1), node(2), at(3100), &P));
    }

    #[test]
    fn who_does_not_hear_me_is_gone_for_me() {
        let mut detector = watching(&[2]);
        detector.heard(node(2), set(&[1]), at(10), &P);
        assert!(!detector.is_gone(node(1), node(2), at(20), &P));
        detector.heard(node(2), set(&[1]), at(1010), &P);
        assert!(detector.is_gone(node(1), node(2), at(1010), &P));
        // But I do hear it, and do not complain.
        assert!(detector.deaf_to(at(1010), &P).is_empty());
    }

    #[test]
    fn ones_own_sleep_counts_against_nobody() {
        let mut detector = watching(&[2]);
        detector.forgive(at(9000));
        assert_eq!(detector.look(node(1), node(2), at(9001), &P), Look::Heard);
    }

    #[test]
    fn of_a_pair_the_higher_goes_unless_the_lower_complains_more() {
        let mut detector = watching(&[2, 3, 4, 5]);
        let others = set(&[2, 3, 4, 5]);
        let hear = |detector: &mut Detector, number, deaf_to: &[NodeNumber], ms| {
            detector.heard(node(number), set(deaf_to), at(ms), &P);
        };
        for ms in [0, 1500] {
            hear(&mut detector, 2, &[], ms);
            hear(&mut detector, 3, &[4], ms);
            hear(&mut detector, 4, &[3], ms);
            hear(&mut detector, 5, &[], ms);
        }
        let excluded = |d: &Detector| d.exclusions(node(1), &others, at(1600), &P);
        assert_eq!(excluded(&detector), set(&[4]));
        // One side's word changes nothing.
        for ms in [200, 1500] {
            hear(&mut detector, 2, &[3], ms);
        }
        assert_eq!(excluded(&detector), set(&[4]));
        for ms in [200, 1500] {
            hear(&mut detector, 3, &[2, 4], ms);
        }
        assert_eq!(excluded(&detector), set(&[3]));
        // A complaint that is new waits.
        hear(&mut detector, 2, &[], 1500);
        hear(&mut detector, 3, &[], 1500);
        hear(&mut detector, 4, &[5], 1500);
        hear(&mut detector, 5, &[4], 1500);
        assert_eq!(excluded(&detector), NodeSet::EMPTY);
    }

    #[test]
    fn who_is_heard_but_leaves_a_question_open_is_gone() {
        let mut detector = watching(&[2, 3]);
        for ms in (0..5000).step_by(50) {
            for number in [2, 3] {
                detector.heard(node(number), NodeSet::EMPTY, at(ms), &P);
            }
            detector.wait_for(&set(&[2, 3]), at(ms));
            detector.answered(node(3));
            let is_gone = |number| detector.is_gone(node(1), node(number), at(ms), &P);
            assert_eq!(is_gone(2), ms >= 4050, "{ms}");
            assert!(!is_gone(3));
        }
        detector.wait_for(&set(&[3]), at(5000));
        assert!(!detector.is_gone(node(1), node(2), at(5000), &P));
    }

    #[test]
    fn opinions_are_unsettled_for_a_while_after_a_return_but_not_for_ever() {
        let mut detector = watching(&[2, 3, 4, 5]);
        let unsettled = |detector: &Detector, ms| {
            let until = detector.unsettled_until(&P);
            until.is_some_and(|until| at(ms) < until)
        };
        assert!(!unsettled(&detector, 3999));
        detector.heard(node(2), NodeSet::EMPTY, at(4000), &P);
        detector.heard(node(3), NodeSet::EMPTY, at(4900), &P);
        assert!(unsettled(&detector, 5899) && !unsettled(&detector, 5900));
        // Four of them fall silent and come back in turn.
        let mut settled = 0;
        for (turn, ms) in (9000..30000).step_by(900).enumerate() {
            detector.heard(node([2, 3, 4, 5][turn % 4]), NodeSet::EMPTY, at(ms), &P);
            settled += usize::from(!unsettled(&detector, ms + 1));
        }
        assert!((3..8).contains(&settled), "{settled}");
    }

    #[test]
    fn neighbours_are_on_both_sides_of_the_ring() {
        let members: NodeSet = NodeId::all().take(20).collect();
        let near = neighbours(&members, node(2));
        assert_eq!(near, set(&[1, 3, 4, 20]));
        assert_eq!(neighbours(&set(&[1, 2, 3]), node(2)), set(&[1, 3]));
    }
}
