// SPDX-License-Identifier: GPL-2.0

//! Threads that serve.
//!
//! The workers of calls between nodes go on when memory is short and must not wait for
//! others. A terminal waits for its driver's.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_kapi::queue::WorkQueue;

/// How much is done at once.
const WORKERS: u16 = 16;

static QUEUE: SetOnce<WorkQueue> = SetOnce::new();
/// For what must not wait for one of the others, each of which may wait for it elsewhere.
static GRANTS: SetOnce<WorkQueue> = SetOnce::new();

/// Makes ready.
pub(crate) fn create() -> Result {
    QUEUE.populate(WorkQueue::ordinary(c"ssi_files", WORKERS)?);
    GRANTS.populate(WorkQueue::ordinary(c"ssi_files_grant", 1)?);
    Ok(())
}

/// Lets one of them do `work`. May sleep.
///
/// # Errors
///
/// `ENOMEM`; `work` is dropped.
pub(crate) fn run(work: impl FnOnce() + Send + 'static) -> Result {
    QUEUE.as_ref().ok_or(ENODEV)?.run(work)
}

/// As [`run`], for work that asks no other node.
///
/// # Errors
///
/// `ENOMEM`; `work` is dropped.
pub(crate) fn run_grant(work: impl FnOnce() + Send + 'static) -> Result {
    GRANTS.as_ref().ok_or(ENODEV)?.run(work)
}
