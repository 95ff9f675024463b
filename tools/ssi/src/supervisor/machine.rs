// SPDX-License-Identifier: GPL-2.0

//! The life of a node.
//!
//! ```text
//!            boot             hello            pause            stopped
//!   +------+ -----> +---------+ ----> +-------+ ----> +---------+ -----> +--------+
//!   | Down |        | Booting |       | Ready | <---- | Pausing |        | Paused |
//!   +------+        +---------+       +-------+ resume+---------+        +--------+
//!    ^   ^               |             ^  |                |              |    |
//!    |   |               |             +--|----- resume ---|--------------+    |
//!    |   | gone          | late         | |                |                   |
//!    |   |               v remove       v v remove         v remove            v remove
//!    |  +--------+       |                  power off        power off           power off
//!    |  | Ending | <-----+--------------+------------------+-------------------+
//!    |  +--------+
//!    |       | gone, and it was late
//!    | remove v
//!   +------+ <---- gone, unasked (panic, kill, switched off from inside): from
//!   | Dead |       Booting, Ready, Pausing and Paused
//!   +------+ ----> boot: to Booting
//! ```
//!
//! Gone means that the process and all of its group were reaped, so a node is
//! never started beside its own rest.
//!
//! The machine decides; the supervisor does what the returned [`Effect`]s say.

use std::time::Duration;

use ssi_core::ids::NodeId;

use crate::{
    death::Death,
    limits::{
        BOOT_MAX,
        POWER_OFF_MAX, //
    },
};

/// Time since the supervisor started.
pub(crate) type Moment = Duration;

/// Where a node stands in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No process, and nobody expects one.
    Down,
    /// The process runs; the agent has not said hello. Killed at `until`.
    Booting {
        /// End of its patience.
        until: Moment,
    },
    /// The agent has said hello.
    Ready,
    /// UML was sent a stop signal and has not stopped yet.
    Pausing,
    /// Nothing of the node runs.
    Paused,
    /// Somebody wants it gone.
    Ending(Ending),
    /// Its process ended although nobody wanted it to.
    Dead(Death),
}

/// Why a node is being ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Asked to switch itself off; killed at `until`.
    PoweringOff {
        /// End of its grace.
        until: Moment,
    },
    /// Killed on purpose.
    Killed,
    /// Killed because it did not come up in time.
    Late,
}

/// What happens to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The user wants it up.
    Boot,
    /// Its process could not be started.
    NotStarted(String),
    /// Its agent said hello.
    Hello,
    /// The user wants it frozen.
    Pause,
    /// UML has stopped.
    Stopped,
    /// The user wants it to go on.
    Resume,
    /// The user wants it dead.
    Remove,
    /// The cluster ends.
    PowerOff,
    /// The process and all of its group are reaped.
    Gone(Death),
    /// Time has passed.
    Tick,
}

/// What the supervisor has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Start the process and wait for the agent.
    Spawn,
    /// Send UML a stop signal.
    StopKernel,
    /// UML has stopped: stop its user processes too.
    StopPrograms,
    /// Let programs and UML go on.
    Continue,
    /// Kill the process group.
    Kill,
    /// Ask the agent to switch the node off.
    AskPowerOff,
}

/// Why an event was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It has no process.
    #[error("node {0} is not running: boot it with 'ssi add {0}'")]
    NotRunning(NodeId),
    /// It died; the words of its death.
    #[error("node {0} is dead ({1}): see 'ssi log {0}', boot it again with 'ssi add {0}'")]
    Dead(NodeId, String),
    /// It has a process already.
    #[error("node {0} is already up")]
    AlreadyUp(NodeId),
    /// Its agent has not said hello.
    #[error("node {0} is still booting: try again in a moment")]
    Booting(NodeId),
    /// It is frozen.
    #[error("node {0} is paused: 'ssi resume {0}' lets it go on")]
    Paused(NodeId),
    /// It is not frozen.
    #[error("node {0} is not paused")]
    NotPaused(NodeId),
    /// It is being ended.
    #[error("node {0} is ending: try again in a moment")]
    Ending(NodeId),
}

/// One node's life.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    node: NodeId,
    state: State,
    since: Moment,
    boots: u32,
}

impl Machine {
    /// A node that was never started.
    pub(crate) fn new(node: NodeId) -> Self {
        Self {
            node,
            state: State::Down,
            since: Moment::ZERO,
            boots: 0,
        }
    }

    /// Where it stands.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Since when.
    pub(crate) fn since(&self) -> Moment {
        self.since
    }

    /// How often it was started: the number of its incarnation.
    pub(crate) fn boots(&self) -> u32 {
        self.boots
    }

    /// Why it is dead, if it is.
    pub(crate) fn death(&self) -> Option<&Death> {
        match &self.state {
            State::Dead(death) => Some(death),
            State::Down | State::Booting { .. } | State::Ready => None,
            State::Pausing | State::Paused | State::Ending(_) => None,
        }
    }

    /// When it wants a [`Event::Tick`].
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Booting { until } => Some(until),
            State::Ending(Ending::PoweringOff { until }) => Some(until),
            State::Down | State::Ready | State::Pausing | State::Paused => None,
            State::Ending(Ending::Killed | Ending::Late) | State::Dead(_) => None,
        }
    }

    /// Whether a process of its own exists.
    pub(crate) fn has_process(&self) -> bool {
        !matches!(self.state, State::Down | State::Dead(_))
    }

    /// Whether it can be talked to.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(crate) fn check_ready(&self) -> Result<(), Refusal> {
        match &self.state {
            State::Ready => Ok(()),
            State::Pausing | State::Paused => Err(Refusal::Paused(self.node)),
            State::Booting { .. } => Err(Refusal::Booting(self.node)),
            State::Ending(_) => Err(Refusal::Ending(self.node)),
            State::Down | State::Dead(_) => Err(self.not_running()),
        }
    }

    /// Takes `event` at `now`; returns what is to be done about it.
    ///
    /// # Errors
    ///
    /// The user asked for what this state does not allow; nothing changed.
    pub(crate) fn step(&mut self, now: Moment, event: Event) -> Result<Vec<Effect>, Refusal> {
        match event {
            Event::Boot => self.boot(now),
            Event::NotStarted(text) => Ok(self.not_started(now, text)),
            Event::Hello => Ok(self.hello(now)),
            Event::Pause => self.pause(now),
            Event::Stopped => Ok(self.stopped(now)),
            Event::Resume => self.resume(now),
            Event::Remove => self.remove(now),
            Event::PowerOff => Ok(self.power_off(now)),
            Event::Gone(death) => Ok(self.gone(now, death)),
            Event::Tick => Ok(self.tick(now)),
        }
    }

    fn enter(&mut self, now: Moment, state: State, effects: &[Effect]) -> Vec<Effect> {
        self.state = state;
        self.since = now;
        effects.to_vec()
    }

    fn boot(&mut self, now: Moment) -> Result<Vec<Effect>, Refusal> {
        match self.state {
            State::Down | State::Dead(_) => {
                self.boots += 1;
                let until = now + BOOT_MAX;
                Ok(self.enter(now, State::Booting { until }, &[Effect::Spawn]))
            }
            State::Booting { .. } | State::Ready | State::Pausing | State::Paused => {
                Err(Refusal::AlreadyUp(self.node))
            }
            State::Ending(_) => Err(Refusal::Ending(self.node)),
        }
    }

    fn not_started(&mut self, now: Moment, text: String) -> Vec<Effect> {
        match self.state {
            State::Booting { .. } => self.enter(now, State::Dead(Death::NotStarted { text }), &[]),
            State::Down | State::Ready | State::Pausing | State::Paused => Vec::new(),
            State::Ending(_) | State::Dead(_) => Vec::new(),
        }
    }

    fn hello(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Booting { .. } => self.enter(now, State::Ready, &[]),
            // The agent's connection was lost and made again, or it is too late.
            State::Down | State::Ready | State::Pausing | State::Paused => Vec::new(),
            State::Ending(_) | State::Dead(_) => Vec::new(),
        }
    }

    fn pause(&mut self, now: Moment) -> Result<Vec<Effect>, Refusal> {
        match self.state {
            State::Ready => Ok(self.enter(now, State::Pausing, &[Effect::StopKernel])),
            State::Pausing | State::Paused => Err(Refusal::Paused(self.node)),
            State::Booting { .. } => Err(Refusal::Booting(self.node)),
            State::Ending(_) => Err(Refusal::Ending(self.node)),
            State::Down | State::Dead(_) => Err(self.not_running()),
        }
    }

    fn stopped(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Pausing => self.enter(now, State::Paused, &[Effect::StopPrograms]),
            // Resumed or killed in between, or stopped by somebody else.
            State::Down | State::Booting { .. } | State::Ready | State::Paused => Vec::new(),
            State::Ending(_) | State::Dead(_) => Vec::new(),
        }
    }

    fn resume(&mut self, now: Moment) -> Result<Vec<Effect>, Refusal> {
        match self.state {
            State::Pausing | State::Paused => {
                Ok(self.enter(now, State::Ready, &[Effect::Continue]))
            }
            State::Ready | State::Booting { .. } => Err(Refusal::NotPaused(self.node)),
            State::Ending(_) => Err(Refusal::Ending(self.node)),
            State::Down | State::Dead(_) => Err(self.not_running()),
        }
    }

    fn remove(&mut self, now: Moment) -> Result<Vec<Effect>, Refusal> {
        match self.state {
            State::Booting { .. } | State::Ready | State::Pausing | State::Paused => {
                Ok(self.kill(now, Ending::Killed))
            }
            State::Ending(_) => Ok(self.kill(now, Ending::Killed)),
            State::Dead(_) => Ok(self.enter(now, State::Down, &[])),
            State::Down => Err(self.not_running()),
        }
    }

    fn power_off(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Ready => {
                let until = now + POWER_OFF_MAX;
                let ending = State::Ending(Ending::PoweringOff { until });
                self.enter(now, ending, &[Effect::AskPowerOff])
            }
            // None of these can answer.
            State::Booting { .. } | State::Pausing | State::Paused => {
                self.kill(now, Ending::Killed)
            }
            State::Down | State::Ending(_) | State::Dead(_) => Vec::new(),
        }
    }

    fn gone(&mut self, now: Moment, death: Death) -> Vec<Effect> {
        let state = match self.state {
            State::Booting { .. } | State::Ready | State::Pausing | State::Paused => {
                State::Dead(death)
            }
            State::Ending(Ending::PoweringOff { .. } | Ending::Killed) => State::Down,
            State::Ending(Ending::Late) => State::Dead(Death::NeverReady {
                seconds: BOOT_MAX.as_secs(),
            }),
            State::Down | State::Dead(_) => return Vec::new(),
        };
        self.enter(now, state, &[])
    }

    fn tick(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Booting { until } if until <= now => self.kill(now, Ending::Late),
            State::Ending(Ending::PoweringOff { until }) if until <= now => {
                self.kill(now, Ending::Killed)
            }
            State::Booting { .. } | State::Ending(_) => Vec::new(),
            State::Down | State::Ready | State::Pausing | State::Paused => Vec::new(),
            State::Dead(_) => Vec::new(),
        }
    }

    fn kill(&mut self, now: Moment, ending: Ending) -> Vec<Effect> {
        self.enter(now, State::Ending(ending), &[Effect::Kill])
    }

    fn not_running(&self) -> Refusal {
        match self.death() {
            Some(death) => Refusal::Dead(self.node, death.to_string()),
            None => Refusal::NotRunning(self.node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_secs(1000);

    fn machine(events: &[Event]) -> Machine {
        let mut machine = Machine::new(NodeId::new(4).unwrap());
        for event in events {
            machine.step(NOW, event.clone()).unwrap();
        }
        machine
    }

    fn powered_off() -> Event {
        Event::Gone(Death::PoweredOff)
    }

    #[test]
    fn a_node_boots_and_becomes_ready() {
        let mut node = machine(&[]);
        assert_eq!(node.step(NOW, Event::Boot), Ok(vec![Effect::Spawn]));
        assert!(node.check_ready().is_err());
        assert_eq!(node.step(NOW, Event::Hello), Ok(vec![]));
        assert_eq!((node.check_ready(), node.boots()), (Ok(()), 1));
    }

    #[test]
    fn a_node_that_is_up_is_not_booted_beside_itself() {
        use Event::{Boot, Hello, Pause, Remove, Stopped};
        for events in [
            &[Boot][..],
            &[Boot, Hello],
            &[Boot, Hello, Pause],
            &[Boot, Hello, Pause, Stopped],
            &[Boot, Hello, Remove],
        ] {
            assert!(machine(events).step(NOW, Boot).is_err(), "{events:?}");
        }
    }

    #[test]
    fn a_killed_node_is_down_and_a_panicked_one_dead() {
        let removed = machine(&[Event::Boot, Event::Remove, powered_off()]);
        assert_eq!(removed.state(), &State::Down);
        let died = machine(&[Event::Boot, Event::Hello, powered_off()]);
        assert_eq!(died.state(), &State::Dead(Death::PoweredOff));
        let mut again = died;
        assert_eq!(again.step(NOW, Event::Boot), Ok(vec![Effect::Spawn]));
        assert_eq!(again.boots(), 2);
    }

    #[test]
    fn a_pause_stops_the_kernel_first_and_its_programs_then() {
        let mut node = machine(&[Event::Boot, Event::Hello]);
        assert_eq!(node.step(NOW, Event::Pause), Ok(vec![Effect::StopKernel]));
        let stopped = node.step(NOW, Event::Stopped);
        assert_eq!(stopped, Ok(vec![Effect::StopPrograms]));
        assert_eq!(node.step(NOW, Event::Resume), Ok(vec![Effect::Continue]));
        assert_eq!(node.step(NOW, Event::Stopped), Ok(vec![]), "late news");
        assert_eq!(node.state(), &State::Ready);
    }

    #[test]
    fn a_node_that_never_says_hello_is_killed_in_the_end() {
        let mut node = machine(&[Event::Boot]);
        let until = node.deadline().unwrap();
        let before = until - Duration::from_millis(1);
        assert_eq!(node.step(before, Event::Tick), Ok(vec![]));
        assert_eq!(node.step(until, Event::Tick), Ok(vec![Effect::Kill]));
        node.step(until, powered_off()).unwrap();
        assert!(matches!(
            node.state(),
            State::Dead(Death::NeverReady { .. })
        ));
    }

    #[test]
    fn a_node_that_does_not_switch_itself_off_is_killed() {
        let mut node = machine(&[Event::Boot, Event::Hello]);
        let asked = node.step(NOW, Event::PowerOff);
        assert_eq!(asked, Ok(vec![Effect::AskPowerOff]));
        let late = NOW + POWER_OFF_MAX;
        assert_eq!(node.step(late, Event::Tick), Ok(vec![Effect::Kill]));
        assert_eq!(node.deadline(), None, "nothing is left to wait for");
    }

    #[test]
    fn a_frozen_node_is_killed_at_once_when_the_cluster_ends() {
        let mut node = machine(&[Event::Boot, Event::Hello, Event::Pause, Event::Stopped]);
        assert_eq!(node.step(NOW, Event::PowerOff), Ok(vec![Effect::Kill]));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let down = machine(&[]).step(NOW, Event::Pause).unwrap_err();
        assert!(down.to_string().contains("ssi add 4"));
        let mut died = machine(&[Event::Boot, powered_off()]);
        let dead = died.step(NOW, Event::Resume).unwrap_err().to_string();
        assert!(
            dead.contains("powered off") && dead.contains("ssi log 4"),
            "{dead}"
        );
        let paused = machine(&[Event::Boot, Event::Hello, Event::Pause]).check_ready();
        assert!(paused.unwrap_err().to_string().contains("ssi resume 4"));
    }

    /// Every event in every state: what has no process never gets a signal, and
    /// what has one ends up without one.
    #[test]
    fn no_sequence_leaves_a_process_behind() {
        let events = [
            Event::Boot,
            Event::Hello,
            Event::Pause,
            Event::Stopped,
            Event::Resume,
            Event::Remove,
            Event::PowerOff,
            powered_off(),
            Event::Tick,
            Event::NotStarted("x".into()),
        ];
        let mut seed = 1_u64;
        let (mut node, mut now, mut running) = (machine(&[]), NOW, false);
        for _ in 0..100_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut event = events[(seed >> 33) as usize % events.len()].clone();
            if matches!(event, Event::Gone(_)) && !running {
                event = Event::Tick;
            }
            if matches!(event, Event::NotStarted(_)) {
                // Only ever the answer to Spawn, before anything else happens.
                event = Event::Tick;
            }
            running &= !matches!(event, Event::Gone(_));
            now += Duration::from_millis(seed >> 50);
            for effect in node.step(now, event).unwrap_or_default() {
                assert_eq!(effect == Effect::Spawn, !running, "{effect:?}");
                running = true;
            }
            assert_eq!(node.has_process(), running);
        }
    }
}
