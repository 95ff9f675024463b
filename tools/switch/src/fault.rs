// SPDX-License-Identifier: GPL-2.0

//! The words for faults.
//!
//! [`FaultChange`] is what a user asks for, [`Fault`] what the switch tells
//! back. Both travel as JSON between a command line and the switch. What they
//! do to a frame is decided in `fabric`.

use std::fmt;

use serde::{
    Deserialize,
    Serialize, //
};

use crate::error::Error;

/// Longest delay, and longest jitter, of a link, in milliseconds.
pub const DELAY_MS_MAX: u32 = 60_000;

/// The whole, in parts in a million.
pub const PPM_MAX: u32 = 1_000_000;

/// One end of a link, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ports {
    /// The port of this number, `1..=63`; it need not be in use yet.
    One(u8),
    /// Every port, in use or not.
    All,
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(number) => number.fmt(f),
            Self::All => "all".fmt(f),
        }
    }
}

/// Which direction of a link is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From `a` to `b` only.
    OneWay,
    /// From `a` to `b` and from `b` to `a`.
    Both,
}

/// A share of the frames, in parts in a million.
///
/// # Invariants
///
/// At most `PPM_MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Ppm(u32);

impl Ppm {
    /// No frame at all.
    pub const ZERO: Self = Self(0);

    /// A share of `ppm` parts in a million.
    ///
    /// # Errors
    ///
    /// [`Error::Ppm`] above `PPM_MAX`.
    pub fn new(ppm: u32) -> Result<Self, Error> {
        match ppm {
            // INVARIANT: The arm is the range.
            0..=PPM_MAX => Ok(Self(ppm)),
            _ => Err(Error::Ppm(ppm)),
        }
    }

    /// A share of `percent`, rounded to the nearest part in a million.
    ///
    /// # Errors
    ///
    /// [`Error::Percent`] outside `0.0..=100.0`, and for what is not a number.
    pub fn from_percent(percent: f64) -> Result<Self, Error> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(Error::Percent(percent));
        }
        // INVARIANT: At most a hundred times ten thousand.
        Ok(Self((percent * 10_000.0).round() as u32))
    }

    /// The share in parts in a million, `0..=PPM_MAX`.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Ppm {
    type Error = Error;

    fn try_from(ppm: u32) -> Result<Self, Error> {
        Self::new(ppm)
    }
}

impl From<Ppm> for u32 {
    fn from(share: Ppm) -> Self {
        share.get()
    }
}

/// As a percentage, without trailing zeros: `2.5 %`.
impl fmt::Display for Ppm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 10_000.0)
    }
}

/// A change to what happens between ports.
///
/// Each direction of each pair of ports has faults of its own. A change sets
/// one kind of fault on all the pairs it names and leaves the other kinds as
/// they are; zero takes a kind away. It holds for ports added later, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultChange {
    /// Nothing passes. Frames the switch still holds for the pair are lost;
    /// those already in the receiver's socket are not.
    Cut {
        /// One end.
        a: Ports,
        /// The other end.
        b: Ports,
        /// The direction.
        way: Way,
    },
    /// Takes back a cut and leaves delay, loss and reorder as they are.
    Join {
        /// One end.
        a: Ports,
        /// The other end.
        b: Ports,
        /// The direction.
        way: Way,
    },
    /// Takes every kind of fault away. Delayed frames are delivered at once.
    Heal {
        /// One end.
        a: Ports,
        /// The other end.
        b: Ports,
        /// The direction.
        way: Way,
    },
    /// Takes every fault from every pair.
    HealAll,
    /// Frames arrive later, but still in order unless there is jitter.
    Delay {
        /// One end.
        a: Ports,
        /// The other end.
        b: Ports,
        /// The direction.
        way: Way,
        /// The least delay, `0..=DELAY_MS_MAX`.
        delay_ms: u32,
        /// What is added to it at most, another amount for each frame, so that
        /// frames overtake each other; `0..=DELAY_MS_MAX`.
        jitter_ms: u32,
    },
    /// A share of the frames is lost.
    Loss {
        /// One end.
        a: Ports,
        /// The other end.
        b: Ports,
        /// The direction.
        way: Way,
        /// The share.
        ppm: Ppm,
    },
    /// A share of the frames lets the next frame of the same pair pass first.
    /// A frame waits for that at most `REORDER_MS_MAX`, then it goes anyway.
    Reorder {
        /// One end.
        a: Ports,
        /// The other end.
        b: Ports,
        /// The direction.
        way: Way,
        /// The share.
        ppm: Ppm,
    },
}

/// The faults between ports, as the switch reports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// One end.
    pub a: Ports,
    /// The other end.
    pub b: Ports,
    /// The direction.
    pub way: Way,
    /// Whether nothing passes.
    pub cut: bool,
    /// The least delay.
    pub delay_ms: u32,
    /// What is added to it at most.
    pub jitter_ms: u32,
    /// The share of the frames that is lost.
    pub loss: Ppm,
    /// The share of the frames that lets the next one pass first.
    pub reorder: Ppm,
}

impl Fault {
    /// The kinds of fault that are on, in words.
    fn kinds(&self) -> Vec<String> {
        let delay = match self.jitter_ms {
            0 => format!("delay {} ms", self.delay_ms),
            jitter_ms => format!("delay {} ms + 0..{jitter_ms} ms", self.delay_ms),
        };
        let words = [
            (self.cut, "cut".to_owned()),
            (self.delay_ms > 0 || self.jitter_ms > 0, delay),
            (self.loss > Ppm::ZERO, format!("loss {}", self.loss)),
            (
                self.reorder > Ppm::ZERO,
                format!("reorder {}", self.reorder),
            ),
        ];
        let on = words.into_iter().filter(|(on, _)| *on);
        on.map(|(_, words)| words).collect()
    }
}

/// One line without its end: `1 <-> 2: delay 20 ms, loss 2.5 %`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.way {
            Way::OneWay => "->",
            Way::Both => "<->",
        };
        let kinds = self.kinds().join(", ");
        write!(f, "{} {arrow} {}: {kinds}", self.a, self.b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_become_parts_in_a_million() {
        for (percent, ppm) in [
            (0.0, 0),
            (0.0001, 1),
            (2.5, 25_000),
            (33.3333, 333_333),
            (100.0, PPM_MAX),
        ] {
            assert_eq!(Ppm::from_percent(percent).unwrap().get(), ppm);
        }
        for percent in [-0.1, 100.1, f64::NAN, f64::INFINITY] {
            assert!(Ppm::from_percent(percent).is_err(), "{percent}");
        }
    }

    #[test]
    fn json_cannot_smuggle_a_share_above_the_whole() {
        assert!(serde_json::from_str::<Ppm>("1000000").is_ok());
        assert!(serde_json::from_str::<Ppm>("1000001").is_err());
    }

    #[test]
    fn a_change_survives_json() {
        let change = FaultChange::Loss {
            a: Ports::One(1),
            b: Ports::All,
            way: Way::OneWay,
            ppm: Ppm(25_000),
        };
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(
            json,
            r#"{"loss":{"a":{"one":1},"b":"all","way":"one_way","ppm":25000}}"#
        );
        assert_eq!(serde_json::from_str::<FaultChange>(&json).unwrap(), change);
    }

    #[test]
    fn a_fault_reads_as_one_line() {
        let fault = Fault {
            a: Ports::One(1),
            b: Ports::All,
            way: Way::Both,
            cut: true,
            delay_ms: 20,
            jitter_ms: 5,
            loss: Ppm(25_000),
            reorder: Ppm(1),
        };
        assert_eq!(
            fault.to_string(),
            "1 <-> all: cut, delay 20 ms + 0..5 ms, loss 2.5 %, reorder 0.0001 %"
        );
    }
}
