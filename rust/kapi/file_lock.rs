// SPDX-License-Identifier: GPL-2.0

//! Locks of fcntl(2) others have.
//!
//! A lock of a part of a file of this node, whose owner is a process of another node or the
//! open file itself. One that is not free [waits](Pending) without a thread.
//!
//! C header: [`include/linux/filelock.h`](srctree/include/linux/filelock.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::LocalFile,
    prelude::*,
    sync::SetOnce, //
};

use crate::{
    file_description::Lock,
    file_home::HomeFile, //
};

/// Lock of a part of a file, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLock {
    /// A number of the process whose it is, below 2^63; 0 for the open file.
    pub owner: u64,
    /// What that process is called on this node: 0 if it has no number here. Of one that was
    /// found, -1 says that it is an open file.
    pub process: i32,
    /// Which lock.
    pub lock: Lock,
    /// The first byte, at most `i64::MAX` as the next.
    pub start: u64,
    /// The last byte.
    pub end: u64,
}

impl RecordLock {
    pub(crate) fn from_raw(raw: &bindings::ssi_record_lock) -> Result<Self> {
        Ok(Self {
            owner: raw.owner,
            process: raw.process,
            lock: Lock::from_raw(raw.type_.into())?,
            start: raw.start.try_into()?,
            end: raw.end.try_into()?,
        })
    }

    pub(crate) fn to_raw(self) -> Result<bindings::ssi_record_lock> {
        Ok(bindings::ssi_record_lock {
            owner: self.owner,
            start: self.start.try_into()?,
            end: self.end.try_into()?,
            process: self.process,
            type_: self.lock.to_raw().try_into()?,
        })
    }
}

static FREE: SetOnce<fn(u64)> = SetOnce::new();

/// Lets `free` be called, on a thread of the kernel, with the name of each [`Pending`] that
/// waited and is to be tried again. The first call counts.
pub fn on_free(free: fn(u64)) {
    FREE.populate(free);
}

/// # Safety
///
/// None.
#[export]
unsafe extern "C" fn ssi_lock_ready(name: u64) {
    if let Some(free) = FREE.copy() {
        free(name);
    }
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// The lock is held, or ended.
    Done,
    /// It waits, and [`on_free`] is told.
    Waits,
}

/// A lock that is asked for. It keeps its file open; when it is dropped it does not wait any
/// more, and what is held stays. Drop it where one may sleep.
///
/// # Invariants
///
/// `raw` was made by `ssi_lock_new` and is not freed yet.
pub struct Pending {
    raw: NonNull<bindings::ssi_lock>,
}

// SAFETY: It is not tied to a thread.
unsafe impl Send for Pending {}
// SAFETY: What can be done to a shared one is atomic.
unsafe impl Sync for Pending {}

impl Pending {
    /// Asks for `wanted` of `file`; with `waits` it may wait for others. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOLCK` for a file that has no locks here, `EBADF` for one that is not open so,
    /// `ENOMEM`, `EOVERFLOW`.
    pub fn new(file: &HomeFile, wanted: RecordLock, waits: bool, name: u64) -> Result<Self> {
        let wanted = wanted.to_raw()?;
        // SAFETY: The file is valid, and `wanted` read.
        let raw = unsafe { bindings::ssi_lock_new(file.as_ptr(), &wanted, waits, name) };
        // INVARIANT: It was made just now.
        let raw = NonNull::new(from_err_ptr(raw)?).ok_or(ENOMEM)?;
        Ok(Self { raw })
    }

    /// Takes it, if it is free. May sleep for memory.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when others have it and it may not wait, or its file system would; `EDEADLK`,
    /// `ENOLCK`.
    pub fn attempt(&mut self) -> Result<Try> {
        // SAFETY: Valid by the type invariant, and nobody else tries.
        match to_result(unsafe { bindings::ssi_lock_try(self.raw.as_ptr()) }) {
            Err(EINPROGRESS) => Ok(Try::Waits),
            done => done.map(|()| Try::Done),
        }
    }

    /// Whether it is to be tried again. Any context.
    pub fn was_told(&self) -> bool {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_lock_was_told(self.raw.as_ptr()) }
    }

    /// Has it told. Any context.
    pub fn tell(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_lock_tell(self.raw.as_ptr()) }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariant, and nobody else has it any more.
        unsafe { bindings::ssi_lock_free(self.raw.as_ptr()) }
    }
}

impl HomeFile {
    /// What is in the way of `wanted`, as `F_GETLK` of fcntl(2) says. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOLCK` for a file that has no locks here, `EOVERFLOW`.
    pub fn find_lock(&self, wanted: RecordLock) -> Result<Option<RecordLock>> {
        let mut raw = wanted.to_raw()?;
        // SAFETY: Valid; the other can be read and written.
        to_result(unsafe { bindings::ssi_lock_test(self.as_ptr(), &mut raw) })?;
        let found = RecordLock::from_raw(&raw)?;
        Ok(Some(found).filter(|found| found.lock != Lock::None))
    }

    /// Ends all locks process `owner` has of the file. May sleep.
    pub fn unlock(&self, owner: u64) {
        // SAFETY: Valid.
        unsafe { bindings::ssi_home_unlock(self.as_ptr(), owner) }
    }

    /// Makes `owner` the owner of the locks the running task has of the file, and says
    /// whether there are any. `owner` had none. Does not sleep.
    pub fn take_locks(&self, owner: u64) -> bool {
        // SAFETY: Valid.
        unsafe { bindings::ssi_home_take_locks(self.as_ptr(), owner) }
    }

    /// Gives the locks of `owner` to `process` of this node, which that is now. They end if
    /// there is none. May sleep.
    pub fn give_locks(&self, owner: u64, process: u32) {
        // SAFETY: Valid.
        unsafe { bindings::ssi_home_give_locks(self.as_ptr(), owner, process) }
    }

    /// Whether the locks of both are those of one file, however often it was opened.
    pub fn shares_locks(&self, other: &Self) -> bool {
        // SAFETY: Both valid.
        unsafe { bindings::ssi_home_shares_locks(self.as_ptr(), other.as_ptr()) }
    }
}

/// Whether the running process, whose other threads stand still, has its open files, and with
/// them its locks, for itself.
pub fn are_own() -> bool {
    // SAFETY: Looks at the running task only.
    unsafe { bindings::ssi_files_are_own() }
}

/// Whether the running task has record locks of `file`.
pub fn current_has_any(file: &LocalFile) -> bool {
    // SAFETY: The file is referenced.
    unsafe { bindings::ssi_file_current_has_locks(file.as_ptr()) }
}

/// Ends the locks the running task has of `file`, as if it closed it. May sleep.
pub fn unlock_current(file: &LocalFile) {
    // SAFETY: The file is referenced.
    unsafe { bindings::ssi_file_unlock_current(file.as_ptr()) }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_file_lock)]
mod tests {
    use super::*;
    use crate::{
        file_fixture::{
            pipe,
            regular, //
        },
        thread, //
    };
    use kernel::sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    };

    /// The name that was told last.
    static TOLD: Atomic<u64> = Atomic::new(0);

    fn told(name: u64) -> bool {
        for _ in 0..200 {
            if TOLD.load(Relaxed) == name {
                return true;
            }
            thread::sleep(10_000);
        }
        false
    }

    fn exclusive(owner: u64, start: u64, end: u64) -> RecordLock {
        RecordLock {
            owner,
            process: owner as i32,
            lock: Lock::Exclusive,
            start,
            end,
        }
    }

    fn waiting(file: &HomeFile, wanted: RecordLock, name: u64) -> Result<Pending> {
        on_free(|name| TOLD.store(name, Relaxed));
        Pending::new(file, wanted, true, name)
    }

    fn at_once(file: &HomeFile, wanted: RecordLock) -> Result {
        Pending::new(file, wanted, false, 0)?.attempt().map(|_| ())
    }

    #[test]
    fn a_lock_is_in_the_way_of_others() -> Result {
        let file = HomeFile::new(&*regular()?)?;
        let lock = exclusive(70_000, 5, 9);
        assert!(at_once(&file, lock).is_ok() && at_once(&file, lock).is_ok());
        assert!(at_once(&file, exclusive(70_001, 9, 20)) == Err(EAGAIN));
        assert!(at_once(&file, exclusive(70_001, 10, 20)).is_ok());
        assert!(file.find_lock(exclusive(70_001, 0, 6))? == Some(RecordLock { owner: 0, ..lock }));
        assert!(file.find_lock(exclusive(70_001, 0, 4))?.is_none());
        file.unlock(70_000);
        assert!(file.find_lock(exclusive(70_001, 0, 6))?.is_none());
        file.unlock(70_001);
        Ok(())
    }

    #[test]
    fn an_open_file_has_locks_itself() -> Result {
        let file = HomeFile::new(&*regular()?)?;
        let lock = exclusive(0, 5, 9);
        assert!(at_once(&file, lock).is_ok() && at_once(&file, lock).is_ok());
        let found = file.find_lock(exclusive(70_000, 0, 9))?.ok_or(ENOLCK)?;
        assert!((found.process, found.start, found.end) == (-1, 5, 9));
        file.unlock(0);
        assert!(file.find_lock(exclusive(70_000, 0, 9))?.is_some());
        Ok(())
    }

    #[test]
    fn who_waits_is_told() -> Result {
        let file = HomeFile::new(&*regular()?)?;
        assert!(at_once(&file, exclusive(70_000, 0, 9)).is_ok());
        let mut waiting = waiting(&file, exclusive(70_001, 0, 9), 11)?;
        assert!(waiting.attempt() == Ok(Try::Waits) && !waiting.was_told());
        file.unlock(70_000);
        assert!(told(11) && waiting.was_told());
        assert!(waiting.attempt() == Ok(Try::Done));
        assert!(at_once(&file, exclusive(70_000, 0, 9)) == Err(EAGAIN));
        drop(waiting);
        assert!(at_once(&file, exclusive(70_000, 0, 9)) == Err(EAGAIN));
        file.unlock(70_001);
        Ok(())
    }

    #[test]
    fn who_waits_no_more_gets_nothing() -> Result {
        let file = HomeFile::new(&*regular()?)?;
        assert!(at_once(&file, exclusive(70_000, 0, 9)).is_ok());
        let mut waiting = waiting(&file, exclusive(70_001, 0, 9), 12)?;
        assert!(waiting.attempt() == Ok(Try::Waits));
        drop(waiting);
        file.unlock(70_000);
        assert!(file.find_lock(exclusive(70_000, 0, 9))?.is_none());
        Ok(())
    }

    #[test]
    fn a_circle_is_found() -> Result {
        let file = HomeFile::new(&*regular()?)?;
        let other = HomeFile::new(&*regular()?)?;
        assert!(at_once(&file, exclusive(70_000, 0, 9)).is_ok());
        assert!(at_once(&other, exclusive(70_001, 0, 9)).is_ok());
        let mut one = waiting(&other, exclusive(70_000, 0, 9), 13)?;
        assert!(one.attempt() == Ok(Try::Waits));
        let mut two = waiting(&file, exclusive(70_001, 0, 9), 14)?;
        assert!(two.attempt() == Err(EDEADLK));
        file.unlock(70_000);
        other.unlock(70_001);
        Ok(())
    }

    #[test]
    fn who_is_told_for_nothing_waits_on() -> Result {
        let file = HomeFile::new(&*regular()?)?;
        assert!(at_once(&file, exclusive(70_000, 0, 9)).is_ok());
        let mut waiting = waiting(&file, exclusive(70_001, 0, 9), 15)?;
        assert!(waiting.attempt() == Ok(Try::Waits));
        waiting.tell();
        assert!(told(15));
        assert!(waiting.attempt() == Ok(Try::Waits));
        file.unlock(70_000);
        assert!(waiting.attempt() == Ok(Try::Done));
        file.unlock(70_001);
        Ok(())
    }

    #[test]
    fn what_has_no_locks_says_so() -> Result {
        let (out, _into) = pipe()?;
        let pipe = HomeFile::new(&out)?;
        assert!(at_once(&pipe, exclusive(70_000, 0, 9)) == Err(ENOLCK));
        assert!(pipe.find_lock(exclusive(70_000, 0, 9)) == Err(ENOLCK));
        let file = HomeFile::new(&*regular()?)?;
        assert!(at_once(&file, exclusive(70_000, 0, u64::MAX)).is_err());
        Ok(())
    }
}
