// SPDX-License-Identifier: GPL-2.0

//! Rows of the table.
//!
//! A row says what was measured, what it can be at best on this machine (the
//! floor, measured in the same run), and what it should be.

use std::fmt;

use serde::Serialize;

use crate::figure::{
    short,
    Figure, //
};
use crate::ratio::Ratio;

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// One word for programs.
    pub(crate) name: String,
    /// What was measured, for people.
    pub(crate) what: String,
    /// How it came out.
    pub(crate) measured: Figure,
    /// What it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) floor: Option<Floor>,
    /// What it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) goal: Option<Goal>,
}

/// The figure a row is compared with.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Floor {
    /// What was measured instead.
    pub(crate) what: &'static str,
    /// How that came out.
    pub(crate) figure: Figure,
    /// The row's figure divided by this one.
    pub(crate) ratio: Ratio,
}

/// What a row should reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// The median is at most this, in the figure's unit.
    AtMost(f64),
    /// The ratio to the floor is at most this.
    RatioAtMost(f64),
    /// The ratio to the floor is at least this.
    RatioAtLeast(f64),
    /// The upper end of the ratio's interval is below this.
    IntervalBelow(f64),
}

/// Whether a row reached its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It did.
    Met,
    /// It did not.
    Missed,
}

impl Row {
    /// A row that stands alone.
    pub(crate) fn new(name: &str, what: impl Into<String>, measured: Figure) -> Self {
        Self {
            name: name.to_owned(),
            what: what.into(),
            measured,
            floor: None,
            goal: None,
        }
    }

    /// The row beside its floor.
    pub(crate) fn over(mut self, what: &'static str, figure: Figure, ratio: Ratio) -> Self {
        self.floor = Some(Floor {
            what,
            figure,
            ratio,
        });
        self
    }

    /// The row with a goal.
    pub(crate) fn toward(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Whether the goal is reached; none without a goal, and none where the
    /// goal is a ratio and there is no floor.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let ratio = self.floor.as_ref().map(|floor| floor.ratio);
        let met = match self.goal? {
            Goal::AtMost(most) => self.measured.median <= most,
            Goal::RatioAtMost(most) => ratio?.value <= most,
            Goal::RatioAtLeast(least) => ratio?.value >= least,
            Goal::IntervalBelow(below) => ratio?.high < below,
        };
        Some(if met { Verdict::Met } else { Verdict::Missed })
    }

    /// The goal in words, with the unit it is in.
    pub(crate) fn goal_words(&self) -> Option<String> {
        let unit = self.measured.unit;
        Some(match self.goal? {
            Goal::AtMost(most) => format!("<= {} {unit}", trimmed(most)),
            Goal::RatioAtMost(most) => format!("ratio <= {}", trimmed(most)),
            Goal::RatioAtLeast(least) => format!("ratio >= {}", trimmed(least)),
            Goal::IntervalBelow(below) => format!("interval < {}", trimmed(below)),
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "yes",
            Self::Missed => "no",
        })
    }
}

/// A goal as it was written: without zeros at its end.
fn trimmed(value: f64) -> String {
    let text = short(value);
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Unit;

    fn row(measured: f64, floor: f64) -> Row {
        let figure = |value| Figure::of(&[value], Unit::Seconds).unwrap();
        let ratio = Ratio::of_rounds(&[measured], &[floor]).unwrap();
        Row::new("x", "x", figure(measured)).over("y", figure(floor), ratio)
    }

    #[test]
    fn a_goal_is_met_up_to_its_edge() {
        for (goal, measured, floor, verdict) in [
            (Goal::AtMost(1.5), 1.5, 1.0, Verdict::Met),
            (Goal::AtMost(1.5), 1.51, 1.0, Verdict::Missed),
            (Goal::RatioAtMost(2.0), 4.0, 2.0, Verdict::Met),
            (Goal::RatioAtMost(2.0), 4.1, 2.0, Verdict::Missed),
            (Goal::RatioAtLeast(0.8), 8.0, 10.0, Verdict::Met),
            (Goal::RatioAtLeast(0.8), 7.9, 10.0, Verdict::Missed),
            (Goal::IntervalBelow(1.02), 1.01, 1.0, Verdict::Met),
            (Goal::IntervalBelow(1.02), 1.02, 1.0, Verdict::Missed),
        ] {
            let row = row(measured, floor).toward(goal);
            assert_eq!(row.verdict(), Some(verdict), "{goal:?} {measured}");
        }
    }

    #[test]
    fn an_interval_that_reaches_over_the_goal_misses_it() {
        let mut row = row(1.0, 1.0).toward(Goal::IntervalBelow(1.02));
        if let Some(floor) = &mut row.floor {
            floor.ratio.high = 1.03;
        }
        assert_eq!(row.verdict(), Some(Verdict::Missed));
    }

    #[test]
    fn no_goal_has_no_verdict() {
        assert_eq!(row(1.0, 1.0).verdict(), None);
    }

    #[test]
    fn goals_read_as_they_are_written() {
        let words = |goal| row(1.0, 1.0).toward(goal).goal_words().unwrap();
        assert_eq!(words(Goal::AtMost(25.0)), "<= 25 s");
        assert_eq!(words(Goal::AtMost(1.5)), "<= 1.5 s");
        assert_eq!(words(Goal::RatioAtLeast(0.8)), "ratio >= 0.8");
        assert_eq!(words(Goal::IntervalBelow(1.02)), "interval < 1.02");
    }
}
