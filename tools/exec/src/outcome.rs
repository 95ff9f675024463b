// SPDX-License-Identifier: GPL-2.0

//! The end of a command.

/// How a command ended, or why it never began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned this exit status.
    Exited(u8),
    /// This signal ended it.
    Killed(u8),
    /// It could not be started.
    Failed {
        /// The node's `errno`, 0 if no system call failed.
        errno: i32,
        /// One line for the user that names the command.
        text: String,
    },
}

/// `ENOENT` of every Linux.
const ENOENT: i32 = 2;

impl Outcome {
    /// The exit status a shell would show: the command's own, 128 + n after
    /// signal n, 127 for a command that was not found, 126 for one that could
    /// not be run.
    pub fn status(&self) -> u8 {
        match self {
            Outcome::Exited(code) => *code,
            Outcome::Killed(signal) => signal.saturating_add(128),
            Outcome::Failed { errno: ENOENT, .. } => 127,
            Outcome::Failed { .. } => 126,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_what_a_shell_shows() {
        let failed = |errno| Outcome::Failed {
            errno,
            text: String::new(),
        };
        assert_eq!(Outcome::Exited(3).status(), 3);
        assert_eq!(Outcome::Killed(9).status(), 137);
        assert_eq!(failed(ENOENT).status(), 127);
        assert_eq!(failed(13).status(), 126);
    }
}
