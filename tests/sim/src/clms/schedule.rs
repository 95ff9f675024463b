// SPDX-License-Identifier: GPL-2.0

//! Plan of a seed.
//!
//! A size, a character, a list of faults with their times; then everything is
//! healed and started, and the cluster must become whole.

use ssi_core::ids::NodeId;

use super::{
    faults::Fault,
    world::{
        World,
        MS,
        S, //
    },
};
use crate::rng::Rng;

/// How long a whole cluster may take to form again once faults have stopped.
const SETTLE_MAX: u64 = 30 * S;

/// The kinds of trouble a seed can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Character {
    /// Crashes, reboots and starts.
    Crashes,
    /// Crashes in the middle of a step.
    Trips,
    /// Lost, doubled and late heartbeats, resets: nobody may be killed.
    Weather,
    /// Partitions of all kinds.
    Cuts,
    /// Frozen nodes.
    Freezes,
    /// Naps, jumps of the clock, slow nodes: nobody may be killed.
    Drowsy,
    /// Comings and goings in order.
    Traffic,
    /// All at once.
    Everything,
    /// Everybody dies, again and again.
    Wipeouts,
}

const CHARACTERS: [Character; 12] = [
    Character::Crashes,
    Character::Trips,
    Character::Trips,
    Character::Weather,
    Character::Cuts,
    Character::Cuts,
    Character::Freezes,
    Character::Drowsy,
    Character::Traffic,
    Character::Everything,
    Character::Everything,
    Character::Wipeouts,
];

/// One seed's plan.
pub struct Schedule {
    seed: u64,
    rng: Rng,
    nodes: Vec<NodeId>,
    character: Character,
}

impl Schedule {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xc1a5_0000);
        let character = CHARACTERS[rng.index(CHARACTERS.len())];
        let count = match rng.below(1000) {
            0 => rng.between(128, 256),
            1..=2 => rng.between(65, 128),
            3..=30 => rng.between(17, 48),
            31..=150 => rng.between(9, 16),
            151..=300 => 2,
            301..=450 => 3,
            _ => rng.between(2, 8),
        };
        let nodes = NodeId::all().take(count as usize).collect();
        Self {
            seed,
            rng,
            nodes,
            character,
        }
    }

    /// Carries it out.
    ///
    /// # Errors
    ///
    /// What did not hold.
    pub fn run(mut self, verbose: bool) -> Result<(), String> {
        let mut world = World::new(self.rng.fork(), verbose);
        world.tell(|| {
            format!(
                "seed {}: {} nodes, {:?}",
                self.seed,
                self.nodes.len(),
                self.character
            )
        });
        self.choose_tempo(&mut world);
        if !world.tempo.roster_follows {
            world.enroll(&self.nodes);
        }
        self.start_all(&mut world);
        world.pass(self.rng.between(100, 2_000) * MS)?;
        let faults = self.rng.between(1, 12);
        for _ in 0..faults {
            self.trouble(&mut world);
            let pause = match self.rng.below(4) {
                0 => self.rng.below(2 * MS),
                1 => self.rng.below(30 * MS),
                2 => self.rng.below(500 * MS),
                _ => self.rng.below(5 * S),
            };
            world.pass(pause)?;
        }
        if matches!(self.character, Character::Cuts | Character::Freezes) {
            self.wait_for_majority(&mut world)?;
        }
        self.recover(&mut world)
    }

    /// A majority that is connected goes on by itself, whatever the others do.
    fn wait_for_majority(&self, world: &mut World) -> Result<(), String> {
        world.tell(|| "--- majority".into());
        let (mut side, mut since) = (Vec::new(), world.now);
        while let Some(now) = world.majority() {
            if now != side {
                (side, since) = (now, world.now);
            }
            match world.is_whole(&side) {
                Ok(()) => return Ok(()),
                Err(why) if world.now >= since + SETTLE_MAX => {
                    return Err(format!("liveness of the majority {side:?}: {why}"));
                }
                Err(_) => world.pass(100 * MS)?,
            }
        }
        Ok(())
    }

    fn choose_tempo(&mut self, world: &mut World) {
        let rng = &mut self.rng;
        world.tempo.message = [100, 300, 2 * MS, 20 * MS][rng.index(4)];
        world.tempo.connect = [MS, 10 * MS, 100 * MS][rng.index(3)];
        world.tempo.callbacks = [1, 5 * MS, 50 * MS, 700 * MS][rng.index(4)];
        world.tempo.cleanup = [1, 50 * MS, 500 * MS][rng.index(3)];
        world.tempo.reap = [1, 2 * MS, 100 * MS][rng.index(3)];
        world.tempo.cleanup_hangs = [0, 0, 200][rng.index(3)];
        world.tempo.host = [100, 100, 20 * MS, 500 * MS][rng.index(4)];
        world.tempo.kill = [2 * MS, 2 * MS, 300 * MS][rng.index(3)];
        world.tempo.queue = [1 << 20, 24][rng.index(2)];
        world.tempo.roster_follows = rng.permille(500);
        world.tempo.clocks_stand = rng.permille(300);
        if rng.permille(150) {
            let node = self.nodes[rng.index(self.nodes.len())];
            world.tempo.late = Some((node, [S, 5 * S][rng.index(2)]));
        }
    }

    fn start_all(&mut self, world: &mut World) {
        let spread = [1, 20 * MS, 2 * S][self.rng.index(3)];
        for &node in &self.nodes {
            let when = self.rng.below(spread);
            world.after(when, Fault::Start(node));
        }
    }

    fn recover(&mut self, world: &mut World) -> Result<(), String> {
        world.tell(|| "--- recovery".into());
        world.inflict(Fault::Heal);
        for &node in &self.nodes {
            world.inflict(Fault::Resume(node));
        }
        // What was asked for before may still come.
        self.make_whole(world)?;
        world.pass(S)?;
        self.make_whole(world)?;
        world.forget_trips();
        // Then it must stay whole by itself.
        world.pass(S)?;
        world.is_whole(&self.nodes)
    }

    /// Whoever halts, is fenced or trips now is started again as well.
    fn make_whole(&mut self, world: &mut World) -> Result<(), String> {
        let mut left = SETTLE_MAX;
        loop {
            for &node in &self.nodes {
                if !world.living().contains(&node) {
                    let when = self.rng.below(200 * MS);
                    world.after(when, Fault::Start(node));
                }
            }
            let outcome = world.settle(&self.nodes, 500 * MS);
            left = left.saturating_sub(500 * MS);
            match outcome {
                Ok(()) => return Ok(()),
                Err(why) if why.starts_with("liveness") && left > 0 => {}
                Err(why) => return Err(why),
            }
        }
    }

    fn trouble(&mut self, world: &mut World) {
        match self.character {
            Character::Crashes => self.crash(world),
            Character::Trips => self.trip(world),
            Character::Weather => self.weather(world),
            Character::Cuts => self.cut(world),
            Character::Freezes => self.freeze(world),
            Character::Drowsy => self.doze(world),
            Character::Traffic => self.traffic(world),
            Character::Wipeouts => self.wipe_out(world),
            Character::Everything => match self.rng.below(8) {
                0 => self.crash(world),
                1 | 2 => self.trip(world),
                3 => self.weather(world),
                4 => self.cut(world),
                5 => self.freeze(world),
                6 => self.doze(world),
                _ => self.traffic(world),
            },
        }
    }

    fn node(&mut self) -> NodeId {
        self.nodes[self.rng.index(self.nodes.len())]
    }

    /// Often the one whose fate matters most.
    fn important(&mut self, world: &World) -> NodeId {
        let leader = world.leader().filter(|_| self.rng.permille(500));
        leader.unwrap_or_else(|| self.node())
    }

    fn some(&mut self, most: usize) -> Vec<NodeId> {
        let count = 1 + self.rng.index(most.max(1));
        (0..count).map(|_| self.node()).collect()
    }

    fn crash(&mut self, world: &mut World) {
        let node = self.important(world);
        match self.rng.below(6) {
            0..=2 => world.inflict(Fault::Crash(node)),
            3 => world.inflict(Fault::Reboot(node)),
            4 => {
                for node in self.some(self.nodes.len()) {
                    let when = self.rng.below(3 * MS);
                    world.after(when, Fault::Crash(node));
                }
            }
            _ => self.start_some(world),
        }
        if self.rng.permille(300) {
            self.start_some(world);
        }
    }

    fn start_some(&mut self, world: &mut World) {
        for node in self.some(self.nodes.len()) {
            let when = self.rng.below(50 * MS);
            world.after(when, Fault::Start(node));
        }
    }

    /// Something makes the view change, and who works on it dies at it.
    fn trip(&mut self, world: &mut World) {
        for node in self.some(2) {
            world.inflict(Fault::Crash(node));
        }
        self.start_some(world);
        let victims = [self.important(world), self.node()];
        let count = 1 + self.rng.index(2);
        for victim in victims.into_iter().take(count) {
            let effects = self.rng.below(12 + 6 * self.nodes.len() as u64);
            world.inflict(Fault::Trip(victim, effects));
        }
    }

    fn weather(&mut self, world: &mut World) {
        match self.rng.below(4) {
            0 => world.inflict(Fault::Loss(self.rng.between(10, 200))),
            1 => world.inflict(Fault::Delay(self.rng.between(MS, 300 * MS))),
            2 => {
                for _ in 0..self.rng.between(1, 6) {
                    let (a, b) = (self.node(), self.node());
                    if a != b {
                        world.inflict(Fault::Reset(a, b));
                    }
                }
            }
            _ => world.net.twice = self.rng.below(500),
        }
        if self.rng.permille(300) {
            self.crash(world);
        }
    }

    fn cut(&mut self, world: &mut World) {
        let mut order = self.nodes.clone();
        for place in (1..order.len()).rev() {
            order.swap(place, self.rng.index(place + 1));
        }
        let at = match self.rng.below(3) {
            0 => order.len() / 2,
            _ => 1 + self.rng.index(order.len() - 1),
        };
        let (one, two) = (order[..at].to_vec(), order[at..].to_vec());
        match self.rng.below(9) {
            0..=3 => {
                world.inflict(Fault::Cut(one.clone(), two.clone()));
                world.inflict(Fault::Cut(two, one));
            }
            4 => world.inflict(Fault::Cut(one, two)),
            5 => world.inflict(Fault::Break(one[0], two[0])),
            6 => {
                let pair = (vec![one[0]], vec![two[0]]);
                world.inflict(Fault::Cut(pair.0, pair.1));
            }
            7 => world.inflict(Fault::Flap(one[0], two[0])),
            _ => world.inflict(Fault::Heal),
        }
        if self.rng.permille(300) {
            let when = self.rng.below(5 * S);
            world.after(when, Fault::Heal);
        }
        if self.rng.permille(200) {
            self.crash(world);
        }
    }

    fn freeze(&mut self, world: &mut World) {
        let node = self.important(world);
        let how_long = self.rng.below(6 * S);
        world.inflict(Fault::Freeze(node));
        world.after(how_long, Fault::Resume(node));
        if self.rng.permille(300) {
            self.crash(world);
        }
        if self.rng.permille(200) {
            world.inflict(Fault::Slow(self.node(), self.rng.below(4 * S)));
        }
    }

    fn doze(&mut self, world: &mut World) {
        let node = self.important(world);
        match self.rng.below(3) {
            0 => {
                // The timeout is 3 s; what it sleeps beyond its own beats counts.
                let how_long = self.rng.below(2_800 * MS);
                world.inflict(Fault::Slow(node, 0));
                world.inflict(Fault::Nap(node, how_long));
                // Let it be heard before the next.
                let _ = world
                    .pass(how_long + 700 * MS)
                    .map_err(|why| world.fail(why));
            }
            1 => {
                world.inflict(Fault::Jump(node, self.rng.below(10 * S)));
                let _ = world.pass(700 * MS).map_err(|why| world.fail(why));
            }
            _ => world.inflict(Fault::Slow(node, self.rng.below(300 * MS))),
        }
    }

    fn traffic(&mut self, world: &mut World) {
        let (user, node) = (self.node(), self.node());
        match self.rng.below(4) {
            0 => world.inflict(Fault::ShutDown(user, node)),
            1 => world.inflict(Fault::Leave(node)),
            _ => self.start_some(world),
        }
    }

    fn wipe_out(&mut self, world: &mut World) {
        let spread = [1, MS, 20 * MS][self.rng.index(3)];
        for node in self.nodes.clone() {
            if self.rng.permille(100) {
                let when = self.rng.below(50 * MS);
                let how_long = self.rng.below(6 * S);
                world.after(when, Fault::Freeze(node));
                world.after(when + how_long, Fault::Resume(node));
            }
            if self.rng.permille(900) {
                let when = self.rng.below(spread);
                world.after(when, Fault::Crash(node));
                if self.rng.permille(700) {
                    let again = when + self.rng.below(50 * MS);
                    world.after(again, Fault::Start(node));
                }
            }
        }
    }
}
