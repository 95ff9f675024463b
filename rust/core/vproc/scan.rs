// SPDX-License-Identifier: GPL-2.0

//! Scan of `/proc`.
//!
//! Who has listed `/proc` and now reads a file of a process it was told of will read that
//! of the next ones, too. Each node says which processes it has; of one that goes from
//! one node to another both may say so.

use super::{
    batch::BATCH_MAX,
    pid::{
        origin,
        Origin, //
    }, //
};
use crate::ids::NodeId;

/// How long what was read ahead may be given to who has listed `/proc`, in microseconds.
pub const FRESH_MICROS: u64 = 200_000;

/// A process, and a node that says it has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub pid: u32,
    /// Where it is.
    pub node: NodeId,
}

impl Listed {
    /// What a list is sorted by: by number, and where several say that they have a process
    /// its home behind the others, for from there it goes.
    pub fn order(&self) -> (u32, bool) {
        (self.pid, origin(self.pid) == Some(Origin::Node(self.node)))
    }
}

/// The processes to read a file of when that of `pid` is asked for: those from `pid` on in
/// `list`, which has each once in rising order, that are on its node. Empty when `pid` is
/// not listed.
pub fn window(list: &[Listed], pid: u32) -> impl Iterator<Item = u32> + '_ {
    let first = list.binary_search_by_key(&pid, |listed| listed.pid);
    let rest = first.ok().and_then(|first| list.get(first..));
    let node = node_of(list, pid);
    rest.unwrap_or_default()
        .iter()
        .filter(move |other| Some(other.node) == node)
        .map(|other| other.pid)
        .take(BATCH_MAX)
}

/// The node of `pid` as `list` has it, which is as for [`window`].
pub fn node_of(list: &[Listed], pid: u32) -> Option<NodeId> {
    let place = list.binary_search_by_key(&pid, |listed| listed.pid).ok()?;
    list.get(place).map(|listed| listed.node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    fn on(node: NodeNumber, pid: u32) -> Listed {
        Listed {
            pid,
            node: NodeId::new(node).unwrap(),
        }
    }

    fn ahead(list: &[Listed], pid: u32) -> Vec<u32> {
        window(list, pid).collect()
    }

    #[test]
    fn what_comes_next_on_the_same_node_is_read_ahead() {
        let list = [
            on(2, 1),
            on(1, 65_600),
            on(1, 65_601),
            on(2, 65_602),
            on(1, 65_700),
            on(2, 131_080),
            on(3, 131_090),
        ];
        assert_eq!(ahead(&list, 65_601), [65_601, 65_700]);
        assert_eq!(ahead(&list, 65_602), [65_602, 131_080]);
        assert_eq!(ahead(&list, 1), [1, 65_602, 131_080]);
        assert_eq!(node_of(&list, 131_090), NodeId::new(3));
    }

    #[test]
    fn who_was_not_listed_is_asked_for_alone() {
        assert!(ahead(&[on(1, 65_600)], 65_599).is_empty());
        assert!(ahead(&[], 65_599).is_empty());
        assert_eq!(node_of(&[on(1, 65_600)], 65_599), None);
    }

    #[test]
    fn a_window_is_no_longer_than_a_batch() {
        let list: Vec<Listed> = (65_600..66_000).map(|pid| on(1, pid)).collect();
        let expected: Vec<u32> = (65_610..).take(BATCH_MAX).collect();
        assert_eq!(ahead(&list, 65_610), expected);
    }

    #[test]
    fn who_is_under_way_is_where_it_goes() {
        let mut list = [on(2, 131_080), on(1, 65_600), on(3, 65_600)];
        list.sort_by_key(Listed::order);
        assert_eq!(list, [on(3, 65_600), on(1, 65_600), on(2, 131_080)]);
    }
}
