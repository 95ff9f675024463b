// SPDX-License-Identifier: GPL-2.0

//! One direction between two ports.
//!
//! A [`Link`] exists where there is a fault. It draws the [`Fate`] of each
//! frame: always one number for loss, one for reorder and one for jitter, in
//! this order, so that no kind of fault changes what another one does.

use std::time::Duration;

use super::{
    flight::Ticket,
    rng::Rng, //
};
use crate::{
    error::Error,
    fault::{
        FaultChange,
        Ppm,
        DELAY_MS_MAX, //
    },
};

/// Longest time a reordered frame waits for the next one, in milliseconds.
pub const REORDER_MS_MAX: u32 = 10;

/// Microseconds of a millisecond.
const US_PER_MS: u32 = 1000;

/// What a link does to frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// Whether nothing passes.
    pub(crate) cut: bool,
    /// The least delay.
    pub(crate) delay_ms: u32,
    /// What is added to it at most.
    pub(crate) jitter_ms: u32,
    /// The share that is lost.
    pub(crate) loss: Ppm,
    /// The share that lets the next frame pass first.
    pub(crate) reorder: Ppm,
}

impl Conditions {
    /// Whether the link does nothing to frames.
    pub(crate) fn is_clear(self) -> bool {
        self == Self::default()
    }

    /// The longest time from a frame's arrival until it leaves.
    pub(crate) fn longest(self) -> Duration {
        let wait_ms = match self.reorder {
            Ppm::ZERO => 0,
            _ => REORDER_MS_MAX,
        };
        ms(self.delay_ms) + ms(self.jitter_ms) + ms(wait_ms)
    }

    /// The conditions once `change` has been made.
    pub(crate) fn after(self, change: &FaultChange) -> Self {
        match *change {
            FaultChange::Cut { .. } => Self { cut: true, ..self },
            FaultChange::Join { .. } => Self { cut: false, ..self },
            FaultChange::Heal { .. } | FaultChange::HealAll => Self::default(),
            FaultChange::Delay {
                delay_ms,
                jitter_ms,
                ..
            } => Self {
                delay_ms,
                jitter_ms,
                ..self
            },
            FaultChange::Loss { ppm, .. } => Self { loss: ppm, ..self },
            FaultChange::Reorder { ppm, .. } => Self {
                reorder: ppm,
                ..self
            },
        }
    }
}

/// Refuses a change beyond the limits of a link.
pub(crate) fn check(change: &FaultChange) -> Result<(), Error> {
    match *change {
        FaultChange::Delay {
            delay_ms,
            jitter_ms,
            ..
        } => match delay_ms.max(jitter_ms) {
            0..=DELAY_MS_MAX => Ok(()),
            too_long => Err(Error::DelayMs(too_long)),
        },
        // A share is within its limits by its type.
        FaultChange::Cut { .. }
        | FaultChange::Join { .. }
        | FaultChange::Heal { .. }
        | FaultChange::HealAll
        | FaultChange::Loss { .. }
        | FaultChange::Reorder { .. } => Ok(()),
    }
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It never arrives.
    Lost,
    /// It leaves after `delay`, perhaps zero.
    Pass {
        /// From its arrival.
        delay: Duration,
    },
    /// It lets the next frame of the link pass, or leaves `REORDER_MS_MAX`
    /// after `delay`.
    Hold {
        /// From its arrival.
        delay: Duration,
    },
}

/// One direction between two ports, with its faults.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    conditions: Conditions,
    rng: Rng,
    /// The last frame that was told to wait for the next one. It may have left
    /// since.
    pub(crate) held: Option<Ticket>,
}

impl Link {
    /// A link under `conditions` that draws from `rng`.
    pub(crate) fn new(conditions: Conditions, rng: Rng) -> Self {
        Self {
            conditions,
            rng,
            held: None,
        }
    }

    /// What the link does to frames.
    pub(crate) fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// Draws the fate of the next frame.
    pub(crate) fn fate(&mut self) -> Fate {
        let Conditions {
            cut,
            delay_ms,
            jitter_ms,
            loss,
            reorder,
        } = self.conditions;
        if cut {
            return Fate::Lost;
        }
        let lost = self.rng.hits(loss);
        let reordered = self.rng.hits(reorder);
        let jitter_us = self.rng.up_to(jitter_ms * US_PER_MS);
        let delay = ms(delay_ms) + Duration::from_micros(u64::from(jitter_us));
        match (lost, reordered) {
            (true, _) => Fate::Lost,
            (false, true) => Fate::Hold { delay },
            (false, false) => Fate::Pass { delay },
        }
    }
}

/// A number of milliseconds.
pub(crate) fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fault::{
            Ports,
            Way, //
        },
        port::PortId,
    };

    const A: Ports = Ports::All;

    fn link(conditions: Conditions) -> Link {
        let (one, two) = (PortId::new(1).unwrap(), PortId::new(2).unwrap());
        Link::new(conditions, Rng::new(7, one, two, 1))
    }

    fn percent(percent: f64) -> Ppm {
        Ppm::from_percent(percent).unwrap()
    }

    fn fates(conditions: Conditions) -> Vec<Fate> {
        let mut link = link(conditions);
        (0..1000).map(|_| link.fate()).collect()
    }

    #[test]
    fn kinds_of_fault_are_set_apart() {
        let way = Way::Both;
        let ppm = percent(5.0);
        let steps = [
            FaultChange::Cut { a: A, b: A, way },
            FaultChange::Loss {
                a: A,
                b: A,
                way,
                ppm,
            },
            FaultChange::Reorder {
                a: A,
                b: A,
                way,
                ppm,
            },
            FaultChange::Delay {
                a: A,
                b: A,
                way,
                delay_ms: 5,
                jitter_ms: 6,
            },
        ];
        let all = Conditions {
            cut: true,
            delay_ms: 5,
            jitter_ms: 6,
            loss: ppm,
            reorder: ppm,
        };
        let after = steps.iter().fold(Conditions::default(), |c, s| c.after(s));
        assert_eq!(after, all);
        let joined = all.after(&FaultChange::Join { a: A, b: A, way });
        assert_eq!(joined, Conditions { cut: false, ..all });
        assert!(all.after(&FaultChange::Heal { a: A, b: A, way }).is_clear());
    }

    #[test]
    fn a_delay_has_a_limit() {
        for (delay_ms, jitter_ms, fine) in [
            (DELAY_MS_MAX, DELAY_MS_MAX, true),
            (DELAY_MS_MAX + 1, 0, false),
            (0, u32::MAX, false),
        ] {
            let change = FaultChange::Delay {
                a: A,
                b: A,
                way: Way::Both,
                delay_ms,
                jitter_ms,
            };
            assert_eq!(check(&change).is_ok(), fine);
        }
    }

    #[test]
    fn a_cut_link_loses_all_and_a_clear_one_nothing() {
        let cut = Conditions {
            cut: true,
            ..Conditions::default()
        };
        assert!(fates(cut).iter().all(|&fate| fate == Fate::Lost));
        let pass = Fate::Pass {
            delay: Duration::ZERO,
        };
        let clear = fates(Conditions::default());
        assert!(clear.iter().all(|&fate| fate == pass));
    }

    #[test]
    fn jitter_stays_between_its_ends() {
        let jittery = Conditions {
            delay_ms: 20,
            jitter_ms: 5,
            ..Conditions::default()
        };
        let mut delays = Vec::new();
        for fate in fates(jittery) {
            match fate {
                Fate::Pass { delay } => delays.push(delay),
                other => panic!("{other:?}"),
            }
        }
        delays.sort_unstable();
        assert!(delays[0] >= ms(20) && delays[0] < ms(21));
        assert!(delays[999] <= ms(25) && delays[999] > ms(24));
    }

    /// Which frames are lost does not change when other faults are added.
    #[test]
    fn loss_is_independent_of_reorder_and_jitter() {
        let lossy = Conditions {
            loss: percent(30.0),
            ..Conditions::default()
        };
        let all = Conditions {
            delay_ms: 10,
            jitter_ms: 10,
            reorder: percent(30.0),
            ..lossy
        };
        let lost = |conditions| -> Vec<bool> {
            let fates = fates(conditions).into_iter();
            fates.map(|fate| fate == Fate::Lost).collect()
        };
        assert_eq!(lost(lossy), lost(all));
    }

    #[test]
    fn the_longest_time_counts_every_kind() {
        let conditions = Conditions {
            delay_ms: 20,
            jitter_ms: 5,
            reorder: percent(1.0),
            ..Conditions::default()
        };
        assert_eq!(conditions.longest(), ms(25 + REORDER_MS_MAX));
        assert_eq!(Conditions::default().longest(), Duration::ZERO);
    }
}
