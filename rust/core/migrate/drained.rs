// SPDX-License-Identifier: GPL-2.0

//! Nodes that are drained.
//!
//! Each knows it of itself, and tells the others with a number that rises: of two words that
//! overtook each other the later one counts.

use crate::{
    ids::{
        NodeId,
        NODES_LEN, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};

/// Bytes of a [`Word`].
pub const WORD_BYTES: usize = 9;

/// What a node says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// How often it changed in this life.
    pub version: u64,
    /// Whether it is drained.
    pub is_drained: bool,
}

impl Word {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u64(self.version).u8(self.is_drained.into());
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let word = Self {
            version: message.u64()?,
            is_drained: message.flag()?,
        };
        message.end()?;
        Ok(word)
    }
}

/// What a node knows of all.
pub struct Drained([Word; NODES_LEN]);

impl Drained {
    /// None is.
    pub const EMPTY: Self = Self(
        [Word {
            version: 0,
            is_drained: false,
        }; NODES_LEN],
    );

    /// Whether `node` is.
    pub fn is(&self, node: NodeId) -> bool {
        self.word_of(node).is_drained
    }

    /// What `node` said last.
    pub fn word_of(&self, node: NodeId) -> Word {
        self.0.get(node.index()).copied().unwrap_or_default()
    }

    /// This node, `me`, is from now on, or is not: what it tells the others; `None` if it says
    /// nothing new.
    pub fn change(&mut self, me: NodeId, is_drained: bool) -> Option<Word> {
        let before = self.word_of(me);
        let word = Word {
            version: before.version.saturating_add(1),
            is_drained,
        };
        (before.is_drained != is_drained).then(|| {
            self.told(me, word);
            word
        })
    }

    /// `node` says `word` of itself.
    pub fn told(&mut self, node: NodeId, word: Word) {
        if let Some(known) = self.0.get_mut(node.index()) {
            if word.version > known.version {
                *known = word;
            }
        }
    }

    /// This life of `node` is over.
    pub fn forget(&mut self, node: NodeId) {
        if let Some(known) = self.0.get_mut(node.index()) {
            *known = Word::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8) -> NodeId {
        NodeId::new(number).unwrap()
    }

    #[test]
    fn a_node_is_what_it_says() {
        let mut own = Drained::EMPTY;
        let mut other = Drained::EMPTY;
        let first = own.change(node(2), true).unwrap();
        assert_eq!(own.change(node(2), true), None);
        let second = own.change(node(2), false).unwrap();
        other.told(node(2), first);
        assert!(other.is(node(2)) && !other.is(node(3)));
        other.told(node(2), second);
        assert!(!other.is(node(2)));
    }

    #[test]
    fn of_two_words_the_later_counts() {
        let mut own = Drained::EMPTY;
        let mut other = Drained::EMPTY;
        let first = own.change(node(2), true).unwrap();
        let second = own.change(node(2), false).unwrap();
        other.told(node(2), second);
        other.told(node(2), first);
        assert!(!other.is(node(2)));
    }

    #[test]
    fn the_next_life_begins_anew() {
        let mut other = Drained::EMPTY;
        other.told(
            node(2),
            Word {
                version: 9,
                is_drained: true,
            },
        );
        other.forget(node(2));
        assert!(!other.is(node(2)));
        other.told(
            node(2),
            Word {
                version: 1,
                is_drained: true,
            },
        );
        assert!(other.is(node(2)));
    }

    #[test]
    fn a_word_travels() {
        let word = Word {
            version: 7,
            is_drained: true,
        };
        let mut bytes = [0; WORD_BYTES];
        word.encode(&mut Writer::new(&mut bytes));
        assert_eq!(Word::decode(Reader::new(&bytes)), Ok(word));
        assert!(Word::decode(Reader::new(&bytes[1..])).is_err());
        bytes[WORD_BYTES - 1] = 2;
        assert!(Word::decode(Reader::new(&bytes)).is_err());
    }
}
