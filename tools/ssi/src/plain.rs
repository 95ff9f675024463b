// SPDX-License-Identifier: GPL-2.0

//! Words of nodes.
//!
//! Programs of a node choose them, and they come to a user's terminal and to the
//! supervisor's log: they are short and have no control characters.

use crate::limits::REASON_CHARS_MAX;

/// One line of `words` that is safe to show.
pub(crate) fn line(words: &str) -> String {
    let plain = words.trim().chars().filter(|c| !c.is_control());
    plain.take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_short_and_control_nothing() {
        assert_eq!(line(" \x1b[2Jready\r\n\u{9b}31m\u{7f} "), "[2Jready31m");
        assert_eq!(
            line(&"\u{e4}".repeat(1000)).chars().count(),
            REASON_CHARS_MAX
        );
    }
}
