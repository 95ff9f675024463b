// SPDX-License-Identifier: GPL-2.0

//! Commands on a node.
//!
//! One connection runs one command. The host sends a [`Request`], then standard
//! input and signals; the node's agent sends output and, last, the [`Outcome`].
//! Both directions are frames ([`frame`]), and each of the three byte streams has
//! a window of its own ([`window`]), so that one that nobody reads never holds up
//! another. The host's side is [`client::run`]; the node's is the agent.
//!
//! The agent's second port speaks JSON lines instead: see [`control`].

pub mod client;
pub mod control;
mod fields;
pub mod frame;
mod inbox;
pub mod node;
mod outcome;
mod request;
pub mod window;

pub use outcome::Outcome;
pub use request::{Request, RequestError, Size, Tty};

/// TCP port of the agent on which one connection runs one command.
pub const EXEC_PORT: u16 = 83;

/// TCP port of the agent for [`control`].
pub const CONTROL_PORT: u16 = 84;
