// SPDX-License-Identifier: GPL-2.0

//! Caller that travels.

use kernel::prelude::*;
use ssi_core::vproc::caller::{
    self,
    Groups, //
};
use ssi_kapi::behalf::{
    Caller,
    Ids, //
};

/// What travels of `caller`, but its groups.
pub fn to_wire(caller: &Caller) -> caller::Caller {
    let ids = |ids: Ids| [ids.real, ids.effective, ids.saved, ids.fs];
    caller::Caller {
        user: ids(caller.user),
        group: ids(caller.group),
        effective: caller.effective,
        permitted: caller.permitted,
        tgid: caller.tgid,
        tid: caller.tid,
        session: caller.session,
        is_foreign: caller.is_foreign,
    }
}

/// The caller that came. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub fn from_wire(caller: &caller::Caller, groups: Groups<'_>) -> Result<Caller> {
    let ids = |[real, effective, saved, fs]: caller::Ids| Ids {
        real,
        effective,
        saved,
        fs,
    };
    let mut list = KVec::with_capacity(groups.len(), GFP_KERNEL)?;
    for group in groups.iter() {
        list.push(group, GFP_KERNEL)?;
    }
    Ok(Caller {
        user: ids(caller.user),
        group: ids(caller.group),
        effective: caller.effective,
        permitted: caller.permitted,
        tgid: caller.tgid,
        tid: caller.tid,
        session: caller.session,
        is_foreign: caller.is_foreign,
        groups: list,
    })
}
