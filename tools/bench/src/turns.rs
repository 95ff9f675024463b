// SPDX-License-Identifier: GPL-2.0

//! Samples that were taken in turns.

use anyhow::Result;

use crate::figure::{
    Figure,
    Unit, //
};
use crate::ratio::Ratio;
use crate::row::Row;

/// What each turn gave, and what its floor gave in the same turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Turns {
    measured: Vec<f64>,
    floor: Vec<f64>,
}

impl Turns {
    /// Adds a turn.
    pub(crate) fn add(&mut self, measured: f64, floor: f64) {
        self.measured.push(measured);
        self.floor.push(floor);
    }

    /// The row of all turns; `floor` says what the floor is.
    ///
    /// # Errors
    ///
    /// There was no turn, or one gave nothing above 0.
    pub(crate) fn row(
        &self,
        name: &str,
        what: impl Into<String>,
        floor: &'static str,
        unit: Unit,
    ) -> Result<Row> {
        let ratio = Ratio::of_rounds(&self.measured, &self.floor)?;
        let row = Row::new(name, what, Figure::of(&self.measured, unit)?);
        Ok(row.over(floor, Figure::of(&self.floor, unit)?, ratio))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_has_its_own_ratio() {
        let mut turns = Turns::default();
        turns.add(30.0, 10.0);
        turns.add(20.0, 20.0);
        turns.add(60.0, 30.0);
        let row = turns.row("x", "x", "y", Unit::Seconds).unwrap();
        assert_eq!(row.measured.median, 30.0);
        assert_eq!(row.floor.unwrap().ratio.value, 2.0);
        assert!(Turns::default().row("x", "x", "y", Unit::Seconds).is_err());
    }
}
