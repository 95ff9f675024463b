// SPDX-License-Identifier: GPL-2.0

//! Watch over a process.
//!
//! A [`PidWatch`] has it told to whom it was [asked for](on_change) when a process ends, and
//! when its parent has waited for it. No thread waits meanwhile.
//!
//! C header: [`include/linux/pid.h`](srctree/include/linux/pid.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    sync::SetOnce, //
};

pub use crate::pidfd::{
    Kind,
    Life, //
};

/// For whom a process is watched: a node and a token of its own.
pub type Client = (u8, u64);

static CHANGED: SetOnce<fn(Client, Life)> = SetOnce::new();

/// Lets `changed` be called, on a thread of the kernel, when something became of a
/// process that is watched; perhaps once more after its watch was dropped. The first call
/// counts.
pub fn on_change(changed: fn(Client, Life)) {
    CHANGED.populate(changed);
}

/// # Safety
///
/// None.
#[export]
unsafe extern "C" fn ssi_pid_changed(client: u8, token: u64, life: bindings::ssi_pid_life) {
    if let Some(changed) = CHANGED.copy() {
        changed((client, token), Life::from_raw(life));
    }
}

/// A process that is watched.
///
/// # Invariants
///
/// `raw` was made by `ssi_pid_watch_new` and not ended yet.
pub struct PidWatch {
    raw: NonNull<bindings::ssi_pid_watch>,
}

// SAFETY: A watch is tied to no thread.
unsafe impl Send for PidWatch {}
// SAFETY: Through a reference it is only read.
unsafe impl Sync for PidWatch {}

impl PidWatch {
    /// Watches process or thread `pid` of this kernel for `client`. May sleep.
    ///
    /// # Errors
    ///
    /// `ESRCH`; `ENOENT` for a thread where a process is meant; `ENOMEM`.
    pub fn new(pid: u32, kind: Kind, (node, token): Client) -> Result<Self> {
        // SAFETY: Any numbers will do.
        let raw = from_err_ptr(unsafe {
            bindings::ssi_pid_watch_new(pid, kind == Kind::Thread, node, token)
        })?;
        // INVARIANT: It was made just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ENOMEM)
    }

    /// What no other process of this kernel ever has.
    pub fn identity(&self) -> u64 {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_pid_watch_identity(self.raw.as_ptr()) }
    }

    /// How far it is.
    pub fn life(&self) -> Life {
        // SAFETY: Valid by the type invariant.
        Life::from_raw(unsafe { bindings::ssi_pid_watch_life(self.raw.as_ptr()) })
    }
}

impl Drop for PidWatch {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariant, and nobody else has it any more.
        unsafe { bindings::ssi_pid_watch_end(self.raw.as_ptr()) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_pid_watch)]
mod tests {
    use super::*;
    use crate::{
        caller::Caller,
        event::{
            Event,
            Patience, //
        },
        thread::{
            self,
            Thread, //
        }, //
    };
    use kernel::sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc, //
    };

    const CLIENT: Client = (63, 1 << 40);

    /// A thread to be watched.
    struct Watched {
        number: Atomic<u32>,
        runs: Event,
        may_end: Event,
    }

    fn live(watched: &Watched) {
        let number = Caller::current().map_or(0, |caller| caller.tid);
        watched.number.store(number, Release);
        watched.runs.raise();
        let _ = watched.may_end.wait(Patience::Always, Some(5_000_000));
    }

    static TOLD: Atomic<u32> = Atomic::new(0);

    fn told(client: Client, life: Life) {
        if client == CLIENT && life == Life::Gone {
            TOLD.store(1, Release);
        }
    }

    #[test]
    fn the_end_of_a_thread_is_told() -> Result {
        // This kernel is no node, so nobody else wants to know.
        on_change(told);
        let watched = Arc::new(
            Watched {
                number: Atomic::new(0),
                runs: Event::new()?,
                may_end: Event::new()?,
            },
            GFP_KERNEL,
        )?;
        let thread = Thread::spawn(c"ssi_kunit", watched.clone(), live)?;
        watched.runs.wait(Patience::Always, Some(5_000_000))?;
        let number = watched.number.load(Acquire);
        let watch = PidWatch::new(number, Kind::Process, CLIENT)?;
        assert!(watch.life() == Life::Runs && TOLD.load(Acquire) == 0);
        assert!(crate::pidfd::identity(number) == Some(watch.identity()));
        watched.may_end.raise();
        drop(thread);
        for _ in 0..500 {
            if TOLD.load(Acquire) != 0 {
                break;
            }
            thread::sleep(10_000);
        }
        assert!(TOLD.load(Acquire) == 1 && watch.life() == Life::Gone);
        assert!(PidWatch::new(number, Kind::Process, CLIENT).err() == Some(ESRCH));
        Ok(())
    }

    #[test]
    fn who_is_nobody_is_not_watched() {
        for pid in [0, 12345, u32::MAX] {
            assert!(PidWatch::new(pid, Kind::Thread, CLIENT).err() == Some(ESRCH));
        }
    }
}
