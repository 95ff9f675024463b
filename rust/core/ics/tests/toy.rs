// SPDX-License-Identifier: GPL-2.0

//! Hash for tests.
//!
//! Depends on every bit of key and parts and keeps nothing secret.

use crate::ics::handshake::Hmac;

/// Stands for HMAC-SHA256.
pub(crate) struct Toy;

impl Hmac for Toy {
    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        let mut lanes = [1_u64, 2, 3, 4];
        for byte in key.iter().chain(parts.iter().copied().flatten()) {
            for lane in &mut lanes {
                *lane = (*lane ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
                *lane ^= *lane >> 29;
            }
        }
        let mut code = [0; 32];
        for (place, lane) in code.chunks_exact_mut(8).zip(lanes) {
            place.copy_from_slice(&lane.to_le_bytes());
        }
        code
    }
}
