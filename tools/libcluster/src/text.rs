// SPDX-License-Identifier: GPL-2.0

//! Words of a line.
//!
//! The kernel prints columns with one space between them, and may add columns at
//! the end of a line: they are taken by their place, and what follows is left.

use std::time::{
    Duration,
    SystemTime, //
};

use ssi_core::{
    ids::NodeId,
    view::NodeState, //
};

/// Most of a bad line that is shown.
const SHOWN_CHARS_MAX: usize = 80;

/// The words of a line, from the left.
pub(crate) struct Words<'a>(std::str::Split<'a, char>);

impl<'a> Words<'a> {
    pub(crate) fn of(line: &'a str) -> Self {
        Self(line.split(' '))
    }

    /// The next word; none is empty.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        self.0.next().filter(|word| !word.is_empty())
    }

    /// Whether the next word is `expected`.
    pub(crate) fn is(&mut self, expected: &str) -> Option<()> {
        (self.word()? == expected).then_some(())
    }

    /// The next word as a decimal number.
    pub(crate) fn number(&mut self) -> Option<u64> {
        number(self.word()?)
    }

    /// The next word as a node.
    pub(crate) fn node(&mut self) -> Option<NodeId> {
        NodeId::parse(self.word()?.as_bytes()).ok()
    }

    /// The next word as a node, or 0 for none.
    pub(crate) fn node_or_none(&mut self) -> Option<Option<NodeId>> {
        match self.word()? {
            "0" => Some(None),
            word => NodeId::parse(word.as_bytes()).ok().map(Some),
        }
    }

    /// The next word as a state.
    pub(crate) fn state(&mut self) -> Option<NodeState> {
        let word = self.word()?;
        NodeState::ALL
            .into_iter()
            .find(|state| state.name() == word)
    }

    /// The next word as a time, `SECONDS.MICROSECONDS`.
    pub(crate) fn time(&mut self) -> Option<SystemTime> {
        let (seconds, micros) = self.word()?.split_once('.')?;
        let micros = number(micros).filter(|_| micros.len() == 6)?;
        let since =
            Duration::from_secs(number(seconds)?).checked_add(Duration::from_micros(micros))?;
        SystemTime::UNIX_EPOCH.checked_add(since)
    }
}

/// A number without sign; leading zeros are let pass.
pub(crate) fn number(word: &str) -> Option<u64> {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|_| is_plain)
}

/// A line as it may be shown: short and without control characters.
pub(crate) fn shown(line: &str) -> String {
    line.chars()
        .take(SHOWN_CHARS_MAX)
        .flat_map(char::escape_default)
        .collect()
}
