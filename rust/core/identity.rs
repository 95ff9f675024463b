// SPDX-License-Identifier: GPL-2.0

//! Who this kernel is.
//!
//! The kernel command line names the node (`ssi.node=`) and its cluster
//! (`ssi.cluster=`). [`Identity::read`] decides what that makes of this kernel:
//! a node, a kernel of its own, or a refusal with words for its user.

use core::fmt;

use crate::ids::{
    ClusterName,
    NodeId,
    ParseClusterNameError,
    ParseNodeIdError, //
};

/// What a kernel is to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// No node number was given: a kernel of its own, SSI stays quiet.
    Alone,
    /// A node of a cluster.
    Member(Member),
}

/// A node and the cluster it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The node's number in the cluster.
    pub node: NodeId,
    /// The cluster.
    pub cluster: ClusterName,
}

/// The words of the command line; an absent one is empty.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Behind `ssi.node=`.
    pub node: &'a [u8],
    /// Behind `ssi.cluster=`.
    pub cluster: &'a [u8],
}

impl Identity {
    /// Decides from the command line and the number of processors.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when a word is malformed, or when the kernel has more than
    /// one processor.
    pub fn read(words: Words<'_>, processors: u32) -> Result<Self, Refusal> {
        if words.node.is_empty() {
            return Ok(Self::Alone);
        }
        let node = NodeId::parse(words.node).map_err(Refusal::Node)?;
        let cluster = match words.cluster {
            b"" => ClusterName::DEFAULT,
            text => ClusterName::parse(text).map_err(Refusal::Cluster)?,
        };
        if processors > 1 {
            return Err(Refusal::Processors(processors));
        }
        Ok(Self::Member(Member { node, cluster }))
    }
}

/// Why a kernel that was meant to be a node does not become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `ssi.node=` is no node number.
    Node(ParseNodeIdError),
    /// `ssi.cluster=` is no cluster name.
    Cluster(ParseClusterNameError),
    /// The kernel has this many processors. UML has no synchronous TLB
    /// shootdown, so a page taken away could still be written by a second one.
    Processors(u32),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(why) => write!(f, "ssi.node= is {why}"),
            Self::Cluster(why) => write!(f, "ssi.cluster= is {why}"),
            Self::Processors(count) => write!(
                f,
                "a node has one processor and this kernel has {count} \
                 (no synchronous TLB shootdown): boot more nodes instead of ncpus="
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(node: &str, cluster: &str, processors: u32) -> Result<Identity, Refusal> {
        let words = Words {
            node: node.as_bytes(),
            cluster: cluster.as_bytes(),
        };
        Identity::read(words, processors)
    }

    #[test]
    fn without_a_number_a_kernel_is_alone() {
        assert_eq!(read("", "lab", 1), Ok(Identity::Alone));
        assert_eq!(read("", "", 8), Ok(Identity::Alone));
    }

    #[test]
    fn a_number_makes_a_member_of_the_default_cluster() {
        let Ok(Identity::Member(member)) = read("3", "", 1) else {
            panic!("not a member");
        };
        assert_eq!((member.node.get(), member.cluster.as_str()), (3, "default"));
    }

    #[test]
    fn every_refusal_says_what_is_wrong() {
        let cases = [
            (read("64", "", 1), "ssi.node= is not a node number, 1 to 63"),
            (read("1", "No", 1), "ssi.cluster= is not a cluster name"),
            (read("1", "", 2), "one processor and this kernel has 2"),
        ];
        for (identity, words) in cases {
            let text = identity.unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }
}
