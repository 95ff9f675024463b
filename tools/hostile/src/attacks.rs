// SPDX-License-Identifier: GPL-2.0

//! Attacks there are.
//!
//! A file each, or one for those of a kind. A new one is named here and nowhere
//! else.

mod bit_flips;
mod changed_hello;
mod connect_flood;
mod early_frames;
mod garbage;
mod half_open;
mod injection;
mod kinds;
mod later_life;
mod link_resets;
mod lone_reset;
mod oversize;
mod reflection;
mod replay_beats;
mod replay_session;
mod slow;
mod spoofed_resets;
mod syn_flood;
mod truncated;
mod udp_garbage;
mod unknown_node;
mod wrong_proof;

use crate::attack::Attack;

/// All of them, in the order they are carried out.
pub(crate) const ALL: &[&dyn Attack] = &[
    &garbage::Garbage,
    &truncated::Truncated,
    &oversize::Oversize,
    &kinds::Kinds,
    &bit_flips::BitFlips,
    &early_frames::EarlyFrames,
    &wrong_proof::WrongProof,
    &reflection::Reflection,
    &changed_hello::FOREIGN_CLUSTER,
    &changed_hello::OTHER_KERNEL,
    &changed_hello::OLD_LIFE,
    &later_life::LaterLife,
    &unknown_node::UnknownNode,
    &changed_hello::DUPLICATE_NODE,
    &replay_session::ReplaySession,
    &replay_beats::ReplayBeats,
    &udp_garbage::UdpGarbage,
    &slow::Slow,
    &half_open::HalfOpen,
    &connect_flood::ConnectFlood,
    &spoofed_resets::SpoofedResets,
    &injection::Injection,
    &link_resets::LinkResets,
    &lone_reset::LoneReset,
    &syn_flood::SynFlood,
];
