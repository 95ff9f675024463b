// SPDX-License-Identifier: GPL-2.0

//! A problem to tell the user.
//!
//! A node with a bad root still answers: the reason lies in a file that the
//! agent tells every caller, and `ssi status` shows it.

use std::fs;

/// Where the reason lies. `/run` is the node's own.
pub(crate) const PROBLEM_FILE: &str = "/run/ssi/problem";

/// Notes a problem, in the log and for the agent.
pub(crate) fn note(words: &str) {
    crate::log::line(words);
    let noted = fs::create_dir_all("/run/ssi").and_then(|()| fs::write(PROBLEM_FILE, words));
    if let Err(why) = noted {
        crate::log::line(&format!("{PROBLEM_FILE}: {why}"));
    }
}

/// The problem noted, if there is one.
pub(crate) fn noted() -> Option<String> {
    fs::read_to_string(PROBLEM_FILE).ok()
}
