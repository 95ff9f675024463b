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
use ssi_switch::DELAY_MS_MAX;

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

/// Reads a delay in milliseconds.
pub(crate) fn delay_ms(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(delay_ms @ 0..=DELAY_MS_MAX) => Ok(delay_ms),
        _ => Err(format!("a delay is 0 to {DELAY_MS_MAX} milliseconds")),
    }
}

/// Reads a share of a hundred.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("a share is 0 to 100 percent".to_owned()),
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
    fn amounts_of_faults_have_ends() {
        assert_eq!((delay_ms("0"), delay_ms("60000")), (Ok(0), Ok(60_000)));
        for text in ["-1", "60001", "soon", "1.5"] {
            assert!(delay_ms(text).unwrap_err().contains("delay"), "{text}");
        }
        assert_eq!((percent("0"), percent("99.5")), (Ok(0.0), Ok(99.5)));
        for text in ["-0.1", "101", "half", "NaN"] {
            assert!(percent(text).unwrap_err().contains("100"), "{text}");
        }
    }

    #[test]
    fn a_wrong_name_is_told_what_a_name_is() {
        assert!(cluster("My Cluster").unwrap_err().contains("a-z"));
        assert!(node("64").unwrap_err().contains("1 to 63"));
    }
}
