// SPDX-License-Identifier: GPL-2.0

//! Membership of the cluster.
//!
//! The decisions of CLMS: who is in, in which order that changes, who coordinates,
//! who may be killed. [`machine`] is a node's half, [`arbiter`] the supervisor's;
//! both are fed events and answer with values.
//!
//! | file | its noun |
//! | --- | --- |
//! | [`machine`] | a node: detects, joins, elects, changes views |
//! | [`arbiter`] | the supervisor: lives, deaths, founder, fences |
//! | [`quorum`] | who may have whom killed |
//! | [`ballot`] | number of an attempt to lead |
//! | [`transition`], [`history`] | a change of a node's state; the last ones |
//! | [`subsystems`], [`key_service`] | what a view means to those above |
//! | [`event`], [`facts`], [`parameters`], [`statistics`] | the driver's side |

pub mod arbiter;
pub mod ballot;
mod barrier;
pub mod beat;
pub mod detector;
pub mod event;
pub mod facts;
pub mod history;
pub mod key_service;
pub mod machine;
mod membership;
pub mod message;
pub mod parameters;
mod proposal;
pub mod quorum;
pub mod statistics;
pub mod subsystems;
pub mod transition;
