// SPDX-License-Identifier: GPL-2.0

//! Why a node is dead.
//!
//! How the process ended says little, for UML ends a panic with a signal to
//! itself. The last lines of the log say the rest; [`explain`] joins the two.

use std::fmt;

use serde::{
    Deserialize,
    Serialize, //
};

use crate::plain;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It returned this status.
    Status(i32),
    /// This signal ended it.
    Signal(i32),
}

/// Why a node is dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(crate) enum Death {
    /// Its kernel panicked.
    Panic {
        /// The kernel's words.
        text: String,
    },
    /// Somebody killed its process.
    Signal {
        /// The signal's number.
        number: i32,
    },
    /// Its process ended with a status of its own.
    Exit {
        /// The status.
        status: i32,
        /// The last line it had to say.
        last: String,
    },
    /// It was switched off from inside.
    PoweredOff,
    /// It was rebooted from inside.
    Rebooted,
    /// It ended itself, because the cluster had gone on without it.
    Excluded,
    /// The host had no room left for its memory.
    MemoryFull,
    /// Its agent did not say hello in time.
    NeverReady {
        /// How long it had.
        seconds: u64,
    },
    /// Its process could not be started.
    NotStarted {
        /// Why.
        text: String,
    },
}

/// What the kernel writes before the reason of a panic.
const PANIC: &str = "Kernel panic - not syncing: ";

/// What the kernel writes when the others have gone on without it.
const EXCLUDED: &str = "ssi_clms: the cluster excluded this node";

/// `SIGBUS` of every Linux: UML touched memory the host could not give.
const SIGBUS: i32 = 7;

/// Joins how the process ended and the end of its log.
pub(crate) fn explain(exit: Exit, tail: &str) -> Death {
    if ran_out_of_room(exit, tail) {
        return Death::MemoryFull;
    }
    if tail.contains(EXCLUDED) {
        return Death::Excluded;
    }
    if let Some(text) = panic_text(tail) {
        return Death::Panic { text };
    }
    match exit {
        Exit::Signal(number) => Death::Signal { number },
        Exit::Status(0) if tail.contains("reboot: Power down") => Death::PoweredOff,
        Exit::Status(0) if tail.contains("reboot: System halted") => Death::PoweredOff,
        Exit::Status(0) if tail.contains("reboot: Restarting system") => Death::Rebooted,
        Exit::Status(status) => Death::Exit {
            status,
            last: last_line(tail),
        },
    }
}

/// The lines of `log` that show how it ended: those around a panic, or the last.
pub(crate) fn telling_lines(log: &str, lines_max: usize) -> Vec<String> {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let panic = lines.iter().position(|line| line.contains(PANIC));
    let end = panic.map_or(lines.len(), |at| lines.len().min(at + lines_max / 2));
    let begin = end.saturating_sub(lines_max);
    lines[begin..end]
        .iter()
        .map(|line| plain::line(line))
        .collect()
}

/// The first panic is the cause; what follows it is its consequence.
fn panic_text(tail: &str) -> Option<String> {
    let line = tail.lines().find_map(|line| line.split_once(PANIC))?.1;
    Some(plain::line(line))
}

/// UML says "No space left" when it sets its memory up, and gets SIGBUS when it
/// touches a page of a full file system later.
fn ran_out_of_room(exit: Exit, tail: &str) -> bool {
    let setting_up = tail.contains("No space left on device") && !tail.contains("Linux version");
    let touching = panic_text(tail).is_some_and(|text| text == "Kernel mode signal 7");
    exit == Exit::Signal(SIGBUS) || setting_up || touching
}

fn last_line(tail: &str) -> String {
    let line = tail.lines().rev().find(|line| !line.trim().is_empty());
    plain::line(line.unwrap_or_default())
}

/// One line: `panic: Attempted to kill init!`.
impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic { text } => write!(f, "panic: {text}"),
            Self::Signal { number } => write!(f, "killed by {}", Signal(*number)),
            Self::Exit { status, last } if last.is_empty() => {
                write!(f, "exited with status {status}")
            }
            Self::Exit { status, last } => write!(f, "exited with status {status}: {last}"),
            Self::PoweredOff => f.write_str("powered off from inside"),
            Self::Rebooted => f.write_str("rebooted from inside"),
            Self::Excluded => f.write_str("the cluster had gone on without it"),
            Self::MemoryFull => f.write_str(
                "out of room for its memory: free some in /dev/shm (or TMPDIR), or use a \
                 smaller --mem",
            ),
            Self::NeverReady { seconds } => write!(f, "not ready after {seconds} s"),
            Self::NotStarted { text } => write!(f, "not started: {text}"),
        }
    }
}

/// A signal by its name, where it has one in daily use.
struct Signal(i32);

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            1 => "SIGHUP",
            2 => "SIGINT",
            4 => "SIGILL",
            6 => "SIGABRT",
            9 => "SIGKILL",
            11 => "SIGSEGV",
            15 => "SIGTERM",
            number => return write!(f, "signal {number}"),
        };
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::REASON_CHARS_MAX;

    const ABORTED: Exit = Exit::Signal(6);

    fn words(exit: Exit, tail: &str) -> String {
        explain(exit, tail).to_string()
    }

    #[test]
    fn a_panic_is_told_by_the_kernels_first_words() {
        let tail =
            "[ 0.1] ok\nKernel panic - not syncing: Attempted to kill init! exitcode=0x100\n\
                    CPU: 0\nKernel panic - not syncing: Kernel mode fault at addr 0x0\n";
        let text = "panic: Attempted to kill init! exitcode=0x100";
        assert_eq!(words(ABORTED, tail), text);
    }

    #[test]
    fn a_killed_process_is_told_by_its_signal() {
        assert_eq!(words(Exit::Signal(9), "all well\n"), "killed by SIGKILL");
        assert_eq!(words(Exit::Signal(31), ""), "killed by signal 31");
    }

    #[test]
    fn ways_to_switch_off_are_told_apart() {
        let exit = Exit::Status(0);
        assert_eq!(explain(exit, "reboot: Power down\n\n"), Death::PoweredOff);
        assert_eq!(explain(exit, "reboot: System halted\n"), Death::PoweredOff);
        assert_eq!(
            explain(exit, "reboot: Restarting system\n"),
            Death::Rebooted
        );
        assert_eq!(words(exit, ""), "exited with status 0");
    }

    #[test]
    fn one_that_was_excluded_says_so() {
        let tail =
            "ssi_clms: the cluster excluded this node: it is at epoch 7\nreboot: Power down\n";
        assert_eq!(explain(Exit::Status(0), tail), Death::Excluded);
        let panicked = format!("{tail}{PANIC}excluded\n");
        assert_eq!(explain(ABORTED, &panicked), Death::Excluded);
    }

    #[test]
    fn a_failure_before_the_kernel_is_told_by_its_last_line() {
        let tail = "Checking...OK\nToo few physical memory! Needed=9, given=8\n\n";
        let text = "exited with status 1: Too few physical memory! Needed=9, given=8";
        assert_eq!(words(Exit::Status(1), tail), text);
    }

    #[test]
    fn a_full_memory_directory_is_told_in_all_its_forms() {
        let full = Death::MemoryFull;
        assert_eq!(explain(Exit::Signal(7), ""), full);
        assert_eq!(
            explain(Exit::Status(1), "write: No space left on device\n"),
            full
        );
        let tail = "Linux version 7\nKernel panic - not syncing: Kernel mode signal 7\n";
        assert_eq!(explain(ABORTED, tail), full);
        let guest = "Linux version 7\ncp: No space left on device\nreboot: Power down\n";
        assert_eq!(explain(Exit::Status(0), guest), Death::PoweredOff);
    }

    #[test]
    fn the_lines_around_a_panic_tell_more_than_its_stack() {
        let stack = " [<60001234>] ? f\n".repeat(50);
        let log = format!("booting\n\nlast step\n{PANIC}oh\nCPU: 0\n{stack}");
        let lines = telling_lines(&log, 6);
        assert_eq!(
            lines[..4],
            ["booting", "last step", &format!("{PANIC}oh"), "CPU: 0"]
        );
        assert_eq!(telling_lines("a\nb\n\nc\n", 2), ["b", "c"]);
        assert_eq!(telling_lines("", 2), [""; 0]);
    }

    #[test]
    fn a_reason_is_one_short_line_without_control_characters() {
        let tail = format!("{PANIC}\x1b[31m{}\n", "x".repeat(1000));
        let Death::Panic { text } = explain(ABORTED, &tail) else {
            panic!("not a panic");
        };
        assert_eq!(text.chars().count(), REASON_CHARS_MAX);
        assert!(!text.contains('\x1b'));
    }
}
