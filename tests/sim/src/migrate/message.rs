// SPDX-License-Identifier: GPL-2.0

//! Messages between nodes.

use ssi_core::ids::{Instance, NodeId};

/// Number of a process.
pub type Pid = u32;

/// Number of a signal: each is sent once.
pub type Signal = u32;

/// Number of a call.
pub type CallId = u64;

/// What travels of a process.
#[derive(Clone, Debug)]
pub struct Image {
    /// Where it was born.
    pub home: Instance,
    /// Signals it acted on.
    pub got: Vec<Signal>,
    /// How often it ran.
    pub steps: u64,
}

/// What one node asks of another.
#[derive(Clone, Debug)]
pub enum Question {
    /// Of home: whether the process may go to that node.
    Intends(NodeId),
    /// To make it, and hold it.
    Make(Image),
    /// To take the signals that wait.
    HandOn(Vec<Signal>),
    /// Of home: to decide for the copy on that node.
    Moved(NodeId),
    /// To let the copy run.
    Commit,
    /// To drop it.
    Abort,
    /// Of home: whether it has decided for the copy.
    Asked,
    /// To take a signal.
    Signal(Signal),
    /// Of home: to know that the process ended.
    Ended,
}

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// The process is not the asker's.
    Disowned,
}

/// What the asker learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered(Answer),
    /// There was an answer, and it is lost.
    Lost,
    /// The other node died.
    Down,
}

/// What a message carries.
#[derive(Clone, Debug)]
pub enum Body {
    Ask(Question),
    Reply(Answer),
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    pub from: Instance,
    pub to: Instance,
    pub call: CallId,
    pub pid: Pid,
    pub body: Body,
}
