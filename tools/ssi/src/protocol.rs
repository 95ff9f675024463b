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
    fenced::Cause,
    oddity::Oddity,
    plan::Plan, //
};

/// Version of the protocol: both sides are built together, and a supervisor that
/// outlived its build says so.
const VERSION: u32 = 2;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "op")]
pub(crate) enum Request {
    /// [`Reply::Status`].
    Status,
    /// End the cluster; [`Reply::Done`] once everything is gone.
    Stop,
    /// Boot a node; [`Reply::Added`] once it is ready and in the cluster.
    Add {
        /// Its number, or the lowest that is free.
        node: Option<u8>,
        /// What is wrong with it on purpose.
        #[serde(flatten)]
        oddity: Oddity,
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
    /// Let nodes go on; [`Reply::Noted`] once those that were fenced meanwhile are in
    /// the cluster again.
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
    /// Change the network; [`Reply::Noted`].
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
    /// It is done, and there is something to say about it.
    Noted {
        /// Lines for the user.
        notes: Vec<String>,
        /// Lines for the user that may be unwelcome.
        #[serde(default)]
        warnings: Vec<String>,
    },
    /// The node is ready, and in the cluster unless its kernel knows of none.
    Added {
        /// Its number.
        node: u8,
        /// How long it took, in seconds.
        seconds: f64,
        /// The number of the view it is in.
        epoch: Option<u32>,
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
    /// What the members say the cluster is: one view, unless they disagree or there
    /// is none. The newest comes first.
    pub(crate) views: Vec<ViewStatus>,
    /// Why the newest of them cannot change, if cuts and pauses on purpose forbid it.
    pub(crate) standstill: Option<String>,
    /// The nodes that were ever started, lowest first.
    pub(crate) nodes: Vec<NodeStatus>,
}

/// A view of the cluster that members have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ViewStatus {
    /// Its number.
    pub(crate) epoch: u32,
    /// The coordinator, by number.
    pub(crate) coordinator: Option<u8>,
    /// The members, as in `1-3,7`; absent before any of them has told.
    pub(crate) members: Option<String>,
    /// The members that have installed it.
    pub(crate) nodes: String,
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
    /// Which life it lives in the cluster.
    pub(crate) incarnation: Option<u64>,
    /// The state of this life in the newest view, in the cluster's word; absent if the
    /// view has another life of the node.
    pub(crate) member: Option<String>,
    /// That other life: its state and its number.
    pub(crate) other_life: Option<String>,
    /// Process id of its kernel.
    pub(crate) pid: Option<i32>,
    /// Why it is dead.
    pub(crate) death: Option<Death>,
    /// Why it was fenced.
    pub(crate) fenced: Option<FencedStatus>,
    /// What its agent said when it came up.
    pub(crate) hello: Option<control::Hello>,
    /// What its agent says it is doing; absent if it did not answer in time.
    pub(crate) agent: Option<control::Status>,
}

/// Why a node was fenced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FencedStatus {
    /// Why.
    pub(crate) cause: Cause,
    /// Why, and what boots it again.
    pub(crate) text: String,
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
    /// Killed so that the others could go on.
    Fenced,
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
    /// The members have another view.
    Members {
        /// How many of the nodes are up in it.
        up: usize,
    },
    /// The cluster is up; nothing follows.
    Up {
        /// How long it took, in seconds.
        seconds: f64,
        /// The number of the view that all are in, if their kernels know of one.
        epoch: Option<u32>,
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
    use crate::oddity::Fault;
    use proptest::prelude::*;

    fn add(node: Option<u8>, oddity: Oddity) -> Request {
        Request::Add { node, oddity }
    }

    #[test]
    fn requests_survive_the_way() {
        let odd = Oddity {
            fault: Some(Fault::WrongKey),
            kernel: Some("/k/other".into()),
        };
        for request in [
            Request::Status,
            add(None, Oddity::default()),
            add(Some(63), odd),
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
        let line = to_line(&add(Some(3), Oddity::default()));
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "{\"v\":2,\"op\":\"add\",\"node\":3}\n");
    }

    #[test]
    fn what_is_wrong_is_an_error_with_words() {
        for (line, words) in [
            ("", "not understood"),
            ("{}", "missing field `v`"),
            (r#"{"v":1,"op":"status"}"#, "another version"),
            (r#"{"v":2}"#, "missing field `op`"),
            (r#"{"v":2,"op":"fly"}"#, "unknown variant `fly`"),
            (r#"{"v":2,"op":"remove","nodes":[256]}"#, "256"),
            (r#"{"v":2,"op":"connect","node":1}"#, "missing field `port`"),
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
