// SPDX-License-Identifier: GPL-2.0

//! Why a node was fenced.
//!
//! The members of a cluster that have lost a node go on without it only when it is
//! proven dead: the supervisor kills it for them. What boots it again depends on
//! what was wrong with it: the user's fault on purpose ends with the user's word,
//! anything else with time, a limited number of times.

use std::fmt;

use serde::{
    Deserialize,
    Serialize, //
};
use ssi_core::ids::NodeId;

use crate::limits::{
    FENCED_CALM,
    FENCED_RETRY,
    FENCED_TRIES_MAX, //
};

/// Time since the supervisor started.
type Moment = std::time::Duration;

/// Why a node was fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    /// It was paused, and the others did not wait that long.
    Paused,
    /// A cut of the network touched it.
    Cut,
    /// Its kernel did not read what the supervisor told it.
    Stuck,
    /// Its kernel rebooted again and again.
    Restless,
    /// The others lost it, and nobody knows why.
    Lost,
}

/// What boots a fenced node again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    /// `ssi resume`.
    Resume,
    /// The end of all cuts that touch it.
    Heal,
    /// Time: it boots then.
    At(Moment),
    /// It was cured: it boots as soon as it is its turn.
    Now,
    /// Nothing but the user: it was fenced too often.
    User,
}

/// What there is to say about a node that was fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fenced {
    /// Why.
    pub(crate) cause: Cause,
    /// What boots it again.
    pub(crate) cure: Cure,
}

/// How often a node was fenced for no reason of the user's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Relapses(u32);

impl Relapses {
    /// What cures `cause` at `now`, in a node that had been well for `well`.
    pub(crate) fn cure(&mut self, cause: Cause, now: Moment, well: Moment) -> Fenced {
        let cure = match cause {
            Cause::Paused => Cure::Resume,
            Cause::Cut => Cure::Heal,
            Cause::Stuck | Cause::Restless | Cause::Lost => self.cure_by_time(now, well),
        };
        Fenced { cause, cure }
    }

    fn cure_by_time(&mut self, now: Moment, well: Moment) -> Cure {
        if well >= FENCED_CALM {
            self.0 = 0;
        }
        if self.0 >= FENCED_TRIES_MAX {
            return Cure::User;
        }
        let pause = FENCED_RETRY.saturating_mul(1 << self.0.min(16));
        self.0 += 1;
        Cure::At(now + pause)
    }
}

impl Fenced {
    /// Why, and what boots it again: one line about `node` at `now`.
    pub(crate) fn words(self, node: NodeId, now: Moment) -> String {
        let Self { cause, cure } = self;
        match cure {
            Cure::Resume => format!("{cause}; 'ssi resume {node}' boots it again"),
            Cure::Heal => format!("{cause}; it boots again when no cut touches it"),
            Cure::At(at) => {
                let seconds = at.saturating_sub(now).as_secs_f64().ceil();
                format!("{cause}; it boots again in {seconds} s")
            }
            Cure::Now => format!("{cause}; it boots again"),
            Cure::User => format!(
                "{cause}, and so {FENCED_TRIES_MAX} times before; see 'ssi log {node}', \
                 'ssi add {node}' boots it again"
            ),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paused => "paused for longer than the others wait",
            Self::Cut => "cut off from others",
            Self::Stuck => "its kernel does not read its host link",
            Self::Restless => "its kernel rebooted again and again",
            Self::Lost => "the others lost it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Moment = Moment::from_secs(1000);

    #[test]
    fn the_users_faults_wait_for_the_user() {
        let mut relapses = Relapses::default();
        for _ in 0..100 {
            let paused = relapses.cure(Cause::Paused, NOW, Moment::ZERO);
            let cut = relapses.cure(Cause::Cut, NOW, Moment::ZERO);
            assert_eq!((paused.cure, cut.cure), (Cure::Resume, Cure::Heal));
        }
    }

    #[test]
    fn others_are_cured_by_time_and_not_for_ever() {
        let mut relapses = Relapses::default();
        let mut wait = Duration::ZERO;
        for _ in 0..FENCED_TRIES_MAX {
            let Cure::At(at) = relapses.cure(Cause::Lost, NOW, Moment::ZERO).cure else {
                panic!("given up");
            };
            assert!(at - NOW > wait, "longer each time");
            wait = at - NOW;
        }
        let last = relapses.cure(Cause::Stuck, NOW, Moment::ZERO);
        assert_eq!(last.cure, Cure::User);
        let well = relapses.cure(Cause::Lost, NOW, FENCED_CALM);
        assert_eq!(well.cure, Cure::At(NOW + FENCED_RETRY), "it had been well");
    }

    #[test]
    fn words_say_what_to_do() {
        let node = NodeId::new(2).unwrap();
        let mut relapses = Relapses::default();
        let mut words = |cause| relapses.cure(cause, NOW, Moment::ZERO).words(node, NOW);
        assert!(words(Cause::Paused).contains("'ssi resume 2'"));
        assert!(words(Cause::Cut).contains("no cut touches it"));
        assert!(words(Cause::Lost).contains("in 1 s"));
        let mut given_up = String::new();
        (0..FENCED_TRIES_MAX).for_each(|_| given_up = words(Cause::Lost));
        assert!(given_up.contains("'ssi add 2'"), "{given_up}");
    }
}
