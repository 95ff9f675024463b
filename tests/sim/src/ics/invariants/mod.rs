// SPDX-License-Identifier: GPL-2.0

//! Invariants of ICS.
//!
//! What must hold in every run, a file each.

mod answered_once;
mod bounded;
mod cancel_final;
mod death_completes;
mod epoch;
mod executed_once;
mod honest_faults;
mod levels;
mod liveness;
mod messages;
mod none_lost;
mod transfers;

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
        Box::<answered_once::AnsweredOnce>::default(),
        Box::<bounded::Bounded>::default(),
        Box::<cancel_final::CancelFinal>::default(),
        Box::<death_completes::DeathCompletes>::default(),
        Box::<epoch::InItsEpoch>::default(),
        Box::<executed_once::ExecutedOnce>::default(),
        Box::<honest_faults::NoFaults>::default(),
        Box::<levels::LevelsRise>::default(),
        Box::<liveness::Liveness>::default(),
        Box::<messages::MessagesInOrder>::default(),
        Box::<none_lost::NoneLost>::default(),
        Box::<transfers::TransfersAreRight>::default(),
    ]
}
