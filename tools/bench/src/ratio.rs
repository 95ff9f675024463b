// SPDX-License-Identifier: GPL-2.0

//! Ratios, and how sure they are.
//!
//! What is compared is measured in turns, so each turn gives a ratio of its
//! own and what slows the whole machine cancels out. Two ways lead from the
//! turns to one ratio: the [median](Ratio::of_rounds), for goals far from 1,
//! and the [mean with its interval](Ratio::of_pairs), for a difference that
//! may be smaller than the noise of one turn.

use std::fmt;

use anyhow::{
    ensure,
    Result, //
};
use serde::Serialize;
use statrs::distribution::{
    ContinuousCDF,
    StudentsT, //
};

use crate::figure;

/// Share of such intervals that hold the true ratio.
const CONFIDENCE: f64 = 0.95;

/// A measured figure divided by its floor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Ratio {
    /// The ratio itself.
    pub(crate) value: f64,
    /// Its lower end.
    pub(crate) low: f64,
    /// Its upper end.
    pub(crate) high: f64,
    /// What the two ends are.
    pub(crate) ends: Ends,
}

/// What the ends of a ratio say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ends {
    /// The smallest and the largest ratio of a round.
    Spread,
    /// The 95 % confidence interval of the mean.
    Interval95,
}

impl Ratio {
    /// The median over rounds of `measured` divided by `floor`.
    ///
    /// # Errors
    ///
    /// The two differ in length, are empty, or hold something not above 0.
    pub(crate) fn of_rounds(measured: &[f64], floor: &[f64]) -> Result<Self> {
        let ratios = ratios(measured, floor)?;
        Ok(Self {
            value: figure::median(&ratios),
            low: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            high: ratios.iter().copied().fold(0.0, f64::max),
            ends: Ends::Spread,
        })
    }

    /// The geometric mean over pairs of `measured` divided by `floor`, with
    /// its 95 % confidence interval (Student's t on the logarithms).
    ///
    /// # Errors
    ///
    /// As for [`Self::of_rounds`], and fewer than two pairs.
    pub(crate) fn of_pairs(measured: &[f64], floor: &[f64]) -> Result<Self> {
        let logs: Vec<f64> = ratios(measured, floor)?.iter().map(|r| r.ln()).collect();
        ensure!(logs.len() >= 2, "an interval needs two pairs");
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let reach = t_quantile(count - 1.0)? * (variance / count).sqrt();
        Ok(Self {
            value: mean.exp(),
            low: (mean - reach).exp(),
            high: (mean + reach).exp(),
            ends: Ends::Interval95,
        })
    }
}

/// `1.62 (1.58-1.71)` for a spread, `1.003 [0.998, 1.008]` for an interval; a
/// single round has no spread.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            value, low, high, ..
        } = self;
        match self.ends {
            Ends::Spread if low == high => write!(f, "{value:.2}"),
            Ends::Spread => write!(f, "{value:.2} ({low:.2}-{high:.2})"),
            Ends::Interval95 => write!(f, "{value:.3} [{low:.3}, {high:.3}]"),
        }
    }
}

fn ratios(measured: &[f64], floor: &[f64]) -> Result<Vec<f64>> {
    ensure!(!measured.is_empty(), "nothing was measured");
    ensure!(measured.len() == floor.len(), "a round lacks its floor");
    let positive = |s: &f64| s.is_finite() && *s > 0.0;
    ensure!(
        measured.iter().chain(floor).all(positive),
        "a sample of a ratio is not above 0"
    );
    Ok(measured.iter().zip(floor).map(|(m, f)| m / f).collect())
}

/// Standard errors from the mean to the end of the interval.
fn t_quantile(degrees_of_freedom: f64) -> Result<f64> {
    let student = StudentsT::new(0.0, 1.0, degrees_of_freedom)?;
    Ok(student.inverse_cdf(0.5 + CONFIDENCE / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-3
    }

    #[test]
    fn quantiles_are_those_of_the_printed_table() {
        for (degrees, quantile) in [(1.0, 12.706), (4.0, 2.776), (19.0, 2.093), (100.0, 1.984)] {
            let got = t_quantile(degrees).unwrap();
            assert!(near(got, quantile), "{degrees}: {got}");
        }
    }

    #[test]
    fn what_slows_both_alike_cancels_out() {
        let floor = [10.0, 20.0, 15.0, 12.0];
        let measured = floor.map(|f| f * 1.1);
        for ratio in [
            Ratio::of_rounds(&measured, &floor).unwrap(),
            Ratio::of_pairs(&measured, &floor).unwrap(),
        ] {
            assert!(near(ratio.value, 1.1) && near(ratio.low, 1.1) && near(ratio.high, 1.1));
        }
    }

    #[test]
    fn an_interval_by_hand() {
        // Logarithms -0.1, 0, 0.1: mean 0, deviation 0.1, t(2) = 4.303.
        let measured = [-0.1_f64, 0.0, 0.1].map(f64::exp);
        let ratio = Ratio::of_pairs(&measured, &[1.0; 3]).unwrap();
        let reach = 4.3027 * 0.1 / 3.0_f64.sqrt();
        assert!(near(ratio.value, 1.0));
        assert!(near(ratio.high, reach.exp()) && near(ratio.low, (-reach).exp()));
    }

    #[test]
    fn more_pairs_narrow_the_interval() {
        let noise = [0.98, 1.02, 1.01, 0.99];
        let few = Ratio::of_pairs(&noise, &[1.0; 4]).unwrap();
        let many = Ratio::of_pairs(&noise.repeat(6), &[1.0; 24]).unwrap();
        assert!(many.high < few.high && many.high < 1.01);
    }

    #[test]
    fn the_interval_holds_the_truth_about_as_often_as_it_claims() {
        // Log ratios that are the sum of twelve draws: near enough to normal.
        let mut state = 1_u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut normal = || (0..12).map(|_| draw()).sum::<f64>() - 6.0;
        let runs = 2000;
        let held = (0..runs)
            .filter(|_| {
                let pairs: Vec<f64> = (0..20).map(|_| (normal() * 0.02).exp()).collect();
                let ratio = Ratio::of_pairs(&pairs, &[1.0; 20]).unwrap();
                ratio.low <= 1.0 && 1.0 <= ratio.high
            })
            .count();
        let share = held as f64 / f64::from(runs);
        assert!((0.93..0.97).contains(&share), "{share}");
    }

    #[test]
    fn a_ratio_to_nothing_is_refused() {
        assert!(Ratio::of_rounds(&[], &[]).is_err());
        assert!(Ratio::of_rounds(&[1.0], &[1.0, 2.0]).is_err());
        assert!(Ratio::of_rounds(&[1.0], &[0.0]).is_err());
        assert!(Ratio::of_pairs(&[1.0], &[1.0]).is_err());
    }
}
