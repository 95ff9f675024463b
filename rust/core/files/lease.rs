// SPDX-License-Identifier: GPL-2.0

//! Right to a file.
//!
//! Each ticket for the file is one claim to it. The node gives all of them back when the
//! last program there has closed it; so a ticket that is still on its way keeps the file
//! open. A ticket another node handed on is its own affair until it arrived: should that
//! node die, nobody knows whether it ever will.

use crate::ids::NodeId;

/// Right of a node to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    client: NodeId,
    claims: u32,
    on_the_way: Option<(NodeId, u32)>,
}

/// What becomes of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It lasts.
    Lasts,
    /// The file is not used by the node any more.
    Ends,
}

impl Lease {
    /// The first ticket for `client`, handed on by another node, or by this one if `by` is
    /// `None`.
    pub const fn new(client: NodeId, by: Option<NodeId>) -> Self {
        let on_the_way = match by {
            Some(by) => Some((by, 1)),
            None => None,
        };
        Self {
            client,
            claims: 1,
            on_the_way,
        }
    }

    /// Whose it is.
    pub const fn client(&self) -> NodeId {
        self.client
    }

    /// How many tickets it has.
    pub const fn claims(&self) -> u32 {
        self.claims
    }

    /// How many of them another node handed on that have not arrived.
    pub fn on_the_way(&self) -> u32 {
        self.on_the_way.map_or(0, |(_, count)| count)
    }

    /// One more ticket. Whether it could be added; another name is needed if not.
    pub fn add(&mut self, by: Option<NodeId>) -> bool {
        let on_the_way = match (self.on_the_way, by) {
            (other, None) => other,
            (None, Some(by)) => Some((by, 1)),
            (Some((one, count)), Some(by)) if one == by => Some((by, count.saturating_add(1))),
            (Some(_), Some(_)) => return false,
        };
        let Some(claims) = self.claims.checked_add(1) else {
            return false;
        };
        (self.claims, self.on_the_way) = (claims, on_the_way);
        true
    }

    /// A ticket that was handed on has arrived.
    pub fn arrived(&mut self) {
        self.on_the_way = self.on_the_way.and_then(|(by, count)| {
            let count = count.saturating_sub(1);
            (count > 0).then_some((by, count))
        });
    }

    /// The node gives `claims` back.
    #[must_use]
    pub fn give_back(&mut self, claims: u32) -> Fate {
        self.claims = self.claims.saturating_sub(claims);
        if self.claims == 0 {
            Fate::Ends
        } else {
            Fate::Lasts
        }
    }

    /// Whoever handed a ticket on takes it back: it does not go.
    #[must_use]
    pub fn withdraw(&mut self, by: Option<NodeId>) -> Fate {
        match (by, self.on_the_way) {
            (None, _) => self.give_back(1),
            (Some(by), Some((one, _))) if by == one => {
                self.arrived();
                self.give_back(1)
            }
            (Some(_), _) => Fate::Lasts,
        }
    }

    /// Whether the end of `node` changes it.
    pub fn concerns(&self, node: NodeId) -> bool {
        self.client == node || self.on_the_way.is_some_and(|(by, _)| by == node)
    }

    /// `node` is gone.
    #[must_use]
    pub fn lost(&mut self, node: NodeId) -> Fate {
        if node == self.client {
            return self.give_back(u32::MAX);
        }
        match self.on_the_way {
            Some((by, count)) if by == node => {
                self.on_the_way = None;
                self.give_back(count)
            }
            _ => Fate::Lasts,
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
    fn it_lasts_until_every_ticket_is_given_back() {
        let mut lease = Lease::new(node(2), None);
        assert!(lease.add(None) && lease.add(None));
        assert_eq!(lease.give_back(2), Fate::Lasts);
        assert_eq!(lease.give_back(1), Fate::Ends);
    }

    #[test]
    fn it_ends_with_its_client() {
        let mut lease = Lease::new(node(2), None);
        assert!(lease.add(None));
        assert!(!lease.concerns(node(3)) && lease.concerns(node(2)));
        assert_eq!(lease.lost(node(3)), Fate::Lasts);
        assert_eq!(lease.lost(node(2)), Fate::Ends);
    }

    #[test]
    fn a_ticket_is_lost_with_who_handed_it_on() {
        let mut lease = Lease::new(node(2), Some(node(3)));
        assert!(lease.add(Some(node(3))) && lease.add(None));
        assert_eq!((lease.claims(), lease.on_the_way()), (3, 2));
        lease.arrived();
        assert_eq!((lease.claims(), lease.on_the_way()), (3, 1));
        assert!(lease.concerns(node(3)));
        assert_eq!(lease.lost(node(3)), Fate::Lasts);
        assert!(!lease.concerns(node(3)));
        assert_eq!(lease.give_back(1), Fate::Lasts);
        assert_eq!(lease.give_back(1), Fate::Ends);
    }

    #[test]
    fn a_ticket_that_arrived_is_not_lost() {
        let mut lease = Lease::new(node(2), Some(node(3)));
        lease.arrived();
        assert_eq!(lease.lost(node(3)), Fate::Lasts);
        assert!(lease.add(Some(node(4))));
        assert_eq!(lease.lost(node(4)), Fate::Lasts);
        assert_eq!(lease.give_back(1), Fate::Ends);
    }

    #[test]
    fn one_at_a_time_hands_tickets_on() {
        let mut lease = Lease::new(node(2), Some(node(3)));
        assert!(!lease.add(Some(node(4))));
        lease.arrived();
        assert!(lease.add(Some(node(4))));
    }

    #[test]
    fn only_who_handed_it_on_takes_it_back() {
        let mut lease = Lease::new(node(2), Some(node(3)));
        assert_eq!(lease.withdraw(Some(node(4))), Fate::Lasts);
        assert_eq!(lease.withdraw(Some(node(3))), Fate::Ends);
        let mut lease = Lease::new(node(2), None);
        assert_eq!(lease.withdraw(Some(node(3))), Fate::Lasts);
        assert_eq!(lease.withdraw(None), Fate::Ends);
    }
}
