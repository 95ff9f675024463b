// SPDX-License-Identifier: GPL-2.0

//! Scan of `/proc`.
//!
//! Who has listed `/proc` and now reads a file of a process it was told of will read that
//! of the next ones, too.

use super::{
    batch::BATCH_MAX,
    pid::origin, //
};

/// How long what was read ahead may be given to who has listed `/proc`, in microseconds.
pub const FRESH_MICROS: u64 = 200_000;

/// The processes to read a file of when that of `pid` is asked for: those from `pid` on in
/// `list`, which is in rising order, that are on its node. Empty when `pid` is not listed.
pub fn window(list: &[u32], pid: u32) -> &[u32] {
    let Ok(first) = list.binary_search(&pid) else {
        return &[];
    };
    let node = origin(pid);
    let rest = list.get(first..).unwrap_or_default();
    let length = rest
        .iter()
        .take(BATCH_MAX)
        .take_while(|other| origin(**other) == node)
        .count();
    rest.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_on_the_same_node_is_read_ahead() {
        let list = [1, 65_600, 65_601, 65_700, 131_080, 131_090];
        assert_eq!(window(&list, 65_601), &[65_601, 65_700]);
        assert_eq!(window(&list, 131_080), &[131_080, 131_090]);
        assert_eq!(window(&list, 1), &[1]);
    }

    #[test]
    fn who_was_not_listed_is_asked_for_alone() {
        assert!(window(&[65_600], 65_599).is_empty());
        assert!(window(&[], 65_599).is_empty());
    }

    #[test]
    fn a_window_is_no_longer_than_a_batch() {
        let list: Vec<u32> = (65_600..66_000).collect();
        assert_eq!(window(&list, 65_610), &list[10..10 + BATCH_MAX]);
    }
}
