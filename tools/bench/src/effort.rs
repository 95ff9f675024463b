// SPDX-License-Identifier: GPL-2.0

//! How much to measure.

use std::time::Duration;

/// Pairs of boots whose system calls are compared. Fewer would save less than
/// half a minute and make the interval useless, so a quick run has as many.
const BOOT_PAIRS: usize = 20;

/// Numbers of rounds and lengths of loops.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Boots of one node, and of a bare kernel.
    pub(crate) boots: usize,
    /// Boots of whole clusters: nodes, then rounds.
    pub(crate) clusters: [(u8, usize); 4],
    /// How long an idle cluster is watched.
    pub(crate) idle: Duration,
    /// Rounds of every comparison on the network.
    pub(crate) network_rounds: usize,
    /// Round trips in one round.
    pub(crate) round_trips: u32,
    /// How long one bulk transfer goes on.
    pub(crate) bulk: Duration,
    /// Rounds of every comparison of calls.
    pub(crate) call_rounds: usize,
    /// Calls in one round.
    pub(crate) calls: usize,
    /// Bytes of pages in calls in one round.
    pub(crate) call_bulk_bytes: usize,
    /// Rounds of touching single processes; many and short, since the host moves the
    /// two kernels to one processor or to two, each time for a while.
    pub(crate) touch_rounds: usize,
    /// Touches of a process in one round.
    pub(crate) touches: u32,
    /// Rounds of walks over all processes.
    pub(crate) walk_rounds: usize,
    /// Nodes that are killed, of each kind.
    pub(crate) kills: usize,
    /// Nodes that are frozen.
    pub(crate) freezes: usize,
    /// How long each idle cluster of a growing size is watched.
    pub(crate) idle_growth: Duration,
    /// Pairs of boots whose system calls are compared.
    pub(crate) boot_pairs: usize,
    /// Turns of each loop in one boot; the fastest batch of all turns counts.
    pub(crate) turns: usize,
    /// Commands run on a node one after the other.
    pub(crate) commands: usize,
    /// Rounds of passing bytes through a command.
    pub(crate) stream_rounds: usize,
}

impl Effort {
    /// For figures to keep: some minutes.
    pub(crate) const FULL: Self = Self {
        boots: 11,
        clusters: [(3, 7), (16, 5), (32, 3), (63, 3)],
        idle: Duration::from_secs(10),
        network_rounds: 15,
        round_trips: 3_000,
        bulk: Duration::from_millis(1_250),
        call_rounds: 7,
        calls: 2_000,
        call_bulk_bytes: 512 << 20,
        touch_rounds: 21,
        touches: 300,
        walk_rounds: 7,
        kills: 9,
        freezes: 5,
        idle_growth: Duration::from_secs(6),
        boot_pairs: 2 * BOOT_PAIRS,
        turns: 16,
        commands: 60,
        stream_rounds: 7,
    };

    /// For a look at a change: about a minute.
    pub(crate) const QUICK: Self = Self {
        boots: 3,
        clusters: [(3, 2), (16, 1), (32, 1), (63, 1)],
        idle: Duration::from_secs(3),
        network_rounds: 5,
        round_trips: 2_000,
        bulk: Duration::from_millis(600),
        call_rounds: 3,
        calls: 1_000,
        call_bulk_bytes: 64 << 20,
        touch_rounds: 11,
        touches: 300,
        walk_rounds: 3,
        kills: 3,
        freezes: 1,
        idle_growth: Duration::from_secs(3),
        boot_pairs: BOOT_PAIRS,
        turns: 6,
        commands: 20,
        stream_rounds: 3,
    };
}
