// SPDX-License-Identifier: GPL-2.0

//! Words of a command line.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    node_set::NodeSet, //
};

use crate::engine;

/// A command and its `name=value` words.
#[derive(Clone, Copy)]
pub(super) struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self(line)
    }

    /// The first word.
    pub(super) fn command(&self) -> &'a str {
        self.0.split_whitespace().next().unwrap_or_default()
    }

    /// The value of `name`.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The number behind `name`, `default` without it.
    ///
    /// # Errors
    ///
    /// `EINVAL` when it is none or more than `max`.
    pub(super) fn number(&self, name: &str, default: usize, max: usize) -> Result<usize> {
        let number = match self.text(name) {
            None => default,
            Some(text) => text.parse().map_err(|_| EINVAL)?,
        };
        (number <= max).then_some(number).ok_or(EINVAL)
    }

    /// The node behind `node=`.
    pub(super) fn node(&self) -> Result<NodeId> {
        let text = self.text("node").ok_or(EINVAL)?;
        NodeId::parse(text.as_bytes()).map_err(|_| EINVAL)
    }

    /// The nodes behind `nodes=`, joined by commas; all other members without it.
    pub(super) fn nodes(&self) -> Result<NodeSet> {
        match self.text("nodes") {
            None => Ok(others()),
            Some(text) => {
                let mut nodes = NodeSet::EMPTY;
                for node in text.split(',') {
                    nodes.insert(NodeId::parse(node.as_bytes()).map_err(|_| EINVAL)?);
                }
                Ok(nodes)
            }
        }
    }
}

/// All other members.
fn others() -> NodeSet {
    let Some(engine) = engine::get() else {
        return NodeSet::EMPTY;
    };
    engine
        .peers()
        .filter(|peer| peer.with(|inner| inner.member().is_some()))
        .map(|peer| peer.node)
        .collect()
}
