// SPDX-License-Identifier: GPL-2.0

//! Answers of a victim.

use std::collections::BTreeMap;
use std::fmt;

use ssi_core::ics::{
    frame::Kind,
    hello::Reason, //
};

/// What became of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It said why it does not want it.
    Refused(Reason),
    /// It closed it without a word.
    Closed,
    /// It reset it, or its system did.
    Reset,
    /// It left it open and said nothing until the attacker's patience ended.
    Silent,
    /// There was no connection.
    Unreachable,
    /// It sent what only a peer that has proved itself may get: it was deceived.
    Taken(Kind),
    /// What it said is no frame.
    Nonsense,
}

impl Answer {
    /// Whether the attack had an effect it must not have.
    pub(crate) const fn is_breach(self) -> bool {
        matches!(self, Self::Taken(_) | Self::Nonsense)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Refused(reason) => reason.name(),
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Silent => "silent",
            Self::Unreachable => "unreachable",
            Self::Taken(_) => "DECEIVED",
            Self::Nonsense => "NONSENSE",
        }
    }
}

/// How many answers of each sort came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, u64>,
    breaches: u64,
}

impl Tally {
    /// Counts an answer.
    pub(crate) fn add(&mut self, answer: Answer) {
        *self.counts.entry(answer.word()).or_default() += 1;
        self.breaches += u64::from(answer.is_breach());
    }

    /// How often the victim answered so.
    pub(crate) fn of(&self, answer: Answer) -> u64 {
        self.counts.get(answer.word()).copied().unwrap_or(0)
    }

    /// How often the victim was deceived.
    pub(crate) const fn breaches(&self) -> u64 {
        self.breaches
    }
}

/// `wrong-key 8, closed 1`.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.counts.is_empty() {
            return f.write_str("no answer is due");
        }
        for (place, (word, count)) in self.counts.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{word} {count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_counts_and_tells() {
        let mut tally = Tally::default();
        assert_eq!(tally.to_string(), "no answer is due");
        for answer in [
            Answer::Closed,
            Answer::Refused(Reason::WrongKey),
            Answer::Closed,
        ] {
            tally.add(answer);
        }
        assert_eq!(tally.to_string(), "closed 2, wrong-key 1");
        assert_eq!(tally.of(Answer::Closed), 2);
        assert_eq!(tally.breaches(), 0);
        tally.add(Answer::Taken(Kind::Ack));
        assert_eq!(tally.breaches(), 1);
    }
}
