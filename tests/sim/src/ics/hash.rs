// SPDX-License-Identifier: GPL-2.0

//! Hashes that keep nothing secret.
//!
//! They stand for HMAC-SHA256 and Poly1305: what is not the same has another
//! hash, and that is all a simulation needs.

use ssi_core::ics::{
    handshake::Hmac,
    seal::{Key, TAG_BYTES},
};

/// Stands for HMAC-SHA256.
pub struct Toy;

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

/// Stands for the tag of a frame. Of a long frame only the beginning counts.
pub fn tag(key: &Key, nonce: u64, frame: &[u8]) -> [u8; TAG_BYTES] {
    let beginning = &frame[..frame.len().min(64)];
    let parts = [
        &nonce.to_le_bytes()[..],
        &frame.len().to_le_bytes(),
        beginning,
    ];
    let code = Toy.hmac_sha256(&key.0, &parts);
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&code[..TAG_BYTES]);
    tag
}

/// The byte at `offset` of a transfer.
pub fn pattern(token: u64, of_reply: bool, offset: u32) -> u8 {
    let mixed = token
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(u64::from(offset).wrapping_mul(0xbf58_476d))
        .wrapping_add(u64::from(of_reply));
    mixed.to_le_bytes()[3]
}
