// SPDX-License-Identifier: GPL-2.0

//! The agent's control lines.
//!
//! On [`CONTROL_PORT`](crate::CONTROL_PORT) the agent first says [`Hello`], then
//! answers each request line with one line. Requests are single words
//! ([`Request::word`]); everything the agent says is one JSON object per line.
//! The agent never speaks unasked after the hello, and an idle connection costs
//! nothing.

use serde::{
    Deserialize,
    Serialize, //
};

/// A request line, newline included, at most.
pub const LINE_BYTES_MAX: usize = 4096;

/// The agent's first line: who this node is and how it came up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Node number, 0 if the kernel was not given one.
    pub node: u8,
    /// Name of the cluster, empty if the kernel was not given one.
    pub cluster: String,
    /// This boot's random identity.
    pub boot_id: String,
    /// Kernel release.
    pub release: String,
    /// The root that is in use.
    pub root: Root,
    /// What went wrong while booting, in one line.
    pub problem: Option<String>,
}

/// Where a node's files come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Root {
    /// The built-in files, in memory.
    Initramfs,
    /// A directory of the host.
    Hostfs,
}

/// What the agent can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Answered by [`Status`].
    Status,
    /// Answered by [`Accepted`]; then the node ends all processes, writes
    /// everything out and switches itself off.
    Poweroff,
}

/// What a node is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Seconds since the node booted.
    pub uptime_s: f64,
    /// Load average over the last minute.
    pub load1: f64,
    /// Tasks running or ready to.
    pub running: u32,
    /// Processes, kernel threads not counted.
    pub processes: u32,
    /// Memory the node has, in KiB.
    pub mem_total_kib: u64,
    /// Memory available to programs, in KiB.
    pub mem_free_kib: u64,
    /// The program that used most processor time since the last question on
    /// this connection, else the one started last; none if only the node's own
    /// programs run.
    pub top: Option<String>,
    /// Commands running on behalf of the host.
    pub execs: u32,
}

/// The answer to [`Request::Poweroff`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The word that was accepted.
    pub accepted: String,
}

/// The answer to a line the agent does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What is wrong, in one line.
    pub error: String,
}

impl Request {
    /// The request line, without its newline.
    pub fn word(self) -> &'static str {
        match self {
            Request::Status => "status",
            Request::Poweroff => "poweroff",
        }
    }

    /// The request of a line, surrounding blanks ignored.
    pub fn from_line(line: &str) -> Option<Request> {
        [Request::Status, Request::Poweroff]
            .into_iter()
            .find(|request| request.word() == line.trim())
    }
}
