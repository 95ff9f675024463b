// SPDX-License-Identifier: GPL-2.0

//! Signals to those who asked.
//!
//! C header: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    cred::Credential,
    error::to_result,
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};

/// The signal with the highest number.
pub const SIGNAL_MAX: u8 = bindings::_NSIG as u8;

/// A process, and in whose name it is sent signals.
///
/// It stays valid when the process ends; then nothing is sent.
///
/// # Invariants
///
/// `process` owns a reference to a `struct pid`.
pub struct Target {
    process: NonNull<bindings::pid>,
    sender: ARef<Credential>,
    signal: u8,
}

// SAFETY: A `struct pid` is counted and not tied to a thread.
unsafe impl Send for Target {}
// SAFETY: As above; `&Target` allows only to send.
unsafe impl Sync for Target {}

impl Target {
    /// The process that runs now, to be sent `signal` in the name of who opened
    /// `file`: as with `F_SETSIG`, a program with more rights that inherits the
    /// file gets nothing. Process context.
    ///
    /// # Errors
    ///
    /// `EINVAL` for what is no signal, and for those that cannot be caught.
    pub fn current(signal: u8, file: &File) -> Result<Self> {
        let uncatchable = [bindings::SIGKILL, bindings::SIGSTOP].contains(&u32::from(signal));
        if !(1..=SIGNAL_MAX).contains(&signal) || uncatchable {
            return Err(EINVAL);
        }
        // SAFETY: The task is the one that runs; takes a reference.
        let process = unsafe {
            bindings::get_task_pid(bindings::get_current(), bindings::pid_type_PIDTYPE_TGID)
        };
        // INVARIANT: The reference was taken just now.
        Ok(Self {
            process: NonNull::new(process).ok_or(ESRCH)?,
            sender: ARef::from(file.cred()),
            signal,
        })
    }

    /// Whether both are sent in the name of the same user.
    pub fn same_user(&self, other: &Self) -> bool {
        self.sender.euid() == other.sender.euid()
    }

    /// Sends the signal. Any context. Nothing comes of it when the process is
    /// gone, or may not be sent signals by who opened the file.
    ///
    /// # Errors
    ///
    /// `ESRCH`, `EPERM`, or `EAGAIN` when too many signals wait.
    pub fn send(&self) -> Result {
        let nothing: bindings::sigval_t = pin_init::zeroed();
        // SAFETY: Process and credentials are referenced by `self`.
        to_result(unsafe {
            bindings::kill_pid_usb_asyncio(
                c_int::from(self.signal),
                0,
                nothing,
                self.process.as_ptr(),
                self.sender.as_ptr(),
            )
        })
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours.
        unsafe { bindings::put_pid(self.process.as_ptr()) }
    }
}
