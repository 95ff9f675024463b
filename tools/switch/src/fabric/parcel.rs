// SPDX-License-Identifier: GPL-2.0

//! A frame kept for later.
//!
//! A frame that can go at once is never copied. One that cannot becomes a
//! parcel, which remembers whose it is.

use crate::port::PortId;

/// A copy of a frame on its way from one port to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// The port it came in by.
    pub(crate) from: PortId,
    /// The port it goes out of.
    pub(crate) to: PortId,
    /// The frame.
    pub(crate) bytes: Vec<u8>,
}
