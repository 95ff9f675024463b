// SPDX-License-Identifier: GPL-2.0

//! Attempts to reach a node.
//!
//! A node that is booting does not answer, and one whose agent does not listen
//! yet refuses. Both are tried again until the caller's time is up.

use smoltcp::time::{
    Duration,
    Instant, //
};

/// Pause after a refusal: the node is up, its agent not yet.
const REDIAL_PAUSE: Duration = Duration::from_millis(10);

/// Where a connection is to go, and until when it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) node: u8,
    pub(crate) port: u16,
    pub(crate) until: Instant,
}

/// The attempts so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dial {
    target: Target,
    /// When to try again; none while an attempt is under way.
    again: Option<Instant>,
    /// The node's kernel has answered once, and refused.
    was_refused: bool,
}

/// What has become of the attempt under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing yet.
    None,
    /// The node takes no connection.
    Refused,
    /// It does.
    Accepted,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Wait,
    /// Make another attempt, at this port.
    Redial(u16),
    /// Tell the client that it is connected.
    Grant,
    /// Tell the client that it is not, and why.
    GiveUp(String),
}

impl Dial {
    pub(crate) fn new(target: Target) -> Dial {
        Dial {
            target,
            again: None,
            was_refused: false,
        }
    }

    /// The node listens now: an attempt it has not answered is made again.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.again = Some(now);
    }

    /// When [`step`](Self::step) is due.
    pub(crate) fn wake_at(&self) -> Instant {
        let until = self.target.until;
        self.again.map_or(until, |again| again.min(until))
    }

    pub(crate) fn step(&mut self, answer: Answer, now: Instant) -> Step {
        if answer == Answer::Accepted {
            return Step::Grant;
        }
        if now >= self.target.until {
            return Step::GiveUp(self.too_late());
        }
        match (self.again, answer) {
            (Some(at), _) if now >= at => {
                self.again = None;
                Step::Redial(self.target.port)
            }
            (None, Answer::Refused) => {
                self.again = Some(now + REDIAL_PAUSE);
                self.was_refused = true;
                Step::Wait
            }
            _ => Step::Wait,
        }
    }

    /// Why a client of a node that died is refused.
    pub(crate) fn died(&self) -> String {
        format!("node {} has died or was restarted", self.target.node)
    }

    fn too_late(&self) -> String {
        let Target { node, port, .. } = self.target;
        if self.was_refused {
            format!("node {node} takes no connections on port {port}; see `ssi log {node}`")
        } else {
            format!("node {node} does not answer; see `ssi status` and `ssi log {node}`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    fn dial() -> Dial {
        Dial::new(Target {
            node: 3,
            port: 83,
            until: at(1000),
        })
    }

    #[test]
    fn a_refused_attempt_is_repeated_after_a_pause() {
        let mut dial = dial();
        assert_eq!(dial.step(Answer::None, at(0)), Step::Wait);
        assert_eq!(dial.wake_at(), at(1000));
        assert_eq!(dial.step(Answer::Refused, at(100)), Step::Wait);
        assert_eq!(dial.wake_at(), at(110));
        assert_eq!(dial.step(Answer::Refused, at(109)), Step::Wait);
        assert_eq!(dial.step(Answer::Refused, at(110)), Step::Redial(83));
        assert_eq!(dial.step(Answer::None, at(111)), Step::Wait);
        assert_eq!(dial.step(Answer::Accepted, at(112)), Step::Grant);
    }

    #[test]
    fn an_announcement_repeats_the_attempt_at_once() {
        let mut dial = dial();
        assert_eq!(dial.step(Answer::None, at(0)), Step::Wait);
        dial.hurry(at(50));
        assert_eq!(dial.step(Answer::None, at(50)), Step::Redial(83));
        assert_eq!(dial.step(Answer::None, at(50)), Step::Wait);
    }

    #[test]
    fn the_reason_tells_silence_from_refusal() {
        let reason = |answers: &[Answer]| {
            let mut dial = dial();
            for &answer in answers {
                dial.step(answer, at(0));
            }
            match dial.step(Answer::None, at(1000)) {
                Step::GiveUp(reason) => reason,
                step => panic!("{step:?}"),
            }
        };
        assert!(reason(&[Answer::None]).contains("does not answer"));
        assert!(reason(&[Answer::Refused, Answer::None]).contains("takes no connections"));
    }
}
