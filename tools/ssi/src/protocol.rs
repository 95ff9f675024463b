// SPDX-License-Identifier: GPL-2.0

//! What clients and the supervisor say.
//!
//! The control socket carries JSON, one object per line: a client sends a
//! [`Request`], the supervisor answers with one [`Reply`]. After
//! [`Reply::Stream`] the connection is no longer JSON but the bytes of a console
//! or of a TCP connection to the node's agent. `ssi start` hears [`StartNews`]
//! in the same form. Every line carries the version of this protocol.

use serde::{
    de::DeserializeOwned,
    Deserialize,
    Serialize, //
};
use ssi_exec::control;
use ssi_switch::{
    FaultChange,
    Report, //
};

use crate::{
    death::Death,
    plan::Plan, //
};

/// Version of the protocol: both sides are built together, and a supervisor that
/// outlived its build says so.
const VERSION: u32 = 1;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "op")]
pub(crate) enum Request {
    /// [`Reply::Status`].
    Status,
    /// End the cluster; [`Reply::Done`] once everything is gone.
    Stop,
    /// Boot a node; [`Reply::Added`] once it is ready.
    Add {
        /// Its number, or the lowest that is free.
        node: Option<u8>,
    },
    /// Kill nodes; [`Reply::Done`] once they are gone.
    Remove {
        /// Their numbers.
        nodes: Vec<u8>,
    },
    /// Freeze nodes; [`Reply::Done`] once nothing of them runs.
    Pause {
        /// Their numbers.
        nodes: Vec<u8>,
    },
    /// Let nodes go on; [`Reply::Done`].
    Resume {
        /// Their numbers.
        nodes: Vec<u8>,
    },
    /// Connect to a node's agent; [`Reply::Stream`].
    Connect {
        /// The node.
        node: u8,
        /// TCP port of the agent.
        port: u16,
    },
    /// Watch a node's console; [`Reply::Stream`].
    Console {
        /// The node.
        node: u8,
        /// The watcher's window, if it has one.
        size: Option<WindowSize>,
    },
    /// The window of a watcher has changed; [`Reply::Done`].
    Resize {
        /// The node.
        node: u8,
        /// The window now.
        size: WindowSize,
    },
    /// Change the network; [`Reply::Done`].
    Fault {
        /// How.
        change: FaultChange,
    },
    /// [`Reply::Network`].
    Network,
}

/// Size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WindowSize {
    /// Lines.
    pub(crate) rows: u16,
    /// Columns.
    pub(crate) cols: u16,
}

/// What the supervisor answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reply")]
pub(crate) enum Reply {
    /// It is done.
    Done,
    /// The node is ready.
    Added {
        /// Its number.
        node: u8,
        /// How long it took, in seconds.
        seconds: f64,
    },
    /// It was not done.
    Refused {
        /// Why, in one line.
        text: String,
    },
    /// From here on the connection is a stream.
    Stream,
    /// The cluster now.
    Status {
        /// The cluster.
        cluster: Box<ClusterStatus>,
    },
    /// The network now.
    Network {
        /// The switch's own report.
        report: Report,
    },
}

/// A cluster at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClusterStatus {
    /// What it was started with.
    pub(crate) plan: Plan,
    /// Process id of the supervisor.
    pub(crate) supervisor: i32,
    /// Seconds since it was started.
    pub(crate) up_s: f64,
    /// Whether it is being stopped.
    pub(crate) stopping: bool,
    /// The nodes that were ever started, lowest first.
    pub(crate) nodes: Vec<NodeStatus>,
}

/// A node at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NodeStatus {
    /// Its number.
    pub(crate) node: u8,
    /// Where it stands.
    pub(crate) state: NodeState,
    /// Seconds since it stands there.
    pub(crate) since_s: f64,
    /// How often it was started.
    pub(crate) boots: u32,
    /// Process id of its kernel.
    pub(crate) pid: Option<i32>,
    /// Why it is dead.
    pub(crate) death: Option<Death>,
    /// What its agent said when it came up.
    pub(crate) hello: Option<control::Hello>,
    /// What its agent says it is doing; absent if it did not answer in time.
    pub(crate) agent: Option<control::Status>,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NodeState {
    /// Not running, on purpose.
    Down,
    /// Waits for its turn to boot.
    Waiting,
    /// Not ready yet.
    Booting,
    /// Up.
    Ready,
    /// Frozen.
    Paused,
    /// Being ended.
    Ending,
    /// Ended by itself.
    Dead,
}

/// What `ssi start` hears while a cluster comes up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "news")]
pub(crate) enum StartNews {
    /// A node's process was started.
    Booting {
        /// The node.
        node: u8,
    },
    /// A node is ready.
    Ready {
        /// The node.
        node: u8,
        /// How long it took, in seconds.
        seconds: f64,
        /// What went wrong without stopping it.
        problem: Option<String>,
    },
    /// The cluster is up; nothing follows.
    Up {
        /// How long it took, in seconds.
        seconds: f64,
    },
    /// The cluster does not come up and is being taken down.
    Failed {
        /// Why, in one line.
        text: String,
        /// The last lines of the log, if it was a node's fault.
        log: Vec<String>,
    },
}

/// A message with its version.
#[derive(Serialize, Deserialize)]
struct Line<T> {
    v: u32,
    #[serde(flatten)]
    message: T,
}

/// The line of `message`, newline included.
pub(crate) fn to_line<T: Serialize>(message: &T) -> Vec<u8> {
    let line = Line {
        v: VERSION,
        message,
    };
    // Our own types have no maps with odd keys and no failing serializers.
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The message of a line.
///
/// # Errors
///
/// One line that says what is wrong with it.
pub(crate) fn from_line<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let wrong = |e: serde_json::Error| format!("not understood: {e}");
    let Version { v } = serde_json::from_slice(line).map_err(wrong)?;
    if v != VERSION {
        return Err(format!(
            "the cluster was started by another version of ssi ({v}, this is {VERSION}): \
             stop it with the one that started it, or kill its supervisor"
        ));
    }
    let line: Line<T> = serde_json::from_slice(line).map_err(wrong)?;
    Ok(line.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_survive_the_way() {
        for request in [
            Request::Status,
            Request::Add { node: None },
            Request::Add { node: Some(63) },
            Request::Remove { nodes: vec![1, 2] },
            Request::Connect { node: 1, port: 83 },
            Request::Console {
                node: 1,
                size: Some(WindowSize { rows: 1, cols: 2 }),
            },
            Request::Fault {
                change: FaultChange::HealAll,
            },
        ] {
            let line = to_line(&request);
            assert_eq!(
                from_line(&line),
                Ok(request),
                "{}",
                String::from_utf8_lossy(&line)
            );
        }
    }

    #[test]
    fn a_request_reads_like_one() {
        let line = String::from_utf8(to_line(&Request::Add { node: Some(3) })).unwrap();
        assert_eq!(line, "{\"v\":1,\"op\":\"add\",\"node\":3}\n");
    }

    #[test]
    fn what_is_wrong_is_an_error_with_words() {
        for (line, words) in [
            ("", "not understood"),
            ("{}", "missing field `v`"),
            (r#"{"v":2,"op":"status"}"#, "another version"),
            (r#"{"v":1}"#, "missing field `op`"),
            (r#"{"v":1,"op":"fly"}"#, "unknown variant `fly`"),
            (r#"{"v":1,"op":"remove","nodes":[256]}"#, "256"),
            (r#"{"v":1,"op":"connect","node":1}"#, "missing field `port`"),
        ] {
            let error = from_line::<Request>(line.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_trusted(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = from_line::<Request>(&line);
        }
    }
}
