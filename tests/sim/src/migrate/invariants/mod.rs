// SPDX-License-Identifier: GPL-2.0

//! Invariants of moving.
//!
//! What must hold in every run, a file each.

mod honest_deaths;
mod nothing_left;
mod one_copy;
mod signals_once;
mod told_once;

use super::history::Event;

/// Something that must hold.
pub trait Invariant {
    /// A word for it.
    fn name(&self) -> &'static str;

    /// Takes in what happened; an error says how it broke.
    fn check(&mut self, event: &Event) -> Result<(), String>;
}

/// All of them, at the beginning of a run.
pub fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::<honest_deaths::HonestDeaths>::default(),
        Box::<nothing_left::NothingLeft>::default(),
        Box::<one_copy::OneCopy>::default(),
        Box::<signals_once::SignalsOnce>::default(),
        Box::<told_once::ToldOnce>::default(),
    ]
}
