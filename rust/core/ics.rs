// SPDX-License-Identifier: GPL-2.0

//! Decisions of ICS.
//!
//! What the links between nodes decide, a file each; `rust/ics` carries it out.
//!
//! | what | modules |
//! | --- | --- |
//! | layout of what travels | [`frame`], [`payload`], [`hello`], [`beat`] |
//! | who may come in | [`handshake`], [`lives`], [`seal`], [`ration`] |
//! | each frame once and in order | [`session`] |
//! | calls | [`call`], [`served`], [`table`], [`credit`], [`priority`], [`epoch_gate`] |
//! | transfers | [`bulk`] |
//! | making connections | [`dial`] |

pub mod beat;
pub mod bulk;
pub mod call;
pub mod credit;
pub mod dial;
pub mod epoch_gate;
pub mod frame;
pub mod handshake;
pub mod hello;
pub mod lives;
pub mod payload;
pub mod priority;
pub mod ration;
pub mod seal;
pub mod served;
pub mod session;
pub mod table;

#[cfg(test)]
pub(crate) mod tests;
