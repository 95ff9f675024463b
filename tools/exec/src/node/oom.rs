// SPDX-License-Identifier: GPL-2.0

//! Protection from the OOM killer.
//!
//! A node out of memory must still answer the launcher, so the kernel may not
//! choose the agent. Children inherit that; to start one the protection is lifted
//! for a moment, because nothing can run in the child before its program does.

use std::fs::{
    File,
    OpenOptions, //
};
use std::io::{
    self,
    Write, //
};
use std::sync::{
    Mutex,
    OnceLock,
    PoisonError, //
};

const PROTECTED: &[u8] = b"-1000";
const ORDINARY: &[u8] = b"0";

/// This process's setting, once it is protected. Locked while a child starts.
static SETTING: OnceLock<Mutex<File>> = OnceLock::new();

/// Protects this process; commands it starts are not protected.
///
/// # Errors
///
/// Whatever writing `/proc/self/oom_score_adj` says.
pub fn protect_from_oom() -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .open("/proc/self/oom_score_adj")?;
    file.write_all(PROTECTED)?;
    // A second call protects what is already protected.
    let _ = SETTING.set(Mutex::new(file));
    Ok(())
}

/// Runs `start` so that a child it makes is not protected.
pub(super) fn unprotected<T>(start: impl FnOnce() -> T) -> T {
    let Some(setting) = SETTING.get() else {
        return start();
    };
    let mut file = setting.lock().unwrap_or_else(PoisonError::into_inner);
    // Failing to lift the protection only makes the child protected as well.
    let _ = file.write_all(ORDINARY);
    let child = start();
    let _ = file.write_all(PROTECTED);
    child
}
