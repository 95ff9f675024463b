// SPDX-License-Identifier: GPL-2.0

//! Golden vectors.
//!
//! Known inputs and the answers they must have, run on the host and inside the
//! kernel: the two builds of one source must agree.

use crate::{
    address::NodeAddress,
    identity::{
        Identity,
        Words, //
    },
    ids::NodeId, //
};

pub mod ics;

/// Text of a node number and the number it is, 0 for a refusal.
const NODE_TEXTS: [(&[u8], u8); 7] = [
    (b"1", 1),
    (b"9", 9),
    (b"63", 63),
    (b"64", 0),
    (b"0", 0),
    (b"007", 0),
    (b"", 0),
];

/// Node numbers and their addresses.
const ADDRESSES: [(u8, [u8; 4]); 2] = [(1, [10, 83, 0, 1]), (63, [10, 83, 0, 63])];

/// The first vector that does not hold, `None` when all do.
pub fn first_failure() -> Option<&'static str> {
    if !NODE_TEXTS
        .iter()
        .all(|(text, number)| parses_to(text, *number))
    {
        return Some("node numbers");
    }
    if !ADDRESSES
        .iter()
        .all(|(number, octets)| has_address(*number, *octets))
    {
        return Some("addresses");
    }
    if !identities_hold() {
        return Some("identities");
    }
    ics::first_failure()
}

fn parses_to(text: &[u8], number: u8) -> bool {
    NodeId::parse(text).map_or(0, NodeId::get) == number
}

fn has_address(number: u8, octets: [u8; 4]) -> bool {
    NodeId::new(number).is_some_and(|node| NodeAddress::of(node).octets() == octets)
}

fn identities_hold() -> bool {
    let words = Words {
        node: b"2",
        cluster: b"lab",
    };
    let is_member = matches!(
        Identity::read(words, 1),
        Ok(Identity::Member(member)) if member.cluster.as_str() == "lab"
    );
    is_member && Identity::read(words, 2).is_err()
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_hold() {
        assert_eq!(super::first_failure(), None);
    }
}
