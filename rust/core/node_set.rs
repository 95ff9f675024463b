// SPDX-License-Identifier: GPL-2.0

//! Set of nodes.
//!
//! A bitmap with a bit for every [`NodeId`], walked in the order of the numbers,
//! so that all nodes go through a set in the same order.

use core::fmt;

use crate::ids::{
    NodeId,
    NODES_LEN, //
};

const WORD_BITS: usize = 64;

/// Number of 64-bit words of a set.
pub const NODE_SET_WORDS: usize = NODES_LEN / WORD_BITS;

/// A set of nodes.
///
/// # Invariants
///
/// Bit `n % 64` of word `n / 64` stands for node `n`; the bit of 0 is clear.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct NodeSet([u64; NODE_SET_WORDS]);

impl NodeSet {
    /// No node.
    pub const EMPTY: Self = Self([0; NODE_SET_WORDS]);

    /// Only `node`.
    pub fn only(node: NodeId) -> Self {
        let mut set = Self::EMPTY;
        set.insert(node);
        set
    }

    /// The set `words` describe; the bit of 0 is dropped.
    pub fn from_words(mut words: [u64; NODE_SET_WORDS]) -> Self {
        for first in words.iter_mut().take(1) {
            // INVARIANT: The bit of 0 is cleared here.
            *first &= !1;
        }
        Self(words)
    }

    /// The words, as in [`from_words`](Self::from_words).
    pub const fn words(&self) -> &[u64; NODE_SET_WORDS] {
        &self.0
    }

    /// Whether `node` is in.
    pub fn contains(&self, node: NodeId) -> bool {
        let (word, bit) = place(node);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Adds `node`; whether it was missing.
    pub fn insert(&mut self, node: NodeId) -> bool {
        let was_missing = !self.contains(node);
        let (word, bit) = place(node);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
        was_missing
    }

    /// Takes `node` out; whether it was in.
    pub fn remove(&mut self, node: NodeId) -> bool {
        let was_in = self.contains(node);
        let (word, bit) = place(node);
        if let Some(word) = self.0.get_mut(word) {
            *word &= !bit;
        }
        was_in
    }

    /// The set with `node` in it.
    pub fn with(mut self, node: NodeId) -> Self {
        self.insert(node);
        self
    }

    /// The set without `node`.
    pub fn without(mut self, node: NodeId) -> Self {
        self.remove(node);
        self
    }

    /// Nodes in either set.
    pub fn union(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    /// Nodes in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    /// Nodes of this set that are not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    /// Whether every node of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }

    /// Whether no node is in.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The node with the lowest number.
    pub fn first(&self) -> Option<NodeId> {
        self.iter().next()
    }

    /// The nodes in the order of their numbers.
    pub fn iter(&self) -> Nodes {
        Nodes {
            set: *self,
            next_word: 0,
        }
    }

    fn zip(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        for (word, other) in words.iter_mut().zip(&other.0) {
            *word = combine(*word, *other);
        }
        // INVARIANT: Clear in both, the bit of 0 is clear in all combinations.
        Self(words)
    }
}

/// Word and bit of a node.
fn place(node: NodeId) -> (usize, u64) {
    let index = node.index();
    (index / WORD_BITS, 1 << (index % WORD_BITS))
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        nodes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl IntoIterator for NodeSet {
    type Item = NodeId;
    type IntoIter = Nodes;

    fn into_iter(self) -> Nodes {
        self.iter()
    }
}

/// The nodes of a set, in the order of their numbers.
#[derive(Clone, Debug)]
pub struct Nodes {
    set: NodeSet,
    next_word: usize,
}

impl Iterator for Nodes {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        loop {
            let word = self.set.0.get_mut(self.next_word)?;
            if *word == 0 {
                self.next_word = self.next_word.saturating_add(1);
                continue;
            }
            let bit = usize::try_from(word.trailing_zeros()).ok()?;
            *word &= word.wrapping_sub(1);
            let number = self.next_word.checked_mul(WORD_BITS)?.checked_add(bit)?;
            return NodeId::new(number.try_into().ok()?);
        }
    }
}

/// Node numbers, neighbours joined: `1-3,7`, and `-` for none.
impl fmt::Display for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("-");
        }
        let mut nodes = self.iter().peekable();
        let mut separator = "";
        while let Some(first) = nodes.next() {
            let mut last = first;
            while let Some(next) =
                nodes.next_if(|next| next.index() == last.index().saturating_add(1))
            {
                last = next;
            }
            write!(f, "{separator}{first}")?;
            if last != first {
                write!(f, "-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    fn set(numbers: &[u8]) -> NodeSet {
        numbers
            .iter()
            .map(|&n| NodeId::new(NodeNumber::from(n)).unwrap())
            .collect()
    }

    #[test]
    fn members_come_out_in_order() {
        let numbers: Vec<_> = set(&[63, 1, 7]).iter().map(|node| node.index()).collect();
        assert_eq!(numbers, [1, 7, 63]);
    }

    #[test]
    fn the_algebra_is_that_of_sets() {
        let (a, b) = (set(&[1, 2, 3]), set(&[3, 4]));
        assert_eq!(a.union(&b), set(&[1, 2, 3, 4]));
        assert_eq!(a.intersection(&b), set(&[3]));
        assert_eq!(a.difference(&b), set(&[1, 2]));
        assert!(set(&[3]).is_subset(&a) && !b.is_subset(&a));
        assert_eq!((a.len(), a.first()), (3, NodeId::new(1)));
    }

    #[test]
    fn inserting_and_removing_say_what_changed() {
        let node = NodeId::new(5).unwrap();
        let mut set = NodeSet::EMPTY;
        assert!(set.insert(node) && !set.insert(node));
        assert!(set.remove(node) && !set.remove(node));
        assert!(set.is_empty());
    }

    #[test]
    fn node_zero_does_not_come_in_by_words() {
        let mut words = [0; NODE_SET_WORDS];
        words[0] = 0b11;
        assert_eq!(NodeSet::from_words(words), set(&[1]));
    }

    #[test]
    fn a_set_is_printed_in_ranges() {
        for (numbers, text) in [
            (&[][..], "-"),
            (&[4], "4"),
            (&[1, 2, 3, 7], "1-3,7"),
            (&[1, 3, 62, 63], "1,3,62-63"),
        ] {
            assert_eq!(set(numbers).to_string(), text);
        }
    }
}
