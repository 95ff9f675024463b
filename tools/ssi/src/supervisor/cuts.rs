// SPDX-License-Identifier: GPL-2.0

//! Cuts that touch a node.
//!
//! A node that is cut off from others that run was fenced for that; it boots again
//! when no such cut is left.

use ssi_core::{
    ids::NodeId,
    node_set::NodeSet, //
};
use ssi_switch::{
    Fault,
    Ports,
    PPM_MAX, //
};

/// Whether nothing passes between `node` and one of `others`, in either direction.
pub(crate) fn touch(faults: &[Fault], node: NodeId, others: &NodeSet) -> bool {
    let joins = |fault: &Fault, other| {
        let there = has(fault.a, node) && has(fault.b, other);
        let back = has(fault.a, other) && has(fault.b, node);
        there || back
    };
    let mut cuts = faults.iter().filter(|fault| is_cut(fault));
    cuts.any(|fault| others.without(node).iter().any(|other| joins(fault, other)))
}

/// To lose everything is a cut by another name.
fn is_cut(fault: &Fault) -> bool {
    fault.cut || fault.loss.get() == PPM_MAX
}

fn has(ports: Ports, node: NodeId) -> bool {
    match ports {
        Ports::One(number) => number == node.get(),
        Ports::All => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssi_switch::{
        Ppm,
        Way, //
    };

    fn node(number: u8) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn cut(a: Ports, b: Ports) -> Fault {
        Fault {
            a,
            b,
            way: Way::OneWay,
            cut: true,
            delay_ms: 0,
            jitter_ms: 0,
            loss: Ppm::ZERO,
            reorder: Ppm::ZERO,
        }
    }

    #[test]
    fn a_cut_touches_both_its_ends_and_no_others() {
        let faults = [cut(Ports::One(1), Ports::One(2))];
        let all: NodeSet = [1, 2, 3].map(node).into_iter().collect();
        let touched = [1, 2, 3].map(|number| touch(&faults, node(number), &all));
        assert_eq!(touched, [true, true, false]);
    }

    #[test]
    fn a_cut_from_one_that_does_not_run_touches_nobody() {
        let faults = [cut(Ports::One(2), Ports::All)];
        let others: NodeSet = [1, 3].map(node).into_iter().collect();
        assert!(touch(&faults, node(2), &others));
        assert!(!touch(&faults, node(1), &others), "node 2 is down");
        assert!(!touch(&faults, node(2), &NodeSet::EMPTY));
    }

    #[test]
    fn to_lose_everything_is_to_be_cut() {
        let mut fault = cut(Ports::One(1), Ports::One(2));
        fault.cut = false;
        let two = NodeSet::only(node(2));
        for (ppm, expected) in [(PPM_MAX, true), (PPM_MAX - 1, false), (0, false)] {
            fault.loss = Ppm::new(ppm).unwrap();
            assert_eq!(touch(&[fault], node(1), &two), expected, "{ppm}");
        }
    }
}
