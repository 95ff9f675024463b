// SPDX-License-Identifier: GPL-2.0

//! The types of `sys/cluster.h`.
//!
//! What C sees, value by value and in its order; `tests/c/calls.c` looks at each.
//! A structure may grow at its end: callers say how much room they have.

use std::{
    ffi::{
        c_char,
        c_int,
        c_uint, //
    },
    time::SystemTime,
};

use libcluster::{
    NodeInfo,
    NodeState,
    Transition, //
};

/// `CLUSTER_TRANSWHICH_THIS`
pub(crate) const WHICH_THIS: c_int = 0;
/// `CLUSTER_TRANSWHICH_NEXT`
pub(crate) const WHICH_NEXT: c_int = 1;
/// `CLUSTER_TRANSWHICH_PREVIOUS`
pub(crate) const WHICH_PREVIOUS: c_int = 2;
/// `CLUSTER_TRANSWHICH_FIRST`
pub(crate) const WHICH_FIRST: c_int = 3;
/// `CLUSTER_TRANSWHICH_LAST`
pub(crate) const WHICH_LAST: c_int = 4;

/// `CLUSTERNODE_SETSTATE`
pub(crate) const SETSTATE: c_int = 1;

/// `CLUSTER_CAUSE_BYTES_MAX`
const CAUSE_BYTES_MAX: usize = 32;

/// `struct timespec`, on every 64-bit Linux.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

impl From<SystemTime> for Timespec {
    /// What is before 1970 becomes its beginning.
    fn from(time: SystemTime) -> Self {
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: since.subsec_nanos().into(),
        }
    }
}

/// `cluster_transinfo_t`
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct TransInfo {
    pub(crate) id: u64,
    time: Timespec,
    node: c_int,
    from: c_int,
    to: c_int,
    epoch: c_uint,
    incarnation: u64,
    cause: [c_char; CAUSE_BYTES_MAX],
}

impl From<&Transition> for TransInfo {
    fn from(transition: &Transition) -> Self {
        let mut cause = [0; CAUSE_BYTES_MAX];
        // The last one stays 0.
        for (to, from) in cause
            .iter_mut()
            .take(CAUSE_BYTES_MAX - 1)
            .zip(transition.cause.bytes())
        {
            *to = c_char::from_ne_bytes([from]);
        }
        Self {
            id: transition.id.0,
            time: transition.time.into(),
            node: transition.node.get().into(),
            from: transition.from.code().into(),
            to: transition.to.code().into(),
            epoch: transition.epoch.0,
            incarnation: transition.incarnation.0,
            cause,
        }
    }
}

/// `clusternode_info_t`
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Info {
    node: c_int,
    pub(crate) state: c_int,
    total_cpus: c_int,
    online_cpus: c_int,
    memory: u64,
    incarnation: u64,
    last_transition: u64,
    last_time: Timespec,
}

impl From<&NodeInfo> for Info {
    fn from(info: &NodeInfo) -> Self {
        let cpus = c_int::try_from(info.cpus).unwrap_or(c_int::MAX);
        Self {
            node: info.node.get().into(),
            state: info.state.code().into(),
            // A node says how many are online; it has no others.
            total_cpus: cpus,
            online_cpus: cpus,
            memory: info.memory_bytes,
            incarnation: info.incarnation.0,
            last_transition: info.last_transition.0,
            last_time: info.last_time.into(),
        }
    }
}

/// The state C means by a number.
pub(crate) fn state(code: c_int) -> Option<NodeState> {
    u8::try_from(code).ok().and_then(NodeState::from_code)
}
