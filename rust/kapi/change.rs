// SPDX-License-Identifier: GPL-2.0

//! Change of a process.
//!
//! What a parent is told of its child: the node a process runs on takes it in as a
//! [guest](crate::guest), and its home has the [surrogate](crate::surrogate) do the same.
//!
//! C header: [`include/linux/ssi_kapi.h`](srctree/include/linux/ssi_kapi.h)

use kernel::bindings;

/// Numbers of a [`Usage`].
pub const USAGE_NUMBERS: usize = bindings::ssi_used_SSI_USED_COUNT as usize;

/// What a process and the children it waited for used, as getrusage(2) counts it: user
/// and system time in nanoseconds, most kilobytes resident, minor and major faults, blocks
/// read and written, voluntary and involuntary switches.
pub type Usage = [u64; USAGE_NUMBERS];

/// What became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is gone.
    Exited {
        /// As wait(2) gives it.
        status: i32,
        /// What it used.
        usage: Usage,
    },
    /// This signal stopped it.
    Stopped(i32),
    /// It goes on.
    Continued,
}

impl Change {
    /// It was killed, and nobody knows what it used.
    pub const fn killed() -> Self {
        Self::Exited {
            status: bindings::SIGKILL as i32,
            usage: [0; USAGE_NUMBERS],
        }
    }
}
