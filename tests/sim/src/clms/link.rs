// SPDX-License-Identifier: GPL-2.0

//! Session between two lives.
//!
//! What ICS promises: in order and exactly once while both live, over connections
//! that break and come back. What was sent and not delivered waits for the next
//! connection; a death ends it, and what was on the wire may still arrive.

use std::{
    collections::VecDeque,
    rc::Rc, //
};

/// A session.
#[derive(Clone, Debug)]
pub struct Link {
    /// The two lives, of the lower node first.
    pub lives: [u64; 2],
    /// Whether a connection is up.
    pub is_up: bool,
    /// Which connection.
    pub generation: u64,
    /// Whether one is being made.
    pub is_connecting: bool,
    /// When one of the two has died: until when its words arrive.
    pub until: Option<u64>,
    /// What is not delivered yet, from the lower and from the higher node.
    pub ways: [Way; 2],
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// Sent and not delivered, with numbers.
    pub queue: VecDeque<(u64, Rc<[u8]>)>,
    /// Number of the next message.
    pub next: u64,
    /// When the last one arrives.
    pub last: u64,
}

impl Link {
    /// A session without connection.
    pub fn new(lives: [u64; 2]) -> Self {
        Self {
            lives,
            is_up: false,
            generation: 0,
            is_connecting: false,
            until: None,
            ways: Default::default(),
        }
    }
}
