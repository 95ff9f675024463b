// SPDX-License-Identifier: GPL-2.0

//! Where a frame goes.
//!
//! To the one port where its destination was seen, else to every port but the
//! one it came from. It never goes back.

use std::time::Duration;

use super::{
    frame::Mac,
    macs::MacTable, //
};
use crate::port::{
    PortId,
    PortSet, //
};

/// The ports among `attached` that a frame from `from` is for.
pub(crate) fn targets(
    macs: &mut MacTable,
    attached: PortSet,
    now: Duration,
    from: PortId,
    destination: Mac,
) -> PortSet {
    let others = attached.minus(PortSet::of(from));
    if destination.is_group() {
        return others;
    }
    match macs.lookup(now, destination) {
        Some(port) => others.and(PortSet::of(port)),
        None => others,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;
    const KNOWN: Mac = Mac([2, 0, 0, 0, 0, 2]);
    const UNKNOWN: Mac = Mac([2, 0, 0, 0, 0, 9]);
    const BROADCAST: Mac = Mac([0xff; 6]);

    fn port(number: u8) -> PortId {
        PortId::new(number).unwrap()
    }

    fn set(numbers: &[u8]) -> PortSet {
        let mut set = PortSet::EMPTY;
        numbers.iter().for_each(|&number| set.insert(port(number)));
        set
    }

    #[test]
    fn the_table_of_cases() {
        let mut macs = MacTable::new();
        macs.learn(NOW, KNOWN, port(2));
        for (from, destination, expected) in [
            (1, KNOWN, set(&[2])),
            (2, KNOWN, set(&[])),
            (1, UNKNOWN, set(&[2, 3])),
            (2, UNKNOWN, set(&[1, 3])),
            (3, BROADCAST, set(&[1, 2])),
        ] {
            let targets = targets(&mut macs, set(&[1, 2, 3]), NOW, port(from), destination);
            assert_eq!(targets, expected, "{from} to {destination:?}");
        }
    }

    #[test]
    fn a_port_that_is_gone_gets_nothing() {
        let mut macs = MacTable::new();
        macs.learn(NOW, KNOWN, port(2));
        let targets = targets(&mut macs, set(&[1, 3]), NOW, port(1), KNOWN);
        assert!(targets.is_empty());
    }
}
