// SPDX-License-Identifier: GPL-2.0

//! What a node says of itself.
//!
//! Told once, when it joins, and known to all from then on.

use crate::{
    ids::NODES_LEN,
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

/// What a node is made of; zeros for one that never joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Number of processors.
    pub cpus: u16,
    /// Memory, in pages.
    pub memory_pages: u64,
}

/// The facts of every node, at [`NodeId::index`](crate::ids::NodeId::index).
pub type FactsTable = [Facts; NODES_LEN];

impl Facts {
    /// Nothing is known.
    pub const NONE: Self = Self {
        cpus: 0,
        memory_pages: 0,
    };

    pub(super) fn write(self, out: &mut Writer<'_>) {
        out.u16(self.cpus).u64(self.memory_pages);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            cpus: from.u16()?,
            memory_pages: from.u64()?,
        })
    }
}
