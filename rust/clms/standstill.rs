// SPDX-License-Identifier: GPL-2.0

//! Words about a cluster that waits.
//!
//! A node that cannot decide, because those it hears may not go on without the
//! others, says so in the log, and when it goes on. That is no fault of this node; the
//! user has to know all the same.

use kernel::prelude::*;
use ssi_core::{
    clms::machine::{
        Machine,
        Standstill, //
    },
    time::{
        Instant,
        Span, //
    },
};
use ssi_kapi::print::Plain;

/// Least time between two warnings.
const WARNINGS_APART: Span = Span::ms(60_000);

/// What was said so far.
pub(crate) struct Announcer {
    /// The log has the warning, and not yet that it is over.
    has_warned: bool,
    /// No warning before.
    not_before: Instant,
}

/// What to say.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    /// Nothing before this time, if ever.
    Nothing(Option<Instant>),
    /// The view cannot change.
    Warning,
    /// It can again.
    End,
}

impl Announcer {
    /// Nothing was said.
    pub(crate) const fn new() -> Self {
        Self {
            has_warned: false,
            not_before: Instant(0),
        }
    }

    /// Says what there is to say; when to look again.
    pub(crate) fn watch(&mut self, machine: &Machine, now: Instant) -> Option<Instant> {
        let standstill = machine.standstill(now);
        let since = standstill.map(|standstill| standstill.since);
        match (
            self.word(since, machine.parameters().timeout, now),
            standstill,
        ) {
            (Word::Nothing(until), _) => return until,
            (Word::Warning, Some(standstill)) => warn(&standstill, now),
            (Word::End, _) => pr_info!("the view can change again\n"),
            (Word::Warning, None) => {}
        }
        None
    }

    fn word(&mut self, since: Option<Instant>, patience: Span, now: Instant) -> Word {
        let due = since.map(|since| since.after(patience).max(self.not_before));
        match due {
            None if self.has_warned => {
                self.has_warned = false;
                Word::End
            }
            Some(due) if !self.has_warned && due <= now => {
                self.has_warned = true;
                self.not_before = now.after(WARNINGS_APART);
                Word::Warning
            }
            due => Word::Nothing(due.filter(|_| !self.has_warned)),
        }
    }
}

fn warn(standstill: &Standstill, now: Instant) {
    pr_warn!(
        "the view cannot change: no answer of {} for {} s, not heard: {}\n",
        Plain(standstill.missing),
        now.since(standstill.since).as_ms() / 1000,
        Plain(standstill.unheard)
    );
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_clms_standstill)]
mod tests {
    use super::*;

    #[test]
    fn a_standstill_is_told_once_and_so_is_its_end() {
        let mut announcer = Announcer::new();
        let patience = Span(3);
        let mut word =
            |since: Option<u64>, now| announcer.word(since.map(Instant), patience, Instant(now));
        assert!(word(None, 0) == Word::Nothing(None));
        assert!(word(Some(1), 1) == Word::Nothing(Some(Instant(4))));
        assert!(word(None, 2) == Word::Nothing(None));
        assert!(word(Some(3), 6) == Word::Warning);
        assert!(word(Some(3), 7) == Word::Nothing(None));
        assert!(word(None, 8) == Word::End);
        assert!(word(None, 9) == Word::Nothing(None));
        // The next comes soon: it has to last.
        let next = Instant(6).after(WARNINGS_APART);
        assert!(word(Some(10), 20) == Word::Nothing(Some(next)));
        assert!(word(Some(10), next.0) == Word::Warning);
        assert!(word(None, next.0) == Word::End);
    }
}
