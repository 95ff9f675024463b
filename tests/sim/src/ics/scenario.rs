// SPDX-License-Identifier: GPL-2.0

//! Properties of a run.
//!
//! What a seed makes of it.

use ssi_core::ics::{credit::CREDITS_FIRST, seal::Mode};

use crate::rng::Rng;

/// The properties of one run. Times are microseconds.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Number of nodes.
    pub nodes: u16,
    /// Shortest and longest delay of a piece of a stream.
    pub delay: (u64, u64),
    /// Pieces that take up to 50 ms longer, out of a thousand.
    pub slow_permille: u64,
    /// Connections that are up to 40 times slower, out of a thousand.
    pub slow_conn_permille: u64,
    /// Most bytes a socket takes.
    pub socket_bytes: usize,
    /// Longest piece of a stream.
    pub piece_bytes: usize,
    /// How long faults and new calls go on.
    pub duration: u64,
    /// Mean time between two calls of a node, and most in one burst.
    pub call_every: u64,
    pub burst: u64,
    /// Calls that bring a transfer, out of a thousand, and its longest.
    pub bulk_permille: u64,
    pub bulk_bytes: u64,
    /// Most bytes of other arguments and of the body of a reply.
    pub padding: u16,
    /// Calls that are cancelled, out of a thousand.
    pub cancel_permille: u64,
    /// Calls whose handler calls others, out of a thousand.
    pub nested_permille: u64,
    /// Mean times between faults; 0 for none.
    pub break_every: u64,
    pub cut_every: u64,
    pub crash_every: u64,
    pub stranger_every: u64,
    /// Mean time between views that nothing caused; 0 for none.
    pub view_every: u64,
    /// Longest time between the installations of a view on two nodes.
    pub view_spread: u64,
    /// Workers of each level.
    pub workers: usize,
    /// Most requests a service allows a client, and would like to hold.
    pub window: u16,
    pub budget: u32,
    /// A node that does not keep to its credit.
    pub cheater: Option<u16>,
    pub modes: [Mode; 2],
    /// Bytes of transfers that may be arriving from one peer.
    pub arriving_bytes_max: u64,
}

impl Scenario {
    pub fn draw(rng: &mut Rng) -> Self {
        let nodes = *rng.pick(&[2, 2, 3, 3, 4, 5, 6, 8, 12, 16]).unwrap_or(&2);
        // A slow network with small sockets carries nothing in the time there is.
        let networks = [
            (200, 100, 60),
            (200, 2_000, 200),
            (1_000, 20_000, 2_000),
            (1_000, 200_000, 20_000),
            (5_000, 200_000, 70_000),
            (20_000, 200_000, 70_000),
        ];
        let (delay_max, socket_bytes, piece_bytes) = *rng.pick(&networks).unwrap_or(&networks[0]);
        let is_narrow = socket_bytes < 20_000;
        // Sometimes one kind of fault is missing: the others show more.
        let maybe = |rng: &mut Rng, low, high| {
            if rng.permille(250) {
                0
            } else {
                rng.between(low, high)
            }
        };
        let modes = [Mode::None, Mode::Mac, Mode::Aead];
        let burst: u64 = *rng.pick(&[1, 3, 40, 600]).unwrap_or(&1);
        Self {
            nodes,
            delay: (20, delay_max),
            slow_permille: if is_narrow {
                0
            } else {
                *rng.pick(&[0, 5, 30]).unwrap_or(&0)
            },
            slow_conn_permille: if is_narrow {
                0
            } else {
                *rng.pick(&[0, 0, 300]).unwrap_or(&0)
            },
            socket_bytes,
            piece_bytes,
            duration: 1_500_000,
            call_every: rng.between(1_000, 30_000) * u64::from(nodes) * burst.div_ceil(8),
            burst,
            bulk_permille: *rng.pick(&[0, 50, 300, 700]).unwrap_or(&0),
            bulk_bytes: if is_narrow {
                3_000
            } else {
                *rng.pick(&[5_000, 150_000]).unwrap_or(&5_000)
            },
            padding: if is_narrow { 30 } else { 3_000 },
            cancel_permille: *rng.pick(&[0, 100, 400]).unwrap_or(&0),
            nested_permille: *rng.pick(&[0, 200, 700]).unwrap_or(&0),
            break_every: *rng.pick(&[0, 3_000, 10_000, 40_000, 150_000]).unwrap_or(&0),
            cut_every: maybe(rng, 50_000, 500_000),
            crash_every: maybe(rng, 200_000, 900_000),
            stranger_every: maybe(rng, 2_000, 200_000),
            view_every: maybe(rng, 20_000, 400_000),
            view_spread: rng.between(1_000, 120_000),
            workers: rng.between(1, 3) as usize,
            window: *rng.pick(&[0, CREDITS_FIRST, 32, 256]).unwrap_or(&8),
            budget: *rng.pick(&[4, 64, 1000]).unwrap_or(&64),
            cheater: rng
                .permille(150)
                .then(|| rng.between(1, u64::from(nodes)) as u16),
            modes: [
                *rng.pick(&modes).unwrap_or(&Mode::Mac),
                *rng.pick(&modes).unwrap_or(&Mode::Mac),
            ],
            arriving_bytes_max: *rng.pick(&[200_000, 16 << 20]).unwrap_or(&200_000),
        }
    }
}
