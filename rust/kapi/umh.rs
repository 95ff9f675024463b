// SPDX-License-Identifier: GPL-2.0

//! Programs the kernel runs.
//!
//! A [`Program`] runs in the root of init, as root, in a session of its own, so
//! that [`Program::kill`] ends it with all it has started and not moved away.
//!
//! C header: [`include/linux/umh.h`](srctree/include/linux/umh.h)

use core::ptr;

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::CStr,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc, //
    }, //
};

/// Most words of a command: the path of the program and its arguments.
pub const WORDS_MAX: usize = 8;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status; 0 is success.
    Exit(u8),
    /// By this signal.
    Signal(u8),
}

/// A program that may be running.
///
/// # Invariants
///
/// `process` is null or owns a reference to a `struct pid`.
pub struct Program {
    process: Atomic<usize>,
}

impl Program {
    /// None yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new() -> Result<Arc<Self>> {
        // INVARIANT: It is null.
        let program = Self {
            process: Atomic::new(0),
        };
        Ok(Arc::new(program, GFP_KERNEL)?)
    }

    /// Runs a command, its first word the path, and waits for its end. Process
    /// context; sleeps for as long as the program runs. Once per value.
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is no such file, `E2BIG` for more than [`WORDS_MAX`]
    /// words, else why it could not be started.
    pub fn run(self: &Arc<Self>, words: &[&CStr]) -> Result<Ending> {
        let mut command = [ptr::null_mut(); WORDS_MAX + 1];
        let mut environment = [
            c"HOME=/".as_char_ptr().cast_mut(),
            c"PATH=/sbin:/bin:/usr/sbin:/usr/bin"
                .as_char_ptr()
                .cast_mut(),
            ptr::null_mut(),
        ];
        let path = words.first().ok_or(EINVAL)?;
        if words.len() > WORDS_MAX {
            return Err(E2BIG);
        }
        for (to, from) in command.iter_mut().zip(words) {
            *to = from.as_char_ptr().cast_mut();
        }
        // SAFETY: All words outlive the call, as `WAIT_PROC` ends with the
        // program; `cleanup` drops the reference given here.
        let info = unsafe {
            bindings::call_usermodehelper_setup(
                path.as_char_ptr(),
                command.as_mut_ptr(),
                environment.as_mut_ptr(),
                bindings::GFP_KERNEL,
                Some(begin),
                Some(cleanup),
                Arc::into_raw(self.clone()).cast_mut().cast(),
            )
        };
        if info.is_null() {
            // SAFETY: The reference given above was not taken.
            drop(unsafe { Arc::from_raw(Arc::as_ptr(self)) });
            return Err(ENOMEM);
        }
        // SAFETY: The information is complete and handed over.
        let status =
            unsafe { bindings::call_usermodehelper_exec(info, bindings::UMH_WAIT_PROC as c_int) };
        to_result(status.min(0))?;
        Ok(match status & 0x7f {
            0 => Ending::Exit((status >> 8) as u8),
            signal => Ending::Signal(signal as u8),
        })
    }

    /// Kills the program and its session, if it runs. Any context.
    pub fn kill(&self) {
        let process = ptr::with_exposed_provenance_mut::<bindings::pid>(self.process.load(Acquire));
        if !process.is_null() {
            // SAFETY: By the type invariant it is referenced as long as `self`.
            unsafe { bindings::kill_pgrp(process, bindings::SIGKILL as c_int, 1) };
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let process = ptr::with_exposed_provenance_mut::<bindings::pid>(self.process.load(Acquire));
        // SAFETY: By the type invariant the reference is ours; null is allowed.
        unsafe { bindings::put_pid(process) }
    }
}

/// # Safety
///
/// Called in the process of the program, before it, with the data of `run`.
unsafe extern "C" fn begin(info: *mut bindings::subprocess_info, _: *mut bindings::cred) -> c_int {
    // SAFETY: The data is a reference to a `Program` until `cleanup`.
    let program = unsafe { &*(*info).data.cast::<Program>() };
    // SAFETY: The process is ours alone and has begun no session yet. The first
    // reference to its pid becomes that of the program.
    let process = unsafe {
        bindings::ksys_setsid();
        bindings::get_task_pid(bindings::get_current(), bindings::pid_type_PIDTYPE_PID)
    };
    // INVARIANT: The reference is taken; `run` is called once.
    program.process.store(process.expose_provenance(), Release);
    0
}

/// # Safety
///
/// Called once, with the data of `run`, when the information is freed.
unsafe extern "C" fn cleanup(info: *mut bindings::subprocess_info) {
    // SAFETY: The data is the reference `run` gave away.
    drop(unsafe { Arc::from_raw((*info).data.cast::<Program>()) });
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_umh)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_none_is_said_so() -> Result {
        let program = Program::new()?;
        assert!(program.run(&[c"/nosuch/program"]) == Err(ENOENT));
        program.kill();
        Ok(())
    }

    #[test]
    fn a_command_is_bounded() -> Result {
        let program = Program::new()?;
        assert!(program.run(&[]) == Err(EINVAL));
        assert!(program.run(&[c"x"; WORDS_MAX + 1]) == Err(E2BIG));
        Ok(())
    }
}
