// SPDX-License-Identifier: GPL-2.0

//! What the switch has seen.
//!
//! A [`Report`] is a copy taken at one moment. It carries numbers only, so
//! that it can travel as JSON to whoever asks.

use serde::{
    Deserialize,
    Serialize, //
};

use crate::fault::Fault;

/// The switch at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What the fate of frames was drawn from.
    pub seed: u64,
    /// Every port in use, lowest first.
    pub ports: Vec<PortReport>,
    /// Every fault that is on; empty if the network is sound.
    pub faults: Vec<Fault>,
}

/// A port since it was added.
///
/// "In" is from the node into the switch. A flooded frame counts once going
/// in and once at every port it goes out of. Frames that did not make it are
/// counted at the port they would have gone out of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortReport {
    /// The number of the port.
    pub port: u8,
    /// Whether the node's end of the socket is still open somewhere.
    pub open: bool,
    /// MAC addresses known behind the port.
    pub stations: usize,
    /// Frames in.
    pub in_frames: u64,
    /// Bytes in.
    pub in_bytes: u64,
    /// Frames out.
    pub out_frames: u64,
    /// Bytes out.
    pub out_bytes: u64,
    /// Frames that wait now because the node does not read.
    pub queued_frames: usize,
    /// Bytes of the frames that wait now.
    pub queued_bytes: usize,
    /// Frames thrown away: the port was full, was flushed, or its socket gone.
    pub dropped: u64,
    /// Frames lost to a cut or to loss.
    pub lost: u64,
    /// Frames that a delay or a reorder held back.
    pub delayed: u64,
    /// What came in, was no Ethernet frame and went nowhere; not in `in_frames`.
    pub malformed: u64,
}
