// SPDX-License-Identifier: GPL-2.0

//! Many calls, several at once.

use kernel::prelude::*;
use ssi_core::ids::NodeId;
use ssi_kapi::clock;

use super::{
    timing::Times,
    Lines, //
};
use crate::{
    call::{
        make,
        Made, //
    },
    ring::Ring,
    Ask,
    CallError,
    Reply, //
};

/// Most calls at once.
pub(super) const IN_FLIGHT_MAX: usize = 1024;

/// What is to be done.
pub(super) struct Plan<'a> {
    pub(super) node: NodeId,
    pub(super) count: usize,
    pub(super) in_flight: usize,
    pub(super) ask: Ask<'a>,
    /// Bytes each call moves, for the report; 0 for none.
    pub(super) bytes: usize,
}

/// Calls as often as planned and reports; `check` says whether an answer is right.
pub(super) fn run(plan: &Plan<'_>, lines: &mut Lines, check: impl Fn(&Reply) -> bool) -> Result {
    let mut under_way: Ring<(u64, Made)> = Ring::new();
    let mut times = Times::new(plan.count)?;
    let (mut wrong, mut failed) = (0, 0);
    let mut last = None;
    for begun in 0..plan.count + plan.in_flight {
        if begun >= plan.in_flight {
            let Some((began, made)) = under_way.pop() else {
                break;
            };
            match made.wait(&plan.ask) {
                Ok(reply) if check(&reply) => (),
                Ok(_) => wrong += 1,
                Err(CallError::Interrupted) => return Err(EINTR),
                Err(why) => {
                    failed += 1;
                    last = Some(why);
                }
            }
            times.add(began);
        }
        if begun < plan.count {
            under_way.reserve(1)?;
            let began = clock::monotonic();
            under_way.push((began, make(plan.node, &plan.ask, false)?));
        }
    }
    times.report(lines, plan.bytes);
    lines.add("wrong", wrong);
    lines.add("failed", failed);
    if let Some(why) = last {
        lines.add("last_error", why);
    }
    Ok(())
}
