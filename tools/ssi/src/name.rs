// SPDX-License-Identifier: GPL-2.0

//! Names and numbers people type.
//!
//! Text becomes a [`ClusterName`] or [`NodeId`] here, with words for those who
//! mistyped it. The rules are the kernel's own, from `ssi_core`.

use ssi_core::ids::{
    ClusterName,
    NodeId,
    NODE_MAX, //
};

/// Reads the name of a cluster.
pub(crate) fn cluster(text: &str) -> Result<ClusterName, String> {
    ClusterName::parse(text.as_bytes()).map_err(|why| why.to_string())
}

/// Reads the number of a node.
pub(crate) fn node(text: &str) -> Result<NodeId, String> {
    NodeId::parse(text.as_bytes()).map_err(|why| why.to_string())
}

/// Reads a number of nodes.
pub(crate) fn count(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(count @ 1..=NODE_MAX) => Ok(count),
        _ => Err(format!("a cluster has 1 to {NODE_MAX} nodes")),
    }
}

/// The node a number from the control socket stands for.
pub(crate) fn node_of(number: u8) -> Result<NodeId, String> {
    NodeId::new(number).ok_or_else(|| format!("{number} is not a node number, 1 to {NODE_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_end_with_the_nodes() {
        assert_eq!(count("1"), Ok(1));
        assert_eq!(count("63"), Ok(63));
        for text in ["0", "64", "", "-1", "three", "300"] {
            assert!(count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_name_is_told_what_a_name_is() {
        assert!(cluster("My Cluster").unwrap_err().contains("a-z"));
        assert!(node("64").unwrap_err().contains("1 to 63"));
    }
}
