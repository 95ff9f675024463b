// SPDX-License-Identifier: GPL-2.0

//! The life of a node.
//!
//! ```text
//!            boot             hello            pause            stopped
//!   +------+ -----> +---------+ ----> +-------+ ----> +---------+ -----> +--------+
//!   | Down |        | Booting |       | Ready | <---- | Pausing |        | Paused |
//!   +------+        +---------+       +-------+ resume+---------+        +--------+
//!     ^  ^               |             ^  |                |              |    |
//!     |  |               |             +--|----- resume ---|--------------+    |
//!     |  |          late |                |                |                   |
//!     |  | gone   remove |         remove |         remove |            remove |
//!     |  |         fence |          fence |          fence |             fence |
//!     | +--------+       v      power off v      power off v         power off v
//!     | | Ending | <-----+----------------+----------------+-------------------+
//!     | +--------+
//!     |   |    | gone, and it was late
//!     |   |    v
//!     |   |  +------+ <---- gone, unasked (panic, kill, switched off from inside):
//!     +------| Dead |       from Booting, Ready, Pausing and Paused
//!     |remove+------+ ----> boot: to Booting
//!     |   |
//!     |   | gone, and it was fenced
//!     |   v
//!     | +--------+ <---+ healed, resume, tick: its boot is due
//!     +-| Fenced | ----+
//! remove+--------+ -------> boot: to Booting
//!     |
//!     | +-----------+ <---- gone, rebooted from inside: from Ready, Pausing, Paused
//!     +-| Rebooting |
//! remove+-----------+ ----> boot: to Booting
//! ```
//!
//! Gone means that the process and all of its group were reaped, so a node is
//! never started beside its own rest.
//!
//! A fenced node was killed because the others go on without it (`fenced`), or ended
//! itself because it noticed that they have. What cures it makes its boot due; the
//! cluster boots it, and one that was rebooted, when it is its turn.
//!
//! The machine decides; the supervisor does what the returned [`Effect`]s say.

use std::time::Duration;

use ssi_core::ids::NodeId;

use crate::{
    death::Death,
    fenced::{
        Cause,
        Cure,
        Fenced,
        Relapses, //
    },
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
    /// No process: it was killed so that the others could go on.
    Fenced(Fenced),
    /// No process: it was rebooted from inside, and its boot is due.
    Rebooting,
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
    /// Killed because the others go on without it.
    Fenced(Fenced),
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
    /// The others go on without it: for this reason, unless it is paused.
    Fence(Cause),
    /// No cut of the network touches it any more.
    Healed,
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
    /// It was fenced; why, and what boots it again.
    #[error("node {0} was fenced: {1}")]
    Fenced(NodeId, String),
}

/// One node's life.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    node: NodeId,
    state: State,
    since: Moment,
    boots: u32,
    relapses: Relapses,
}

impl Machine {
    /// A node that was never started.
    pub(crate) fn new(node: NodeId) -> Self {
        Self {
            node,
            state: State::Down,
            since: Moment::ZERO,
            boots: 0,
            relapses: Relapses::default(),
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
            State::Fenced(_) | State::Rebooting => None,
        }
    }

    /// Why it was fenced, if it was, and what boots it again.
    pub(crate) fn fenced(&self) -> Option<Fenced> {
        match self.state {
            State::Fenced(fenced) | State::Ending(Ending::Fenced(fenced)) => Some(fenced),
            State::Down | State::Booting { .. } | State::Ready | State::Pausing => None,
            State::Paused | State::Ending(_) | State::Dead(_) | State::Rebooting => None,
        }
    }

    /// Whether it is to be booted when it is its turn.
    pub(crate) fn boot_is_due(&self) -> bool {
        match &self.state {
            State::Rebooting => true,
            State::Fenced(fenced) => fenced.cure == Cure::Now,
            State::Down | State::Booting { .. } | State::Ready | State::Pausing => false,
            State::Paused | State::Ending(_) | State::Dead(_) => false,
        }
    }

    /// When it wants a [`Event::Tick`].
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Booting { until } => Some(until),
            State::Ending(Ending::PoweringOff { until }) => Some(until),
            State::Fenced(Fenced {
                cure: Cure::At(at), ..
            }) => Some(at),
            State::Down | State::Ready | State::Pausing | State::Paused => None,
            State::Ending(Ending::Killed | Ending::Late | Ending::Fenced(_)) => None,
            State::Fenced(_) | State::Dead(_) | State::Rebooting => None,
        }
    }

    /// Whether it is dead, or will be in a moment.
    pub(crate) fn is_doomed(&self) -> bool {
        !self.has_process() || matches!(self.state, State::Ending(_))
    }

    /// Whether a process of its own exists.
    pub(crate) fn has_process(&self) -> bool {
        match self.state {
            State::Down | State::Dead(_) | State::Fenced(_) | State::Rebooting => false,
            State::Booting { .. } | State::Ready | State::Pausing | State::Paused => true,
            State::Ending(_) => true,
        }
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
            State::Booting { .. } | State::Rebooting => Err(Refusal::Booting(self.node)),
            State::Ending(_) => Err(Refusal::Ending(self.node)),
            State::Down | State::Dead(_) | State::Fenced(_) => Err(self.not_running()),
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
            Event::Fence(cause) => Ok(self.fence(now, cause)),
            Event::Healed => Ok(self.healed(now)),
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
            State::Down | State::Dead(_) | State::Fenced(_) | State::Rebooting => {
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
            State::Ending(_) | State::Dead(_) | State::Fenced(_) => Vec::new(),
            State::Rebooting => Vec::new(),
        }
    }

    fn hello(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Booting { .. } => self.enter(now, State::Ready, &[]),
            // The agent's connection was lost and made again, or it is too late.
            State::Down | State::Ready | State::Pausing | State::Paused => Vec::new(),
            State::Ending(_) | State::Dead(_) | State::Fenced(_) => Vec::new(),
            State::Rebooting => Vec::new(),
        }
    }

    fn pause(&mut self, now: Moment) -> Result<Vec<Effect>, Refusal> {
        match self.state {
            State::Ready => Ok(self.enter(now, State::Pausing, &[Effect::StopKernel])),
            State::Pausing | State::Paused => Err(Refusal::Paused(self.node)),
            State::Booting { .. } | State::Rebooting => Err(Refusal::Booting(self.node)),
            State::Ending(_) => Err(Refusal::Ending(self.node)),
            State::Down | State::Dead(_) | State::Fenced(_) => Err(self.not_running()),
        }
    }

    fn stopped(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Pausing => self.enter(now, State::Paused, &[Effect::StopPrograms]),
            // Resumed or killed in between, or stopped by somebody else.
            State::Down | State::Booting { .. } | State::Ready | State::Paused => Vec::new(),
            State::Ending(_) | State::Dead(_) | State::Fenced(_) => Vec::new(),
            State::Rebooting => Vec::new(),
        }
    }

    fn resume(&mut self, now: Moment) -> Result<Vec<Effect>, Refusal> {
        match self.state {
            State::Pausing | State::Paused => {
                Ok(self.enter(now, State::Ready, &[Effect::Continue]))
            }
            // Fenced while it was paused: there is nothing left to go on, but the
            // fault is over.
            State::Fenced(Fenced {
                cause: Cause::Paused,
                ..
            })
            | State::Ending(Ending::Fenced(Fenced {
                cause: Cause::Paused,
                ..
            })) => Ok(self.cure(now)),
            State::Ready | State::Booting { .. } | State::Rebooting => {
                Err(Refusal::NotPaused(self.node))
            }
            State::Ending(_) => Err(Refusal::Ending(self.node)),
            State::Down | State::Dead(_) | State::Fenced(_) => Err(self.not_running()),
        }
    }

    fn remove(&mut self, now: Moment) -> Result<Vec<Effect>, Refusal> {
        match self.state {
            State::Booting { .. } | State::Ready | State::Pausing | State::Paused => {
                Ok(self.kill(now, Ending::Killed))
            }
            State::Ending(_) => Ok(self.kill(now, Ending::Killed)),
            State::Dead(_) | State::Fenced(_) | State::Rebooting => {
                Ok(self.enter(now, State::Down, &[]))
            }
            State::Down => Err(self.not_running()),
        }
    }

    fn fence(&mut self, now: Moment, cause: Cause) -> Vec<Effect> {
        let well = now.saturating_sub(self.since);
        match self.state {
            State::Pausing | State::Paused => self.kill_fenced(now, Cause::Paused, well),
            State::Ready => self.kill_fenced(now, cause, well),
            State::Booting { .. } => self.kill_fenced(now, cause, Moment::ZERO),
            // The others must not wait for its grace.
            State::Ending(Ending::PoweringOff { .. }) => self.kill(now, Ending::Killed),
            State::Ending(Ending::Killed | Ending::Late | Ending::Fenced(_)) => Vec::new(),
            State::Down | State::Dead(_) | State::Fenced(_) | State::Rebooting => Vec::new(),
        }
    }

    fn healed(&mut self, now: Moment) -> Vec<Effect> {
        match self.fenced() {
            Some(Fenced { cause, .. }) if cause != Cause::Paused => self.cure(now),
            Some(_) | None => Vec::new(),
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
            State::Down | State::Ending(_) | State::Dead(_) | State::Fenced(_) => Vec::new(),
            State::Rebooting => Vec::new(),
        }
    }

    fn gone(&mut self, now: Moment, death: Death) -> Vec<Effect> {
        let well = now.saturating_sub(self.since);
        let state = match self.state {
            State::Ready | State::Pausing | State::Paused => self.unasked(now, death, well),
            // A kernel that reboots before it is ready would do so for ever.
            State::Booting { .. } => State::Dead(death),
            State::Ending(Ending::PoweringOff { .. } | Ending::Killed) => State::Down,
            State::Ending(Ending::Late) => State::Dead(Death::NeverReady {
                seconds: BOOT_MAX.as_secs(),
            }),
            State::Ending(Ending::Fenced(fenced)) => State::Fenced(fenced),
            State::Down | State::Dead(_) | State::Fenced(_) => return Vec::new(),
            State::Rebooting => return Vec::new(),
        };
        self.enter(now, state, &[])
    }

    /// Where it stands after an end nobody here has asked for.
    fn unasked(&mut self, now: Moment, death: Death, well: Moment) -> State {
        match death {
            Death::Rebooted => State::Rebooting,
            // It noticed itself that the others have gone on.
            Death::Excluded => State::Fenced(self.relapses.cure(Cause::Lost, now, well)),
            Death::Panic { .. } | Death::Signal { .. } | Death::Exit { .. } => State::Dead(death),
            Death::PoweredOff | Death::MemoryFull => State::Dead(death),
            Death::NeverReady { .. } | Death::NotStarted { .. } => State::Dead(death),
        }
    }

    fn tick(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Booting { until } if until <= now => self.kill(now, Ending::Late),
            State::Ending(Ending::PoweringOff { until }) if until <= now => {
                self.kill(now, Ending::Killed)
            }
            State::Fenced(Fenced {
                cure: Cure::At(at), ..
            }) if at <= now => self.cure(now),
            State::Booting { .. } | State::Ending(_) | State::Fenced(_) => Vec::new(),
            State::Down | State::Ready | State::Pausing | State::Paused => Vec::new(),
            State::Dead(_) | State::Rebooting => Vec::new(),
        }
    }

    /// Its boot is due, if it was fenced, once nothing is left of it.
    fn cure(&mut self, now: Moment) -> Vec<Effect> {
        let cured = |fenced: Fenced| Fenced {
            cure: Cure::Now,
            ..fenced
        };
        let state = match self.state {
            State::Fenced(fenced) => State::Fenced(cured(fenced)),
            State::Ending(Ending::Fenced(fenced)) => State::Ending(Ending::Fenced(cured(fenced))),
            State::Down | State::Booting { .. } | State::Ready | State::Pausing => {
                return Vec::new();
            }
            State::Paused | State::Ending(_) | State::Dead(_) | State::Rebooting => {
                return Vec::new();
            }
        };
        self.enter(now, state, &[])
    }

    fn kill_fenced(&mut self, now: Moment, cause: Cause, well: Moment) -> Vec<Effect> {
        let fenced = self.relapses.cure(cause, now, well);
        self.kill(now, Ending::Fenced(fenced))
    }

    fn kill(&mut self, now: Moment, ending: Ending) -> Vec<Effect> {
        self.enter(now, State::Ending(ending), &[Effect::Kill])
    }

    fn not_running(&self) -> Refusal {
        match &self.state {
            State::Dead(death) => Refusal::Dead(self.node, death.to_string()),
            State::Fenced(fenced) => {
                Refusal::Fenced(self.node, fenced.words(self.node, self.since))
            }
            State::Down | State::Booting { .. } | State::Ready | State::Pausing => {
                Refusal::NotRunning(self.node)
            }
            State::Paused | State::Ending(_) | State::Rebooting => Refusal::NotRunning(self.node),
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

    fn fenced(before: &[Event], cause: Cause) -> Machine {
        let mut node = machine(before);
        assert_eq!(
            node.step(NOW, Event::Fence(cause)),
            Ok(vec![Effect::Kill]),
            "{before:?}"
        );
        assert!(node.step(NOW, Event::Boot).is_err(), "not beside its rest");
        node.step(NOW, powered_off()).unwrap();
        assert!(!node.has_process() && !node.boot_is_due());
        node
    }

    #[test]
    fn a_paused_node_that_is_fenced_boots_when_it_is_resumed() {
        let before = [Event::Boot, Event::Hello, Event::Pause, Event::Stopped];
        for before in [&before[..3], &before] {
            let mut node = fenced(before, Cause::Lost);
            let refused = node.check_ready().unwrap_err().to_string();
            assert!(refused.contains("ssi resume 4"), "{refused}");
            node.step(NOW, Event::Healed).unwrap();
            assert!(!node.boot_is_due(), "it is still paused");
            assert_eq!(node.step(NOW, Event::Resume), Ok(vec![]));
            assert!(node.boot_is_due());
            assert_eq!(node.step(NOW, Event::Boot), Ok(vec![Effect::Spawn]));
        }
    }

    #[test]
    fn a_fault_may_end_before_its_node_has() {
        let cases = [
            (Event::Fence(Cause::Lost), Event::Pause, Event::Resume),
            (Event::Fence(Cause::Cut), Event::Tick, Event::Healed),
        ];
        for (fence, before, cure) in cases {
            let mut node = machine(&[Event::Boot, Event::Hello, before, fence, cure]);
            assert!(node.has_process() && !node.boot_is_due());
            node.step(NOW, powered_off()).unwrap();
            assert!(node.boot_is_due(), "{node:?}");
        }
    }

    #[test]
    fn a_node_that_was_cut_off_boots_when_it_is_healed() {
        for before in [&[Event::Boot][..], &[Event::Boot, Event::Hello]] {
            let mut node = fenced(before, Cause::Cut);
            assert_eq!(node.deadline(), None);
            assert!(node.step(NOW, Event::Resume).is_err());
            node.step(NOW, Event::Healed).unwrap();
            assert!(node.boot_is_due());
        }
    }

    #[test]
    fn a_node_that_was_lost_boots_after_a_while() {
        let mut node = fenced(&[Event::Boot, Event::Hello], Cause::Lost);
        let at = node.deadline().unwrap();
        node.step(NOW, Event::Tick).unwrap();
        assert!(!node.boot_is_due());
        node.step(at, Event::Tick).unwrap();
        assert!(node.boot_is_due() && node.deadline().is_none());
    }

    #[test]
    fn a_node_that_was_rebooted_boots_and_not_for_ever() {
        let rebooted = || Event::Gone(Death::Rebooted);
        let mut node = machine(&[Event::Boot, Event::Hello, rebooted()]);
        assert!(node.boot_is_due() && !node.has_process());
        assert_eq!(node.step(NOW, Event::Boot), Ok(vec![Effect::Spawn]));
        node.step(NOW, rebooted()).unwrap();
        assert_eq!(node.state(), &State::Dead(Death::Rebooted), "never ready");
        let mut node = machine(&[Event::Boot, Event::Hello, Event::PowerOff, rebooted()]);
        assert_eq!(node.state(), &State::Down, "the cluster ends");
        node = machine(&[Event::Boot, Event::Hello, rebooted(), Event::Remove]);
        assert_eq!(node.state(), &State::Down, "the user has had enough");
    }

    #[test]
    fn a_node_that_was_excluded_boots_after_a_while() {
        let node = machine(&[Event::Boot, Event::Hello, Event::Gone(Death::Excluded)]);
        assert!(node.fenced().is_some() && node.deadline() > Some(NOW));
    }

    #[test]
    fn a_node_that_is_being_ended_is_not_booted_by_a_fence() {
        for end in [Event::Remove, Event::PowerOff] {
            let mut node = machine(&[Event::Boot, Event::Hello, end]);
            node.step(NOW, Event::Fence(Cause::Lost)).unwrap();
            node.step(NOW, powered_off()).unwrap();
            assert_eq!(node.state(), &State::Down);
        }
        let mut node = fenced(&[Event::Boot, Event::Hello], Cause::Lost);
        node.step(NOW, Event::Remove).unwrap();
        assert_eq!(node.state(), &State::Down, "the user has had enough");
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
            Event::Fence(Cause::Lost),
            Event::Fence(Cause::Cut),
            Event::Healed,
            powered_off(),
            Event::Gone(Death::Rebooted),
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
