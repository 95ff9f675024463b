// SPDX-License-Identifier: GPL-2.0

//! Caller on another node.
//!
//! Who made a system call, as much as another node needs to judge it: ids,
//! capabilities, groups. A [`Caller`] is taken from the running task, travels as
//! its fields, and is put on there by [`run_as`](crate::behalf::run_as).
//!
//! Ids are those of the initial user namespace.
//!
//! C header: [`include/linux/cred.h`](srctree/include/linux/cred.h)

use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    types::NotThreadSafe, //
};

/// Most supplementary groups that travel. A caller with more has fewer rights
/// elsewhere, never more.
pub const GROUPS_MAX: usize = bindings::SSI_GROUPS_MAX as usize;

/// The four ids of a user or a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Who it is.
    pub real: u32,
    /// As whom it acts.
    pub effective: u32,
    /// As whom it may act again.
    pub saved: u32,
    /// As whom it opens files.
    pub fs: u32,
}

impl Ids {
    fn from_raw(raw: bindings::ssi_ids) -> Self {
        Self {
            real: raw.real,
            effective: raw.effective,
            saved: raw.saved,
            fs: raw.fs,
        }
    }

    fn to_raw(self) -> bindings::ssi_ids {
        bindings::ssi_ids {
            real: self.real,
            effective: self.effective,
            saved: self.saved,
            fs: self.fs,
        }
    }
}

/// Who made a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Caller {
    /// Users it is.
    pub user: Ids,
    /// Groups it is.
    pub group: Ids,
    /// Capabilities in effect, a bit for each.
    pub effective: u64,
    /// Capabilities it may use.
    pub permitted: u64,
    /// Its process.
    pub tgid: u32,
    /// Its thread.
    pub tid: u32,
    /// Its session, 0 for none.
    pub session: u32,
    /// Whether it is of another user namespace than the initial one. It has no
    /// capabilities then, and is as strange to everybody elsewhere as it is here.
    pub is_foreign: bool,
    /// Its supplementary groups; those behind the first [`GROUPS_MAX`] are ignored.
    pub groups: KVec<u32>,
}

impl Caller {
    /// The task that runs. One of another user namespace has no capabilities: they
    /// mean nothing elsewhere. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn current() -> Result<Self> {
        let mut raw: bindings::ssi_caller = pin_init::zeroed();
        // SAFETY: It is filled by the C side.
        unsafe { bindings::ssi_caller_current(&mut raw) };
        // SAFETY: No preconditions.
        let count = unsafe { bindings::ssi_caller_group_count() } as usize;
        let mut groups = KVec::from_elem(0, count.min(GROUPS_MAX), GFP_KERNEL)?;
        // SAFETY: There is room for as many.
        let count =
            unsafe { bindings::ssi_caller_groups(groups.as_mut_ptr(), groups.len() as u32) };
        groups.truncate(count as usize);
        Ok(Self {
            user: Ids::from_raw(raw.user),
            group: Ids::from_raw(raw.group),
            effective: raw.effective,
            permitted: raw.permitted,
            tgid: raw.tgid,
            tid: raw.tid,
            session: raw.session,
            is_foreign: raw.is_foreign,
            groups,
        })
    }

    pub(crate) fn raw(&self) -> bindings::ssi_caller {
        bindings::ssi_caller {
            user: self.user.to_raw(),
            group: self.group.to_raw(),
            effective: self.effective,
            permitted: self.permitted,
            tgid: self.tgid,
            tid: self.tid,
            session: self.session,
            is_foreign: self.is_foreign,
        }
    }

    /// Puts its ids, capabilities and groups on the calling thread, until the value
    /// is dropped. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an id nobody can have, `EPERM` for a foreign caller before
    /// [`begin`](crate::behalf::begin), `ENOMEM`.
    pub(crate) fn assume(&self) -> Result<Assumed> {
        let raw = self.raw();
        let count = self.groups.len().min(GROUPS_MAX);
        // SAFETY: The C side reads both, of the second so many.
        let before = from_err_ptr(
            unsafe { bindings::ssi_caller_assume(&raw, self.groups.as_ptr(), count as u32) }
                .cast_mut(),
        )?;
        // INVARIANT: They were replaced just now.
        Ok(Assumed {
            before,
            _thread: NotThreadSafe,
        })
    }
}

/// The credentials of a caller on the calling thread. Such values are dropped in
/// the reverse order they were made.
///
/// # Invariants
///
/// `before` are the credentials `ssi_caller_assume` replaced.
pub(crate) struct Assumed {
    before: *const bindings::cred,
    _thread: NotThreadSafe,
}

impl Drop for Assumed {
    fn drop(&mut self) {
        // SAFETY: By the type invariant; the value cannot leave the thread.
        unsafe { bindings::ssi_caller_return(self.before) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_caller)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_on_is_what_is_found() -> Result {
        let kernel = Caller::current()?;
        let mut other = Caller::current()?;
        let ids = |first| Ids {
            real: first,
            effective: first + 1,
            saved: first + 2,
            fs: first + 3,
        };
        (other.user, other.group) = (ids(1000), ids(2000));
        (other.effective, other.permitted) = (1 << 5, 1 << 5 | 1 << 7);
        other.groups.push(20, GFP_KERNEL)?;
        other.groups.push(1000, GFP_KERNEL)?;
        {
            let _assumed = other.assume()?;
            assert!(Caller::current()? == other);
        }
        assert!(Caller::current()? == kernel);
        Ok(())
    }

    #[test]
    fn nobody_gets_more_than_is_permitted() -> Result {
        let mut caller = Caller::current()?;
        (caller.effective, caller.permitted) = (u64::MAX, 1 << 5);
        let _assumed = caller.assume()?;
        assert!(Caller::current()?.effective == 1 << 5);
        Ok(())
    }

    #[test]
    fn surplus_groups_are_left_out() -> Result {
        let mut caller = Caller::current()?;
        for group in 0..GROUPS_MAX as u32 + 10 {
            caller.groups.push(group, GFP_KERNEL)?;
        }
        let _assumed = caller.assume()?;
        let found = Caller::current()?.groups;
        assert!(found.len() == GROUPS_MAX && found.last() == Some(&255));
        Ok(())
    }

    #[test]
    fn without_a_namespace_for_them_foreigners_are_refused() -> Result {
        // A kernel that is no node has not begun.
        let mut caller = Caller::current()?;
        (caller.effective, caller.permitted, caller.is_foreign) = (0, 0, true);
        assert!(caller.assume().err() == Some(EPERM));
        Ok(())
    }

    #[test]
    fn an_id_nobody_has_is_refused() -> Result {
        let mut caller = Caller::current()?;
        caller.user.saved = u32::MAX;
        assert!(caller.assume().err() == Some(EINVAL));
        Ok(())
    }
}
