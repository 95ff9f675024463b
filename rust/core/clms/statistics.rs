// SPDX-License-Identifier: GPL-2.0

//! Counts of what a machine did.

/// Counts since boot, each of them only ever growing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Membership messages handed out, one per target.
    pub messages_sent: u64,
    /// Membership messages taken in.
    pub messages_received: u64,
    /// Heartbeats handed out, one per target.
    pub beats_sent: u64,
    /// Heartbeats taken in.
    pub beats_received: u64,
    /// Messages and heartbeats that were not what they claimed to be.
    pub malformed: u64,
    /// Messages refused: of the dead, of strangers, out of place.
    pub refused: u64,
    /// Times this node asked whether the leader is gone for others as well.
    pub polls: u64,
    /// Times this node stood for election.
    pub elections: u64,
    /// Times it won.
    pub elections_won: u64,
    /// Changes proposed, proposals that replace one another included.
    pub proposals: u64,
    /// Steps taken: views installed and activated.
    pub steps: u64,
    /// Fences asked for.
    pub fences_asked: u64,
    /// Fences the supervisor refused.
    pub fences_refused: u64,
    /// Times this node found that it had slept and forgave everybody's silence.
    pub stalls: u64,
}

impl Statistics {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        messages_sent: 0,
        messages_received: 0,
        beats_sent: 0,
        beats_received: 0,
        malformed: 0,
        refused: 0,
        polls: 0,
        elections: 0,
        elections_won: 0,
        proposals: 0,
        steps: 0,
        fences_asked: 0,
        fences_refused: 0,
        stalls: 0,
    };

    /// Name and value of each, for a table.
    pub fn rows(&self) -> [(&'static str, u64); 14] {
        [
            ("messages_sent", self.messages_sent),
            ("messages_received", self.messages_received),
            ("beats_sent", self.beats_sent),
            ("beats_received", self.beats_received),
            ("malformed", self.malformed),
            ("refused", self.refused),
            ("polls", self.polls),
            ("elections", self.elections),
            ("elections_won", self.elections_won),
            ("proposals", self.proposals),
            ("steps", self.steps),
            ("fences_asked", self.fences_asked),
            ("fences_refused", self.fences_refused),
            ("stalls", self.stalls),
        ]
    }
}

/// One more.
pub(super) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
