// SPDX-License-Identifier: GPL-2.0

//! Question about a guest.
//!
//! The operations of the services `ssi.migrate` and `ssi.migrate.programs`. Results are 0 or
//! the negative number of an error.

use ssi_core::ids::NodeId;
use ssi_ics::{
    Ask,
    CallError,
    Reply,
    ServiceRef, //
};
use ssi_kapi::event::Patience;

/// The service of all nodes.
pub(crate) const NAME: &str = "ssi.migrate";
/// The one that makes processes, which may take long: what is said of others must not
/// wait until there is room.
pub(crate) const PROGRAMS: &str = "ssi.migrate.programs";
/// The version of both.
pub(crate) const VERSION: u16 = 1;

/// What a node is asked for. Each begins with the number of the process, four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// To execute the program in the pages, and hold it.
    Execute,
    /// To release the one that is held.
    Commit,
    /// To end the one that is held, or will be.
    Abort,
    /// To end the one that runs.
    Kill,
    /// To give it the signal that follows.
    Signal,
    /// To take in which place it has at home now.
    Place,
    /// To tell it that its parent died, as the signal that follows says.
    ParentDied,
    /// Asked at home: to do, as what the process left there, what `relations` says.
    Relate,
    /// To make the process in the pages, which goes on where it was, and hold it.
    Fork,
    /// Asked at home: whether the process may go on to the node whose number follows.
    Intend,
    /// Asked at home: to take the process to be on the node whose number follows.
    Moved,
    /// Told home: there is a copy here that is held, and what it comes from died.
    Asked,
    /// Told by home: the copy is not the process, and never will be.
    Forsaken,
    /// To give it a signal that waited for it where it was before: behind the number of the one
    /// thread it is for, or 0.
    Leftover,
    /// To say whether its parent may put it into a group.
    MayBePut,
    /// Told the node that gave their numbers: these threads of it ended.
    ThreadsEnded,
    /// To say whether it is here, or was not on the node whose number follows, which died.
    Lives,
}

impl Operation {
    const ALL: [Self; 17] = [
        Self::Execute,
        Self::Commit,
        Self::Abort,
        Self::Kill,
        Self::Signal,
        Self::Place,
        Self::ParentDied,
        Self::Relate,
        Self::Fork,
        Self::Intend,
        Self::Moved,
        Self::Asked,
        Self::Forsaken,
        Self::Leftover,
        Self::MayBePut,
        Self::ThreadsEnded,
        Self::Lives,
    ];

    /// Whom to ask.
    const fn service(self) -> ServiceRef {
        let name = match self {
            Self::Execute | Self::Fork => PROGRAMS,
            _ => NAME,
        };
        ServiceRef::new(name, VERSION)
    }

    /// Its number on the wire.
    pub(crate) const fn code(self) -> u16 {
        self as u16 + 1
    }

    /// The one with this number.
    pub(crate) fn from_code(code: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.code() == code)
    }
}

/// The question for `operation` with `args`, whose answer is waited for whatever comes.
pub(crate) fn question(operation: Operation, args: &[u8]) -> Ask<'_> {
    let mut ask = Ask::new(operation.service(), operation.code(), args);
    ask.patience = Patience::Always;
    ask
}

/// Asks `node` and waits.
///
/// # Errors
///
/// [`CallError`].
pub(crate) fn put(
    node: NodeId,
    operation: Operation,
    args: &[u8],
) -> core::result::Result<Reply, CallError> {
    ssi_ics::insist(|| ssi_ics::call(node, &question(operation, args)))
}

/// Tells `node` and does not wait. A node that is gone need not know.
pub(crate) fn tell(node: NodeId, operation: Operation, args: &[u8]) {
    ssi_ics::tell(node, &question(operation, args));
}
