// SPDX-License-Identifier: GPL-2.0

//! Attack on a victim.

use anyhow::Result;

use crate::report::Report;
use crate::scene::Scene;

/// Something a hostile node may do to another. It is the same for the same seed,
/// and it comes to an end.
pub(crate) trait Attack: Sync {
    /// Its name, a word.
    fn name(&self) -> &'static str;

    /// What it does, in one sentence.
    fn about(&self) -> &'static str;

    /// Does it.
    ///
    /// # Errors
    ///
    /// It could not be carried out. What the victim did wrong is in the report.
    fn run(&self, scene: &mut Scene) -> Result<Report>;
}
