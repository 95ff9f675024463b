// SPDX-License-Identifier: GPL-2.0

//! Names of nodes and clusters.
//!
//! [`NodeId`] is the number every other identifier is built on (a pid carries
//! it in its upper bits), [`ClusterName`] tells two clusters on one network
//! apart. Both are checked where text or a frame comes in and trusted from
//! there on.

use core::{
    fmt,
    str, //
};

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// A node's number as a number; wider in the simulator's clusters.
#[cfg(not(feature = "wide"))]
pub type NodeNumber = u8;
/// A node's number as a number; wider in the simulator's clusters.
#[cfg(feature = "wide")]
pub type NodeNumber = u16;

/// Number of the highest node: a pid is 22 bits, 16 of them local to the node.
#[cfg(not(feature = "wide"))]
pub const NODE_MAX: NodeNumber = 63;
/// Number of the highest node of a simulated cluster.
#[cfg(feature = "wide")]
pub const NODE_MAX: NodeNumber = 511;

/// Length of a table with a place for every node and an unused one for 0.
#[cfg(not(feature = "wide"))]
pub const NODES_LEN: usize = 64;
/// Length of a table with a place for every node and an unused one for 0.
#[cfg(feature = "wide")]
pub const NODES_LEN: usize = 512;

/// Longest name of a cluster, in bytes.
pub const CLUSTER_NAME_BYTES_MAX: usize = 32;

/// A cluster node.
///
/// # Invariants
///
/// The number lies in `1..=NODE_MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(NodeNumber);

impl NodeId {
    /// The node with `number`, `None` outside `1..=NODE_MAX`.
    pub const fn new(number: NodeNumber) -> Option<Self> {
        match number {
            // INVARIANT: The arm is the range.
            1..=NODE_MAX => Some(Self(number)),
            _ => None,
        }
    }

    /// Reads a decimal number without sign, spaces or leading zeros.
    ///
    /// # Errors
    ///
    /// [`ParseNodeIdError`] for everything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseNodeIdError> {
        let digits = str::from_utf8(text).map_err(|_| ParseNodeIdError)?;
        if !text.iter().all(u8::is_ascii_digit) || text.first() == Some(&b'0') {
            return Err(ParseNodeIdError);
        }
        let number = digits.parse().map_err(|_| ParseNodeIdError)?;
        Self::new(number).ok_or(ParseNodeIdError)
    }

    /// Takes one off a message: two bytes.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is no node.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::read_maybe(from)?.ok_or(Malformed)
    }

    /// As [`read`](Self::read), or none, which is 0.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for a number above those of nodes.
    pub fn read_maybe(from: &mut Reader<'_>) -> Result<Option<Self>, Malformed> {
        match NodeNumber::try_from(from.u16()?) {
            Ok(0) => Ok(None),
            Ok(number) => Self::new(number).map(Some).ok_or(Malformed),
            Err(_) => Err(Malformed),
        }
    }

    /// Puts what [`read_maybe`](Self::read_maybe) takes into a message.
    pub fn write_maybe(node: Option<Self>, out: &mut Writer<'_>) {
        out.u16(node.map_or(0, |node| u16::from(node.get())));
    }

    /// The number, `1..=NODE_MAX`.
    pub const fn get(self) -> NodeNumber {
        self.0
    }

    /// The node's place in a table of [`NODES_LEN`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Every node there can be, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=NODE_MAX).filter_map(Self::new)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is not the number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseNodeIdError;

impl fmt::Display for ParseNodeIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a node number, 1 to {NODE_MAX}")
    }
}

/// One life of a node: a later life of the same node has a larger one.
///
/// Given by the launcher's supervisor, strictly increasing over all nodes of a
/// cluster and for as long as the cluster exists. 0 is no life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A node in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance {
    /// The node.
    pub node: NodeId,
    /// Which of its lives.
    pub incarnation: Incarnation,
}

impl Instance {
    /// `node` in its life `incarnation`.
    pub const fn new(node: NodeId, incarnation: Incarnation) -> Self {
        Self { node, incarnation }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node, self.incarnation)
    }
}

/// Number of a view of the membership; every frame carries one.
///
/// 0 is "no view yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

impl Epoch {
    /// No view yet.
    pub const NONE: Self = Self(0);

    /// The epoch behind this one. Stays at the last one there is: at a change a
    /// second that is in 136 years.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Name of a cluster.
///
/// # Invariants
///
/// `len` is in `1..=CLUSTER_NAME_BYTES_MAX`; the first `len` bytes are lower
/// case letters, digits and hyphens and begin with a letter or digit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClusterName {
    bytes: [u8; CLUSTER_NAME_BYTES_MAX],
    len: usize,
}

impl ClusterName {
    /// The name of a cluster nobody named.
    pub const DEFAULT: Self = Self {
        // INVARIANT: Seven lower case letters.
        bytes: *b"default\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        len: 7,
    };

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`ParseClusterNameError`] where the invariants of the type do not hold.
    pub fn parse(text: &[u8]) -> Result<Self, ParseClusterNameError> {
        let begins_well = text.first().is_some_and(|&first| first != b'-');
        if !begins_well || !text.iter().all(|&byte| is_name_byte(byte)) {
            return Err(ParseClusterNameError);
        }
        let mut bytes = [0; CLUSTER_NAME_BYTES_MAX];
        bytes
            .get_mut(..text.len())
            .ok_or(ParseClusterNameError)?
            .copy_from_slice(text);
        // INVARIANT: All of them were just checked.
        Ok(Self {
            bytes,
            len: text.len(),
        })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..self.len)
            .and_then(|name| str::from_utf8(name).ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// The text is not the name of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseClusterNameError;

impl fmt::Display for ParseClusterNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a cluster name, 1 to {CLUSTER_NAME_BYTES_MAX} of a-z, 0-9 and hyphens, \
             no hyphen first"
        )
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_numbers_of_nodes_are_nodes() {
        for number in 0..=u8::MAX {
            let number = NodeNumber::from(number);
            let text = number.to_string();
            let expected = (1..=NODE_MAX).contains(&number);
            assert_eq!(NodeId::new(number).is_some(), expected, "{number}");
            assert_eq!(NodeId::parse(text.as_bytes()).is_ok(), expected, "{number}");
        }
    }

    #[test]
    fn a_node_or_none_arrives_as_it_was() {
        for number in 0..=NODE_MAX {
            let (node, mut room) = (NodeId::new(number), [0; 2]);
            NodeId::write_maybe(node, &mut Writer::new(&mut room));
            assert_eq!(NodeId::read_maybe(&mut Reader::new(&room)), Ok(node));
            let read = NodeId::read(&mut Reader::new(&room));
            assert_eq!(read, node.ok_or(Malformed));
        }
        let beyond = u16::from(NODE_MAX) + 1;
        for bytes in [&beyond.to_le_bytes()[..], &[0xff; 2], &[1]] {
            assert_eq!(NodeId::read_maybe(&mut Reader::new(bytes)), Err(Malformed));
        }
    }

    #[test]
    fn only_plain_numbers_are_read() {
        for text in ["", " 1", "1 ", "+1", "-1", "01", "1\n", "0x1", "256", "1.0"] {
            assert_eq!(
                NodeId::parse(text.as_bytes()),
                Err(ParseNodeIdError),
                "{text:?}"
            );
        }
        assert_eq!(NodeId::parse(b"\xff"), Err(ParseNodeIdError));
    }

    #[test]
    fn a_name_comes_back_as_it_was() {
        for text in ["a", "default", "lab-2", "7", &"x".repeat(32)] {
            assert_eq!(ClusterName::parse(text.as_bytes()).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "-a", "A", "a b", "a/b", "a\n", "é", &"x".repeat(33)] {
            let name = ClusterName::parse(text.as_bytes());
            assert_eq!(name, Err(ParseClusterNameError), "{text:?}");
        }
    }

    #[test]
    fn the_default_name_is_a_name() {
        let parsed = ClusterName::parse(b"default").unwrap();
        assert_eq!(parsed, ClusterName::DEFAULT);
    }
}
