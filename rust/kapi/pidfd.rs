// SPDX-License-Identifier: GPL-2.0

//! Pidfd of another node's process.
//!
//! A [`Pidfd`] is [told](Pidfd::tell) how far the process is, and what polls its files
//! wakes then. The kernel's own calls take them for no pidfds.
//!
//! C header: [`include/linux/pidfs.h`](srctree/include/linux/pidfs.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        SetOnce, //
    },
    types::Opaque, //
};

/// Flag of pidfd_open(2): of a thread.
pub const THREAD: u32 = bindings::O_EXCL;
/// Flag of pidfd_open(2): not to wait.
pub const NONBLOCK: u32 = bindings::O_NONBLOCK;

static CLOSED: SetOnce<fn(u64)> = SetOnce::new();

/// Lets `closed` be called with the token of each pidfd whose file was closed, in the
/// context of a task or a thread; it may sleep. The first call counts.
pub fn on_closed(closed: fn(u64)) {
    CLOSED.populate(closed);
}

/// # Safety
///
/// None.
#[export]
unsafe extern "C" fn ssi_pidfd_closed(token: u64) {
    if let Some(closed) = CLOSED.copy() {
        closed(token);
    }
}

/// What a pidfd is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process.
    Process,
    /// A thread.
    Thread,
}

/// How far a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Runs,
    /// It has ended and was not waited for yet.
    Ended,
    /// There is no such process any more.
    Gone,
}

impl Life {
    pub(crate) fn from_raw(raw: bindings::ssi_pid_life) -> Self {
        match raw {
            bindings::ssi_pid_life_SSI_PID_RUNS => Self::Runs,
            bindings::ssi_pid_life_SSI_PID_ENDED => Self::Ended,
            _ => Self::Gone,
        }
    }

    const fn raw(self) -> bindings::ssi_pid_life {
        match self {
            Self::Runs => bindings::ssi_pid_life_SSI_PID_RUNS,
            Self::Ended => bindings::ssi_pid_life_SSI_PID_ENDED,
            Self::Gone => bindings::ssi_pid_life_SSI_PID_GONE,
        }
    }
}

/// A pidfd of a process that another node tells of.
///
/// # Invariants
///
/// It was made by `ssi_pidfd_new` and is referenced.
#[repr(transparent)]
pub struct Pidfd(Opaque<bindings::ssi_pidfd>);

// SAFETY: What changes of it is atomic or has a lock.
unsafe impl Send for Pidfd {}
// SAFETY: As above.
unsafe impl Sync for Pidfd {}

// SAFETY: The C side counts references, and frees it with the last.
unsafe impl AlwaysRefCounted for Pidfd {
    fn inc_ref(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_pidfd_get(self.0.get()) }
    }

    unsafe fn dec_ref(pidfd: NonNull<Self>) {
        // SAFETY: By the caller, who gives up a reference.
        unsafe { bindings::ssi_pidfd_put(pidfd.as_ptr().cast()) }
    }
}

impl Pidfd {
    /// One of a process or thread that runs. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(token: u64, pid: u32, kind: Kind) -> Result<ARef<Self>> {
        // SAFETY: No preconditions.
        let raw = unsafe { bindings::ssi_pidfd_new(token, pid, kind == Kind::Thread) };
        let raw = NonNull::new(raw).ok_or(ENOMEM)?;
        // SAFETY: The reference is handed on; the type is transparent.
        Ok(unsafe { ARef::from_raw(raw.cast()) })
    }

    /// What the running task has open as `fd`, `None` if that is something else.
    pub fn of(fd: i32) -> Option<ARef<Self>> {
        // SAFETY: Any number will do.
        let raw = unsafe { bindings::ssi_pidfd_of(fd) };
        // SAFETY: The reference is handed on; the type is transparent.
        NonNull::new(raw).map(|raw| unsafe { ARef::from_raw(raw.cast()) })
    }

    /// Opens it for the running task, with `flags` of pidfd_open(2), and gives the number
    /// of the file. [`on_closed`] is told in the end. May sleep.
    ///
    /// # Errors
    ///
    /// `EMFILE`, `ENFILE`, `ENOMEM`.
    pub fn open(&self, flags: u32) -> Result<isize> {
        // SAFETY: Valid by the type invariant.
        let fd = unsafe { bindings::ssi_pidfd_install(self.0.get(), flags) };
        match fd {
            0.. => Ok(fd as isize),
            _ => Err(Error::from_errno(fd)),
        }
    }

    fn field<T: Copy>(&self, get: impl FnOnce(&bindings::ssi_pidfd) -> T) -> T {
        // SAFETY: Valid by the type invariant; only what never changes is looked at.
        get(unsafe { &*self.0.get() })
    }

    /// Its name among those of this node.
    pub fn token(&self) -> u64 {
        self.field(|raw| raw.token)
    }

    /// The process or thread.
    pub fn pid(&self) -> u32 {
        self.field(|raw| raw.pid)
    }

    /// Which of both.
    pub fn kind(&self) -> Kind {
        match self.field(|raw| raw.is_thread) {
            true => Kind::Thread,
            false => Kind::Process,
        }
    }

    /// The process is as far as that, if it was not already. Does not sleep.
    pub fn tell(&self, life: Life) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_pidfd_tell(self.0.get(), life.raw()) }
    }

    /// What it was told last.
    pub fn life(&self) -> Life {
        // SAFETY: Valid by the type invariant.
        Life::from_raw(unsafe { bindings::ssi_pidfd_life(self.0.get()) })
    }
}

/// Whom a pidfd of this kernel is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native {
    /// The process or thread.
    pub pid: u32,
    /// Which of both.
    pub kind: Kind,
    /// What no other one of this kernel ever has: see [`identity`].
    pub identity: u64,
}

impl Native {
    /// Of what the running task has open as `fd`; `None` if that is something else.
    pub fn of(fd: i32) -> Option<Self> {
        let mut raw: bindings::ssi_native = pin_init::zeroed();
        // SAFETY: It can be written; any number will do.
        let is_one = unsafe { bindings::ssi_pidfd_native(fd, &mut raw) };
        is_one.then_some(Self {
            pid: raw.pid,
            kind: match raw.is_thread {
                true => Kind::Thread,
                false => Kind::Process,
            },
            identity: raw.identity,
        })
    }
}

/// What no other process, thread or group of this kernel ever has, of the one with number
/// `pid`, though it be elsewhere. `None` if there is none.
pub fn identity(pid: u32) -> Option<u64> {
    // SAFETY: Any number will do.
    let identity = unsafe { bindings::ssi_pid_identity(pid) };
    (identity != 0).then_some(identity)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_pidfd)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_it_was_made() -> Result {
        for kind in [Kind::Process, Kind::Thread] {
            let pidfd = Pidfd::new(1 << 40, 65600, kind)?;
            assert!((pidfd.token(), pidfd.pid(), pidfd.kind()) == (1 << 40, 65600, kind));
            assert!(pidfd.life() == Life::Runs);
        }
        Ok(())
    }

    #[test]
    fn a_process_gets_no_younger() -> Result {
        let pidfd = Pidfd::new(1, 65600, Kind::Process)?;
        for (told, is) in [
            (Life::Ended, Life::Ended),
            (Life::Runs, Life::Ended),
            (Life::Gone, Life::Gone),
            (Life::Ended, Life::Gone),
        ] {
            pidfd.tell(told);
            assert!(pidfd.life() == is);
        }
        Ok(())
    }

    #[test]
    fn what_is_no_such_file_is_none() {
        assert!(Pidfd::of(-1).is_none() && Pidfd::of(1000).is_none());
        assert!(Native::of(-1).is_none() && Native::of(1000).is_none());
    }

    #[test]
    fn each_process_has_an_identity_of_its_own() {
        assert!(identity(1).is_some() && identity(1) != identity(2));
        assert!(identity(0).is_none() && identity(u32::MAX).is_none());
    }
}
