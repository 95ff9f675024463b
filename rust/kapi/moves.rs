// SPDX-License-Identifier: GPL-2.0

//! Processes that are moved.
//!
//! What is written to `/proc/<pid>/goto` comes here when the kernel has found that the
//! writer may move that process: a [`Mover`] knows what it means.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use core::slice;

use kernel::{
    bindings,
    macros::export,
    prelude::*,
    sync::SetOnce, //
};

use crate::caller::Caller;

/// Most bytes of a text.
pub const TEXT_BYTES_MAX: usize = bindings::SSI_GOTO_BYTES_MAX as usize;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Its process, of any node; 0 for the kernel.
    pub pid: u32,
    /// Its user, of the initial user namespace.
    pub user: u32,
}

impl Asker {
    /// The running task. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn current() -> Result<Self> {
        Caller::current().map(|caller| Self::of(&caller))
    }

    /// One on another node.
    pub fn of(caller: &Caller) -> Self {
        Self {
            pid: caller.tgid,
            user: caller.user.real,
        }
    }
}

/// Moves processes of this node.
pub trait Mover: Sync {
    /// Has process `pid`, which was here a moment ago, go where `text` says: a number of a
    /// node, as it was written. Waits until that is decided, or the running task is killed,
    /// and then the process may go or stay. The running task may be of that process. `by` is
    /// who asked.
    ///
    /// # Errors
    ///
    /// `EINVAL` for what is no number, `ENODEV` for one no node has, `ESRCH` for a process
    /// that is not here, `EINTR`; what keeps the process here.
    fn go(&self, pid: u32, text: &[u8], by: Asker) -> Result;
}

static MOVER: SetOnce<&'static dyn Mover> = SetOnce::new();

/// From now on `mover` moves processes. Call it once.
///
/// # Errors
///
/// `EBUSY` the second time.
pub fn install(mover: &'static dyn Mover) -> Result {
    MOVER.populate(mover).then_some(()).ok_or(EBUSY)
}

/// Has process `pid` go where `text` says: see [`Mover::go`]. The caller knows that `by` may
/// do that. May sleep for long.
///
/// # Errors
///
/// Those of [`Mover::go`]; `EINVAL` for more than [`TEXT_BYTES_MAX`]; `EOPNOTSUPP` for a
/// kernel that moves none.
pub fn go(pid: u32, text: &[u8], by: Asker) -> Result {
    if text.len() > TEXT_BYTES_MAX {
        return Err(EINVAL);
    }
    MOVER.copy().ok_or(EOPNOTSUPP)?.go(pid, text, by)
}

/// # Safety
///
/// `text` is `bytes` long.
#[export]
unsafe extern "C" fn ssi_goto(pid: u32, text: *const c_char, bytes: usize) -> c_int {
    // SAFETY: By the caller.
    let text = unsafe { slice::from_raw_parts(text.cast(), bytes) };
    Asker::current()
        .and_then(|by| go(pid, text, by))
        .map_or_else(Error::to_errno, |()| 0)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_moves)]
mod tests {
    use super::*;

    #[test]
    fn who_is_no_node_moves_nothing() {
        let by = Asker { pid: 0, user: 0 };
        assert!(go(65600, b"2\n", by) == Err(EOPNOTSUPP));
        assert!(go(65600, &[b'0'; TEXT_BYTES_MAX + 1], by) == Err(EINVAL));
    }
}
