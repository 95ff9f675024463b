// SPDX-License-Identifier: GPL-2.0

//! Lives of one peer.
//!
//! Which life of a node a connection may belong to: that of the session there
//! is, or a later one. A life that is over never comes back.

use crate::ids::Incarnation;

use super::hello::{
    Peer,
    Reason, //
};

/// What this node knows of the lives of one other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    /// Whom the session is with, if there is one.
    current: Option<Peer>,
    /// This life and those before it are over.
    over: Incarnation,
}

/// What a connection of a peer that proved itself means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no session: it begins.
    First,
    /// The session goes on. The connection replaces the one it has, if any.
    Same,
    /// The node lives again: the session with this earlier life ends first.
    Later(Peer),
}

impl Lives {
    /// Whom the session is with.
    pub const fn current(&self) -> Option<Peer> {
        self.current
    }

    /// What a connection of `peer` would mean.
    ///
    /// # Errors
    ///
    /// [`Reason::OldIncarnation`] for a life that is over, and
    /// [`Reason::DuplicateNode`] for a second kernel in the same life.
    pub fn judge(&self, peer: Peer) -> Result<Standing, Reason> {
        let life = peer.instance.incarnation;
        if life <= self.over {
            return Err(Reason::OldIncarnation);
        }
        let Some(current) = self.current else {
            return Ok(Standing::First);
        };
        if current == peer {
            Ok(Standing::Same)
        } else if life > current.instance.incarnation {
            Ok(Standing::Later(current))
        } else if life == current.instance.incarnation {
            Err(Reason::DuplicateNode)
        } else {
            Err(Reason::OldIncarnation)
        }
    }

    /// Takes in that `peer` proved itself; the answer of [`judge`](Self::judge).
    ///
    /// # Errors
    ///
    /// As there; nothing changes then.
    pub fn begin(&mut self, peer: Peer) -> Result<Standing, Reason> {
        let standing = self.judge(peer)?;
        if let Standing::Later(earlier) = standing {
            self.end(earlier.instance.incarnation);
        }
        self.current = Some(peer);
        Ok(standing)
    }

    /// Takes in that a life and all before it are over. Gives the peer whose
    /// session that ends.
    pub fn end(&mut self, life: Incarnation) -> Option<Peer> {
        self.over = self.over.max(life);
        self.current
            .take_if(|peer| peer.instance.incarnation <= life)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{
        Instance,
        NodeId, //
    };

    fn life(incarnation: u64, boot: u64) -> Peer {
        let node = NodeId::new(2).unwrap();
        let instance = Instance::new(node, Incarnation(incarnation));
        Peer { instance, boot }
    }

    #[test]
    fn a_session_goes_on_with_the_same_life_only() {
        let mut lives = Lives::default();
        assert_eq!(lives.begin(life(5, 1)), Ok(Standing::First));
        assert_eq!(lives.begin(life(5, 1)), Ok(Standing::Same));
        assert_eq!(lives.begin(life(5, 2)), Err(Reason::DuplicateNode));
        assert_eq!(lives.begin(life(4, 1)), Err(Reason::OldIncarnation));
        assert_eq!(lives.current(), Some(life(5, 1)));
    }

    #[test]
    fn a_later_life_ends_the_earlier_for_good() {
        let mut lives = Lives::default();
        lives.begin(life(5, 1)).unwrap();
        assert_eq!(lives.begin(life(7, 1)), Ok(Standing::Later(life(5, 1))));
        assert_eq!(lives.begin(life(5, 1)), Err(Reason::OldIncarnation));
    }

    #[test]
    fn what_is_over_never_comes_back() {
        let mut lives = Lives::default();
        lives.begin(life(5, 1)).unwrap();
        assert_eq!(lives.end(Incarnation(4)), None);
        assert_eq!(lives.end(Incarnation(5)), Some(life(5, 1)));
        assert_eq!(lives.end(Incarnation(5)), None);
        assert_eq!(lives.judge(life(5, 1)), Err(Reason::OldIncarnation));
        assert_eq!(lives.judge(life(6, 1)), Ok(Standing::First));
    }
}
