// SPDX-License-Identifier: GPL-2.0

//! Addresses on the cluster network.
//!
//! A node's address follows from its number, so that peers find each other
//! without asking: node `N` is `10.83.0.N/24`. The launcher gives the interface
//! the matching hardware address; see `Documentation/uml.rst`.

use core::fmt;

use crate::ids::{
    NodeId,
    NodeNumber, //
};

/// Network part of every address.
const NETWORK: [u8; 3] = [10, 83, 0];

/// Number of bits in the network part.
pub const PREFIX_BITS: u8 = 24;

/// An IPv4 address of a node on the cluster network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeAddress([u8; 4]);

impl NodeAddress {
    /// The address of `node`.
    pub const fn of(node: NodeId) -> Self {
        let [a, b, c] = NETWORK;
        // The launcher's networks end at node 63; simulated nodes have no address.
        let [.., host] = node.get().to_be_bytes();
        Self([a, b, c, host])
    }

    /// The four bytes in network order.
    pub const fn octets(self) -> [u8; 4] {
        self.0
    }

    /// Mask of the network part, in network order.
    pub const fn mask() -> [u8; 4] {
        [255, 255, 255, 0]
    }

    /// The node an address belongs to, `None` for a stranger's.
    pub fn node(octets: [u8; 4]) -> Option<NodeId> {
        let [a, b, c, host] = octets;
        NodeId::new(NodeNumber::from(host)).filter(|_| [a, b, c] == NETWORK)
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_node() {
        for number in 1..=crate::ids::NODE_MAX {
            let node = NodeId::new(number).unwrap();
            assert_eq!(
                NodeAddress::node(NodeAddress::of(node).octets()),
                Some(node)
            );
        }
    }

    #[test]
    fn strangers_have_no_node() {
        for octets in [
            [10, 83, 0, 0],
            [10, 83, 0, 64],
            [10, 83, 1, 1],
            [127, 0, 0, 1],
        ] {
            assert_eq!(NodeAddress::node(octets), None, "{octets:?}");
        }
    }

    #[test]
    fn the_mask_has_the_bits_of_the_prefix() {
        let bits = u32::from_be_bytes(NodeAddress::mask()).leading_ones();
        assert_eq!(bits, u32::from(PREFIX_BITS));
    }
}
