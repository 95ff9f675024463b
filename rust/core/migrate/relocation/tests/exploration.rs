// SPDX-License-Identifier: GPL-2.0

//! All that can happen.
//!
//! All orders in which messages arrive, signals come, processes are killed and nodes die
//! are tried, for a guest on A that moves to B or home to H. What must hold is in
//! [`world`](super::world).

use std::collections::HashMap;

use super::world::{
    Chances,
    World, //
};

/// All that can come of some chances.
#[derive(Default)]
struct Exploration {
    numbers: HashMap<World, usize>,
    /// From which states progress leads to one.
    before: Vec<Vec<usize>>,
    ends: Vec<usize>,
}

impl Exploration {
    fn of(chances: Chances) -> Self {
        let mut all = Self::default();
        let first = World::new(chances);
        all.number(&first);
        let mut todo = vec![first];
        while let Some(world) = todo.pop() {
            let number = all.number(&world);
            world.check();
            let progress = world.progress();
            if progress.is_empty() {
                world.check_end();
                all.ends.push(number);
            }
            let chance = world.chance();
            for (at, next) in progress.iter().chain(&chance).enumerate() {
                let is_new = !all.numbers.contains_key(next);
                let next_number = all.number(next);
                if at < progress.len() {
                    all.before[next_number].push(number);
                }
                if is_new {
                    todo.push(next.clone());
                }
            }
        }
        all
    }

    fn number(&mut self, world: &World) -> usize {
        let next = self.numbers.len();
        let number = *self.numbers.entry(world.clone()).or_insert(next);
        if number == next {
            self.before.push(vec![]);
        }
        number
    }

    /// Every state leads to an end: nothing goes round for ever.
    fn check_ends(&self) {
        let mut leads = vec![false; self.before.len()];
        let mut todo = self.ends.clone();
        while let Some(number) = todo.pop() {
            if !std::mem::replace(&mut leads[number], true) {
                todo.extend(&self.before[number]);
            }
        }
        let stuck = self.numbers.iter().find(|(_, &number)| !leads[number]);
        assert!(stuck.is_none(), "no end: {stuck:?}");
    }
}

const CHANCES: Chances = Chances {
    attempts: 1,
    signals: 0,
    deaths: 2,
    kills: 1,
    ends: 1,
    held_dies: 1,
    unclear: 1,
};

#[test]
fn there_is_one_process_whatever_happens() {
    let all = Exploration::of(Chances {
        attempts: 2,
        signals: 1,
        ..CHANCES
    });
    all.check_ends();
    assert!(all.numbers.len() > 100_000 && all.ends.len() > 1_000);
}

#[test]
fn signals_come_in_their_order() {
    let all = Exploration::of(Chances {
        signals: 2,
        ..CHANCES
    });
    all.check_ends();
    assert!(all.numbers.len() > 40_000 && all.ends.len() > 1_000);
}
