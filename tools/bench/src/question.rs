// SPDX-License-Identifier: GPL-2.0

//! Questions and answers.
//!
//! The host asks, a guest answers. Both are one line of JSON. An answer stands
//! behind [`MARK`], because what a guest prints and what its kernel prints may
//! share one console.

use std::net::{
    Ipv4Addr,
    SocketAddrV4, //
};

use serde::{
    Deserialize,
    Serialize, //
};

/// What comes before an answer in its line.
pub(crate) const MARK: &str = "ssi-bench: ";

/// Something a program asks its kernel for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// `getpid()`: nothing but the way into the kernel and back.
    Getpid,
    /// `write()` of one byte to `/dev/null`: and a file besides.
    WriteNull,
    /// `fork()`, `execve()` of a program that ends at once, and `wait()`.
    Spawn,
    /// `kill(pid, 0)` of a child.
    KillChild,
    /// `wait4(pid, .., WNOHANG, ..)` for a child that does not end.
    WaitChild,
    /// `open()`, `read()` and `close()` of `/proc/self/stat`.
    ReadOwnStat,
}

/// Something a program does to another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Touch {
    /// `kill(pid, 0)`: whether it may be sent a signal.
    Kill,
    /// `open()`, `read()` and `close()` of its `stat` in `/proc`.
    ReadStat,
}

/// What the host asks; a guest does one thing at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Question {
    /// Do `batches` of `count` actions, both at least 1: [`Answer::Took`].
    Repeat {
        /// What to do.
        action: Action,
        /// How often in a batch.
        count: u32,
        /// How many batches.
        batches: u32,
    },
    /// Send back what one connection brings: [`Answer::Listening`] at once,
    /// [`Answer::Done`] at the end of the connection.
    Echo,
    /// Send a message to an echo and wait for it, `count` times:
    /// [`Answer::RoundTrip`].
    Ping {
        /// Who echoes.
        to: Ipv4Addr,
        /// Round trips, at least one batch of them.
        count: u32,
        /// Bytes in a message, at least 1.
        bytes: usize,
    },
    /// Read one connection to its end: [`Answer::Listening`] at once,
    /// [`Answer::Received`] at the end.
    Sink,
    /// Send as fast as a sink reads: [`Answer::Done`].
    Pour {
        /// Who reads.
        to: Ipv4Addr,
        /// For how long.
        millis: u64,
    },
    /// Write to a file of the kernel: [`Answer::Done`].
    Put {
        /// Its path.
        file: String,
        /// What to write, in one piece.
        text: String,
    },
    /// Read a file of the kernel: [`Answer::Text`].
    Get {
        /// Its path.
        file: String,
    },
    /// Look at the clock: [`Answer::Clock`].
    Clock,
    /// Wait until the cluster's events tell of a state of a node:
    /// [`Answer::Listening`] at once, [`Answer::Clock`] when they do.
    Await {
        /// The node.
        node: u8,
        /// The state, in the cluster's word.
        state: String,
    },
    /// Start children that do nothing: [`Answer::Children`].
    Breed {
        /// How many.
        count: u32,
    },
    /// Start a child that does nothing, with so much memory of its own, written to:
    /// [`Answer::Children`], when it has it.
    Grow {
        /// MiB.
        mib: u32,
    },
    /// Move a process `count` times, at least once, to one of the nodes after the other:
    /// [`Answer::RoundTrip`].
    Move {
        /// Its number.
        pid: i32,
        /// Where.
        nodes: Vec<u8>,
        /// How often.
        count: u32,
    },
    /// Touch a process `count` times, at least once: [`Answer::RoundTrip`].
    Touch {
        /// How.
        touch: Touch,
        /// Its number.
        pid: i32,
        /// How often.
        count: u32,
    },
    /// Look at all processes as `ps` does: [`Answer::Walked`].
    Walk,
    /// Start a program that ends its output and goes on, then kill it and wait for it,
    /// `count` times, at least once: [`Answer::RoundTrip`], from the kill on.
    Reap {
        /// The program and its arguments.
        words: Vec<String>,
        /// How often.
        count: u32,
    },
    /// Start a program on a terminal, and pass bytes through that: [`Answer::Received`].
    Terminal {
        /// The program and its arguments.
        words: Vec<String>,
        /// Whether it reads from the terminal, to its end. Else it writes to it.
        reads: bool,
        /// How many.
        bytes: u64,
    },
    /// Start a program and wait for its end, `count` times, at least once:
    /// [`Answer::RoundTrip`].
    Run {
        /// The program and its arguments.
        words: Vec<String>,
        /// How often.
        count: u32,
    },
}

/// What a guest answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The guest runs and may be asked.
    Ready,
    /// The fastest batch took this long.
    Took {
        /// Nanoseconds.
        ns: u64,
    },
    /// A connection may come.
    Listening,
    /// The median time of a round trip, be it to a process or to the end of one.
    RoundTrip {
        /// Nanoseconds.
        ns: f64,
    },
    /// What came, and how long it took from the first byte to the end.
    Received {
        /// Bytes.
        bytes: u64,
        /// Nanoseconds.
        ns: u64,
    },
    /// What a file holds.
    Text {
        /// All of it.
        text: String,
    },
    /// What the clock of the day read.
    Clock {
        /// Nanoseconds since 1970.
        ns: u64,
    },
    /// Children were started.
    Children {
        /// Their numbers.
        pids: Vec<i32>,
    },
    /// All processes were looked at.
    Walked {
        /// Nanoseconds.
        ns: u64,
        /// Those of them that [`Question::Breed`] started, on any node.
        bred: u32,
    },
    /// It is over.
    Done,
    /// It went wrong.
    Failed {
        /// How.
        why: String,
    },
}

/// Port of the echoes and sinks.
const PORT: u16 = 7783;

/// Where the echo or sink on `host` listens.
pub(crate) fn place(host: Ipv4Addr) -> SocketAddrV4 {
    SocketAddrV4::new(host, PORT)
}

/// The answer in a `line` of a guest's output, if it has one.
///
/// # Errors
///
/// What stands behind the mark is no answer.
pub(crate) fn answer_in(line: &str) -> Option<Result<Answer, serde_json::Error>> {
    let (_, json) = line.split_once(MARK)?;
    Some(serde_json::from_str(json.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_behind_what_the_kernel_said() {
        let line = format!("[    0.1] vec0: up{MARK}{{\"took\":{{\"ns\":5}}}}\r\n");
        assert_eq!(answer_in(&line).unwrap().unwrap(), Answer::Took { ns: 5 });
        assert!(answer_in("[    0.1] Run /init as init process").is_none());
        assert!(answer_in(&format!("{MARK}\"rea")).unwrap().is_err());
    }

    #[test]
    fn a_question_that_a_console_echoes_is_no_answer() {
        let asked = serde_json::to_string(&Question::Echo).unwrap();
        assert!(answer_in(&asked).is_none());
    }
}
