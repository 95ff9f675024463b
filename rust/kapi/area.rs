// SPDX-License-Identifier: GPL-2.0

//! User memory of kernel threads.
//!
//! System calls and files of `/proc` take and give their data in user memory. A
//! kernel thread has none; an [`Area`] lends it some. There are few of them,
//! made when first needed and kept: each is an address space of its own.
//!
//! C header: [`include/linux/kthread.h`](srctree/include/linux/kthread.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    types::NotThreadSafe,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

/// Size of an area, in bytes.
pub const AREA_BYTES: usize = bindings::SSI_AREA_BYTES as usize;

/// Most areas; so many threads use one at the same time.
pub const AREAS_MAX: usize = bindings::SSI_AREAS_MAX as usize;

/// User memory of the calling kernel thread.
///
/// # Invariants
///
/// `raw` is attached to the thread this value lives on.
pub struct Area {
    raw: NonNull<bindings::ssi_area>,
    _thread: NotThreadSafe,
}

impl Area {
    /// Lends the calling kernel thread an area, full of zeros, while `act` runs.
    /// Sleeps until one of the [`AREAS_MAX`] is idle; `act` must not wait for
    /// another node, which may wait for an area, too.
    ///
    /// # Errors
    ///
    /// `EBUSY` for a thread that has user memory already and for what is no kernel
    /// thread, `ENOMEM`, `EINTR` when killed.
    pub fn with<R>(act: impl FnOnce(&mut Self) -> R) -> Result<R> {
        // SAFETY: No preconditions.
        let raw = from_err_ptr(unsafe { bindings::ssi_area_attach() })?;
        // INVARIANT: It was attached just now, and the value cannot leave the thread.
        let mut area = Self {
            raw: NonNull::new(raw).ok_or(ENOMEM)?,
            _thread: NotThreadSafe,
        };
        Ok(act(&mut area))
    }

    /// Where it begins.
    pub fn address(&self) -> usize {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_area_address(self.raw.as_ptr()) }
    }

    /// Writes `data` at `offset`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` when it does not fit, `EFAULT` without memory.
    pub fn write(&mut self, offset: usize, data: &[u8]) -> Result {
        self.slice(offset, data.len())?.writer().write_slice(data)
    }

    /// Reads what stands at `offset` into `out`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` beyond the end, `EFAULT` without memory.
    pub fn read(&self, offset: usize, out: &mut [u8]) -> Result {
        self.slice(offset, out.len())?.reader().read_slice(out)
    }

    fn slice(&self, offset: usize, bytes: usize) -> Result<UserSlice> {
        let end = offset.checked_add(bytes).ok_or(EINVAL)?;
        if end > AREA_BYTES {
            return Err(EINVAL);
        }
        let start = UserPtr::from_addr(self.address() + offset);
        Ok(UserSlice::new(start, bytes))
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is attached to this thread.
        unsafe { bindings::ssi_area_detach(self.raw.as_ptr()) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_area)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_up_to_the_end() -> Result {
        Area::with(|area| {
            let mut out = [0; 8];
            area.write(AREA_BYTES - 8, b"at the e")?;
            area.read(AREA_BYTES - 8, &mut out)?;
            assert!(&out == b"at the e");
            assert!(area.write(AREA_BYTES - 7, &out) == Err(EINVAL));
            assert!(area.read(usize::MAX, &mut out) == Err(EINVAL));
            Ok(())
        })?
    }

    #[test]
    fn the_next_user_finds_zeros() -> Result {
        let mut out = [0xff; 3 * 4096];
        Area::with(|area| area.write(0, &out))??;
        Area::with(|area| area.read(0, &mut out))??;
        assert!(out.iter().all(|byte| *byte == 0));
        Ok(())
    }

    #[test]
    fn a_thread_has_one_at_a_time() -> Result {
        Area::with(|_| assert!(Area::with(|_| ()) == Err(EBUSY)))?;
        // More often than there are areas: each comes back.
        for _ in 0..2 * AREAS_MAX {
            Area::with(|_| ())?;
        }
        Ok(())
    }
}
