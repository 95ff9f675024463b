// SPDX-License-Identifier: GPL-2.0

//! Events and outputs of a machine.
//!
//! The driver feeds a machine [`Event`]s one at a time and executes the
//! [`Output`]s of each in order, before the next.

use core::fmt;

use super::{
    facts::Facts,
    parameters::Parameters,
    transition::Transition, //
};
use crate::{
    hostlink::{
        FromNode,
        ToNode,
        Welcome,
        BUILD_BYTES, //
    },
    ids::{
        Epoch,
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    sink::Sink,
    time::Instant,
    view::View, //
};

/// The two clocks of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Its monotonic clock; it may stand while the node sleeps, or not.
    pub instant: Instant,
    /// Its wall clock, in microseconds since 1970; only shown, nothing rests on it.
    pub wall_us: u64,
}

/// What a machine is told.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The kernel has come this far; the first event there is.
    Boot(Boot),
    /// From the supervisor.
    Host(ToNode),
    /// The session with `0` has a connection, for the first time or again.
    Linked(Instance),
    /// The connection of the session with `0` was lost.
    Unlinked(Instance),
    /// A membership frame, in order and exactly once.
    Message {
        /// Its authenticated sender.
        from: Instance,
        /// What was sent as [`Output::Send`].
        body: &'a [u8],
    },
    /// A heartbeat; any of them may be late, missing or come twice.
    Beat {
        /// Its authenticated sender.
        from: Instance,
        /// What was sent as [`Output::Beat`].
        body: &'a [u8],
    },
    /// The time asked for by [`Output::Wake`] has come; harmless at any other.
    Tick,
    /// All callbacks owed for the view with this number were made here.
    SubsystemsDone(Epoch),
    /// User-level cleanup after [`Output::Cleanup`] is over.
    CleanedUp(Instance),
    /// A user of this node asks for the orderly shutdown of a node.
    ShutDown(NodeId),
    /// This node has shut down in order and is about to end.
    Leave,
    /// A user tuned the intervals.
    Tune(Parameters),
}

/// What a kernel knows of itself when it boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Its number.
    pub node: NodeId,
    /// Which kernel it is.
    pub build: [u8; BUILD_BYTES],
    /// A random number: unlike that of its other lives.
    pub nonce: u64,
    /// What it is made of.
    pub facts: Facts,
    /// Whether somebody watches over it.
    pub supervision: Supervision,
}

/// Whether a node has a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervision {
    /// There is a host link: the supervisor says who this node is.
    Host,
    /// There is none: the node is a cluster of its own, at once.
    Nobody,
}

/// What a machine wants done.
#[derive(Clone, Debug)]
pub enum Output<'a> {
    /// Who this node is, and with whom it may link: start ICS. Comes once.
    Identity(&'a Welcome),
    /// Which nodes there can be has changed.
    Roster(NodeSet),
    /// Send a membership frame to each of `to`, in the session with it.
    Send {
        /// The targets; never this node.
        to: NodeSet,
        /// The frame.
        body: &'a [u8],
    },
    /// Send a heartbeat to each of `to`.
    Beat {
        /// The targets; never this node.
        to: NodeSet,
        /// The datagram.
        body: &'a [u8],
    },
    /// Tell the supervisor.
    Host(FromNode<'a>),
    /// This life is over, proven: its session ends at once.
    End(Instance),
    /// A new view holds. The outputs around it come in this order: [`Host`](Self::Host)
    /// report, this, its [`Transition`](Self::Transition)s,
    /// [`RunSubsystems`](Self::RunSubsystems).
    Install(&'a View),
    /// States have changed within the view that holds; the members have not.
    Update(&'a View),
    /// A transition was recorded in the history.
    Transition(Transition),
    /// Make the callbacks the view with this number owes, then say
    /// [`Event::SubsystemsDone`]. A later one replaces it.
    RunSubsystems(Epoch),
    /// Run the user-level cleanup after a dead node, then say
    /// [`Event::CleanedUp`]. Asked of the coordinator, and again after a takeover.
    Cleanup(Instance),
    /// Shut this node down in order, then say [`Event::Leave`].
    ShutDown,
    /// Stop this kernel at once.
    Halt(Halt),
    /// Say [`Event::Tick`] at this time; replaces the time asked for before.
    Wake(Instant),
}

/// Where the outputs of a machine go.
pub type Out<'o> = dyn for<'a> Sink<Output<'a>> + 'o;

/// Why a kernel has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The others have gone on without this life: a peer has a later view.
    Excluded {
        /// The last view installed here.
        ours: Epoch,
        /// The peer's.
        theirs: Epoch,
    },
    /// The supervisor gave this node another number than it booted with.
    WrongNode {
        /// The one it booted with.
        booted: NodeId,
        /// The one it was given.
        given: NodeId,
    },
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Excluded { ours, theirs } => write!(
                f,
                "the cluster excluded this node: it is at epoch {theirs}, this node stopped at \
                 {ours}; boot it again"
            ),
            Self::WrongNode { booted, given } => write!(
                f,
                "booted as node {booted}, but the supervisor calls it {given}; correct ssi.node="
            ),
        }
    }
}

/// Why an event had no effect. Counted in the statistics; a driver has nothing to
/// do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// It cannot come in this state of the machine.
    OutOfPlace,
    /// The bytes are not what they claim to be.
    Malformed,
    /// Its sender is proven dead or replaced by a later life.
    DeadSender,
    /// Its sender is no member of the view.
    NotMember,
    /// It belongs to a step, epoch or ballot that is past.
    Stale,
    /// It contradicts what this node knows.
    Contradiction,
    /// The node is not UP, so it cannot be shut down.
    NotUp,
    /// The parameters are out of bounds.
    Parameters,
}
