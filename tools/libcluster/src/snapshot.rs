// SPDX-License-Identifier: GPL-2.0

//! The cluster at one moment.
//!
//! `/proc/cluster/view` is made by the kernel in one piece, so that its parts fit
//! each other: the states are those after the transition it names.

use std::time::SystemTime;

use crate::{
    text::{
        self,
        Words, //
    },
    ClusterNode,
    Epoch,
    Error,
    Incarnation,
    NodeState,
    TransId, //
};

/// What is known of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// The node.
    pub node: ClusterNode,
    /// Its state.
    pub state: NodeState,
    /// Which of its lives the state is that of; 0 when it never was up.
    pub incarnation: Incarnation,
    /// Its processors, as it said when it joined; 0 when it never did.
    pub cpus: u32,
    /// Its memory in bytes, as it said when it joined; 0 when it never did.
    pub memory_bytes: u64,
    /// Its last transition; 0 when it had none, or that is forgotten.
    pub last_transition: TransId,
    /// When that was; the beginning of 1970 when it is not known.
    pub last_time: SystemTime,
}

impl NodeInfo {
    /// A node that never was there.
    const fn never_up(node: ClusterNode) -> Self {
        Self {
            node,
            state: NodeState::NeverUp,
            incarnation: Incarnation(0),
            cpus: 0,
            memory_bytes: 0,
            last_transition: TransId(0),
            last_time: SystemTime::UNIX_EPOCH,
        }
    }
}

/// The cluster at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last transition before it.
    pub transid: TransId,
    /// The number of the view; 0 before the first.
    pub epoch: Epoch,
    /// Who coordinates the cluster; `None` when there is no view.
    pub master: Option<ClusterNode>,
    /// The node this was read on.
    pub this: ClusterNode,
    /// All nodes that are expected or were ever there, in the order of their
    /// numbers.
    pub nodes: Vec<NodeInfo>,
}

impl Snapshot {
    /// What is known of `node`.
    pub fn node(&self, node: ClusterNode) -> Option<&NodeInfo> {
        self.nodes.iter().find(|info| info.node == node)
    }

    /// What is known of `node`; one nobody has heard of never was up.
    pub fn info(&self, node: ClusterNode) -> NodeInfo {
        let known = self.node(node).cloned();
        known.unwrap_or_else(|| NodeInfo::never_up(node))
    }

    /// Reads all of `/proc/cluster/view`.
    pub(crate) fn parse(file: &str, content: &str) -> Result<Self, Error> {
        let malformed = |line: &str| Error::Malformed {
            file: file.to_owned(),
            line: text::shown(line),
        };
        let mut lines = content.lines();
        let first = lines.next().unwrap_or_default();
        let mut snapshot = parse_first(first).ok_or_else(|| malformed(first))?;
        for line in lines {
            let info = parse_node(line).ok_or_else(|| malformed(line))?;
            let is_in_order = snapshot
                .nodes
                .last()
                .is_none_or(|last| last.node < info.node);
            if !is_in_order {
                return Err(malformed(line));
            }
            snapshot.nodes.push(info);
        }
        Ok(snapshot)
    }
}

fn parse_first(line: &str) -> Option<Snapshot> {
    let mut words = Words::of(line);
    words.is("transid")?;
    let transid = TransId(words.number()?);
    words.is("epoch")?;
    let epoch = Epoch(words.number()?.try_into().ok()?);
    words.is("master")?;
    let master = words.node_or_none()?;
    words.is("self")?;
    Some(Snapshot {
        transid,
        epoch,
        master,
        this: words.node()?,
        nodes: Vec::new(),
    })
}

fn parse_node(line: &str) -> Option<NodeInfo> {
    let mut words = Words::of(line);
    Some(NodeInfo {
        node: words.node()?,
        state: words.state()?,
        incarnation: Incarnation(words.number()?),
        cpus: words.number()?.try_into().ok()?,
        memory_bytes: words.number()?,
        last_transition: TransId(words.number()?),
        last_time: words.time()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VIEW: &str = "transid 4 epoch 2 master 1 self 2\n\
        1 UP 1 1 134217728 2 1764214800.000001\n\
        2 COMINGUP 2 1 134217728 4 1764214801.000000\n\
        3 NEVERUP 0 0 0 0 0.000000\n";

    #[test]
    fn a_view_of_the_kernel_is_understood() {
        let view = Snapshot::parse("view", VIEW).unwrap();
        assert_eq!((view.transid, view.epoch), (TransId(4), Epoch(2)));
        assert_eq!(view.master, ClusterNode::new(1));
        assert_eq!(Some(view.this), ClusterNode::new(2));
        assert_eq!(view.nodes.len(), 3);
        let second = view.node(view.this).unwrap();
        assert_eq!(second.state, NodeState::ComingUp);
        assert_eq!(second.memory_bytes, 128 << 20);
        assert_eq!(view.node(ClusterNode::new(9).unwrap()), None);
    }

    #[test]
    fn before_the_first_view_there_is_no_master() {
        let view = Snapshot::parse("view", "transid 0 epoch 0 master 0 self 1\n").unwrap();
        assert_eq!((view.master, view.nodes.len()), (None, 0));
    }

    #[test]
    fn a_bad_line_is_named() {
        for (from, to) in [
            ("master 1", "master 64"),
            ("self 2", "self 0"),
            ("transid 4", "transid"),
            ("COMINGUP", "COMINGUP "),
            ("3 NEVERUP", "2 NEVERUP"),
            ("0.000000", "0.0"),
        ] {
            let text = VIEW.replace(from, to);
            let said = Snapshot::parse("view", &text).unwrap_err().to_string();
            assert!(said.starts_with("view has a line"), "{said}");
        }
        assert!(Snapshot::parse("view", "").is_err());
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_panic(text in "(.|\n)*") {
            let _ = Snapshot::parse("view", &text);
        }

        #[test]
        fn a_view_cut_short_is_never_a_panic(end in 0..VIEW.len(), byte in 0u8..128) {
            let text = format!("{}{}", &VIEW[..end], char::from(byte));
            let _ = Snapshot::parse("view", &text);
        }
    }
}
