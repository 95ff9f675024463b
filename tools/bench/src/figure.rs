// SPDX-License-Identifier: GPL-2.0

//! Figures: a median and its spread.
//!
//! The middle of several samples says more about a noisy machine than their
//! mean, and the two ends say how noisy it was.

use std::fmt;

use anyhow::{
    ensure,
    Result, //
};
use serde::{
    Deserialize,
    Serialize, //
};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Thousandths of a second.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Millionths of a second.
    #[serde(rename = "µs")]
    Microseconds,
    /// 1024 times 1024 bytes.
    #[serde(rename = "MiB")]
    Mebibytes,
    /// Millions of bytes in a second.
    #[serde(rename = "MB/s")]
    MegabytesPerSecond,
    /// Milliseconds of processor time in a second.
    #[serde(rename = "ms/s")]
    CpuMilliseconds,
    /// Bytes in a second.
    #[serde(rename = "B/s")]
    BytesPerSecond,
    /// Frames of the network in a second.
    #[serde(rename = "frames/s")]
    FramesPerSecond,
    /// Calls in a second.
    #[serde(rename = "calls/s")]
    CallsPerSecond,
    /// Programs that were started and ended in a second.
    #[serde(rename = "programs/s")]
    ProgramsPerSecond,
    /// Moves of processes in a second.
    #[serde(rename = "moves/s")]
    MovesPerSecond,
    /// Messages between nodes.
    #[serde(rename = "messages")]
    Messages,
    /// Messages that wait for one another.
    #[serde(rename = "rounds")]
    Rounds,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Microseconds => "µs",
            Self::Mebibytes => "MiB",
            Self::MegabytesPerSecond => "MB/s",
            Self::CpuMilliseconds => "ms/s",
            Self::BytesPerSecond => "B/s",
            Self::FramesPerSecond => "frames/s",
            Self::CallsPerSecond => "calls/s",
            Self::ProgramsPerSecond => "programs/s",
            Self::MovesPerSecond => "moves/s",
            Self::Messages => "messages",
            Self::Rounds => "rounds",
        })
    }
}

/// The middle and the ends of some samples, all in one unit.
///
/// # Invariants
///
/// `low <= median <= high`, all finite, and `samples` is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// As many samples lie above as below.
    pub(crate) median: f64,
    /// The smallest sample.
    pub(crate) low: f64,
    /// The largest sample.
    pub(crate) high: f64,
    /// How many samples there were.
    pub(crate) samples: usize,
    /// What they count.
    pub(crate) unit: Unit,
}

impl Figure {
    /// The figure of `samples`, which count `unit`s.
    ///
    /// # Errors
    ///
    /// There is no sample, or one is not a number.
    pub(crate) fn of(samples: &[f64], unit: Unit) -> Result<Self> {
        ensure!(!samples.is_empty(), "nothing was measured");
        ensure!(
            samples.iter().all(|s| s.is_finite()),
            "a sample is no number"
        );
        let sorted = sorted(samples);
        // INVARIANT: Both ends and the middle of a sorted, finite, filled list.
        Ok(Self {
            median: middle(&sorted),
            low: sorted[0],
            high: sorted[sorted.len() - 1],
            samples: sorted.len(),
            unit,
        })
    }
}

/// `62.1 µs (58.0-71.4)`; the spread is left out of a single sample.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", short(self.median), self.unit)?;
        if self.samples == 1 {
            return Ok(());
        }
        write!(f, " ({}-{})", short(self.low), short(self.high))
    }
}

/// The median of `samples`; 0 when there are none.
pub(crate) fn median(samples: &[f64]) -> f64 {
    middle(&sorted(samples))
}

/// Three significant digits, and never an exponent.
pub(crate) fn short(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match (sorted.len(), sorted.len() % 2) {
        (0, _) => 0.0,
        (_, 1) => sorted[half],
        _ => (sorted[half - 1] + sorted[half]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_sample_does_not_move_the_median() {
        let figure = Figure::of(&[3.0, 1000.0, 1.0, 2.0, 2.5], Unit::Seconds).unwrap();
        assert_eq!(figure.median, 2.5);
        assert_eq!((figure.low, figure.high), (1.0, 1000.0));
    }

    #[test]
    fn an_even_number_of_samples_has_two_middles() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn nothing_is_no_figure() {
        assert!(Figure::of(&[], Unit::Seconds).is_err());
        assert!(Figure::of(&[1.0, f64::NAN], Unit::Seconds).is_err());
    }

    #[test]
    fn a_figure_reads_as_one_phrase() {
        let figure = Figure::of(&[58.04, 62.14, 171.4], Unit::Microseconds).unwrap();
        assert_eq!(figure.to_string(), "62.1 µs (58.0-171)");
        let figure = Figure::of(&[0.1534], Unit::Seconds).unwrap();
        assert_eq!(figure.to_string(), "0.15 s");
    }
}
