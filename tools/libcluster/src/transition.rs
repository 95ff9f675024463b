// SPDX-License-Identifier: GPL-2.0

//! A change of a node's state.

use std::{
    fmt,
    time::SystemTime, //
};

use crate::{
    text::Words,
    ClusterNode,
    Epoch,
    Incarnation,
    NodeState, //
};

/// Number of a transition: 1, 2, 3 and so on for the life of the cluster. 0 is
/// before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransId(pub u64);

impl fmt::Display for TransId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A change of a node's state. All members of the cluster tell the same ones, in
/// the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Its number.
    pub id: TransId,
    /// The view it belongs to.
    pub epoch: Epoch,
    /// The node that changed.
    pub node: ClusterNode,
    /// Its state before.
    pub from: NodeState,
    /// Its state since.
    pub to: NodeState,
    /// Why, in one word.
    pub cause: String,
    /// When, by the clock of the coordinator.
    pub time: SystemTime,
    /// The life of the node that changed.
    pub incarnation: Incarnation,
}

impl Transition {
    /// Whether the node came to [`NodeState::Up`] or left it: all that most
    /// programs need to know.
    pub fn is_simple(&self) -> bool {
        (self.from == NodeState::Up) != (self.to == NodeState::Up)
    }

    /// Reads a line of `/proc/cluster/events`; `None` for anything else.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = Words::of(line);
        Some(Self {
            id: TransId(words.number().filter(|&id| id > 0)?),
            epoch: Epoch(words.number()?.try_into().ok()?),
            node: words.node()?,
            from: words.state()?,
            to: words.state()?,
            cause: words.word()?.to_owned(),
            time: words.time()?,
            incarnation: Incarnation(words.number()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_understood() {
        let read = Transition::parse("12 5 3 UP GOINGDOWN died 1764214800.123456 17").unwrap();
        assert_eq!(read.id, TransId(12));
        assert_eq!(read.epoch, Epoch(5));
        assert_eq!(read.node.get(), 3);
        assert_eq!((read.from, read.to), (NodeState::Up, NodeState::GoingDown));
        assert_eq!(read.cause, "died");
        assert_eq!(read.incarnation, Incarnation(17));
        let since = read.time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(since, Duration::new(1_764_214_800, 123_456_000));
        assert!(read.is_simple());
    }

    #[test]
    fn columns_may_be_added() {
        let plain = Transition::parse("1 1 1 NEVERUP COMINGUP joined 7.000001 1");
        let wider = Transition::parse("1 1 1 NEVERUP COMINGUP joined 7.000001 1 more words");
        assert!(plain.is_some());
        assert_eq!(plain, wider);
    }

    #[test]
    fn what_is_no_transition_is_refused() {
        for line in [
            "",
            "lost 3",
            "0 1 1 NEVERUP COMINGUP joined 7.000001 1",
            "1 1 0 NEVERUP COMINGUP joined 7.000001 1",
            "1 1 64 NEVERUP COMINGUP joined 7.000001 1",
            "1 1 1 neverup COMINGUP joined 7.000001 1",
            "1 1 1 NEVERUP COMINGUP joined 7.1 1",
            "1 1 1 NEVERUP COMINGUP joined",
            "1 1 1 NEVERUP COMINGUP joined 7.000001",
            "1 1 1 NEVERUP COMINGUP joined 7.000001 x",
            "1  1 1 NEVERUP COMINGUP joined 7.000001 1",
            "+1 1 1 NEVERUP COMINGUP joined 7.000001 1",
            "1 4294967296 1 NEVERUP COMINGUP joined 7.000001 1",
            "99999999999999999999 1 1 NEVERUP COMINGUP joined 7.000001 1",
            "1 1 1 NEVERUP COMINGUP joined 18446744073709551615.999999 1",
        ] {
            assert_eq!(Transition::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn only_what_concerns_up_is_simple() {
        for (from, to, simple) in [
            ("COMINGUP", "UP", true),
            ("UP", "SHUTDOWN", true),
            ("SHUTDOWN", "GOINGDOWN", false),
            ("NEVERUP", "COMINGUP", false),
        ] {
            let line = format!("1 1 1 {from} {to} x 7.000001 1");
            assert_eq!(
                Transition::parse(&line).unwrap().is_simple(),
                simple,
                "{line}"
            );
        }
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_panic(line in ".*") {
            let _ = Transition::parse(&line);
        }

        #[test]
        fn what_is_almost_a_line_is_never_a_panic(
            line in "[0-9]{0,22} [0-9]{0,12} [0-9]{1,3} [A-Z]{0,9} [A-Z]{0,9} [a-z]* \
                     [0-9.]{0,40} [0-9]{0,22}"
        ) {
            let _ = Transition::parse(&line);
        }
    }
}
