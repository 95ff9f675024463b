// SPDX-License-Identifier: GPL-2.0

//! How far a node is.
//!
//! For those who wait for it. A node that is killed because it was late is still
//! on its way: it says why it did not come up when it is gone.

use super::machine::{
    Ending,
    State, //
};
use crate::{
    death::Death,
    fenced::{
        Cure,
        Fenced, //
    },
};

/// How far a node that was booted has come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival<'a> {
    /// It may be ready later.
    Coming,
    /// It is ready, or was.
    Up,
    /// It never will be, for this reason.
    Failed(&'a Death),
    /// It was fenced; what boots it again.
    Fenced(Fenced),
    /// Somebody took it down.
    Removed,
}

impl<'a> Arrival<'a> {
    /// How far a node in `state` has come.
    pub(crate) fn of(state: &'a State) -> Self {
        match state {
            State::Booting { .. } | State::Ending(Ending::Late) => Self::Coming,
            State::Fenced(fenced) if fenced.cure != Cure::Now => Self::Fenced(*fenced),
            State::Fenced(_) | State::Ending(Ending::Fenced(_)) => Self::Coming,
            State::Rebooting => Self::Coming,
            State::Ready | State::Pausing | State::Paused => Self::Up,
            State::Dead(death) => Self::Failed(death),
            State::Down | State::Ending(Ending::PoweringOff { .. } | Ending::Killed) => {
                Self::Removed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::machine::{
            Event,
            Machine,
            Moment, //
        },
        *,
    };
    use crate::limits::BOOT_MAX;
    use ssi_core::ids::NodeId;

    #[test]
    fn a_late_node_fails_with_its_reason() {
        let mut machine = Machine::new(NodeId::new(1).unwrap());
        let mut step = |at, event| {
            machine.step(at, event).unwrap();
            machine.state().clone()
        };
        let booting = step(Moment::ZERO, Event::Boot);
        assert_eq!(Arrival::of(&booting), Arrival::Coming);
        let killed = step(BOOT_MAX, Event::Tick);
        assert_eq!(Arrival::of(&killed), Arrival::Coming, "{killed:?}");
        let gone = step(BOOT_MAX, Event::Gone(Death::PoweredOff));
        let Arrival::Failed(death) = Arrival::of(&gone) else {
            panic!("{gone:?}");
        };
        assert!(death.to_string().contains("not ready after 120 s"));
    }

    #[test]
    fn a_removed_node_is_removed() {
        let mut machine = Machine::new(NodeId::new(1).unwrap());
        assert_eq!(Arrival::of(machine.state()), Arrival::Removed);
        machine.step(Moment::ZERO, Event::Boot).unwrap();
        machine.step(Moment::ZERO, Event::Remove).unwrap();
        assert_eq!(Arrival::of(machine.state()), Arrival::Removed);
    }
}
