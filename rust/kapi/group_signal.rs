// SPDX-License-Identifier: GPL-2.0

//! Signals to process groups.
//!
//! Those the kernel sends, for a terminal above all. Members of the group on this node have
//! got theirs when a [`GroupSignal`] is [`next`]; those on other nodes are
//! [given](GroupSignal::give) theirs there. What users send with kill(2) is not among them.
//!
//! C header: [`include/linux/ssi.h`](srctree/include/linux/ssi.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

use crate::{
    signal_info::{
        SentSignal,
        SIGNAL_INFO_BYTES, //
    },
    thread, //
};

/// Who sent a signal, as far as rights go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its session.
    pub session: u32,
    /// Its user, a number of the initial user namespace.
    pub user: u32,
    /// Its effective user, likewise.
    pub effective: u32,
    /// Whether it may send a signal to everybody: the kernel, mostly.
    pub is_unrestricted: bool,
}

/// A signal to a process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSignal {
    /// The group.
    pub group: u32,
    /// Who sent it.
    pub sender: Sender,
    /// The signal.
    pub info: SentSignal,
}

/// Has signals wait for [`next`]. Call it once, from an initcall.
///
/// # Errors
///
/// `ENOMEM`.
pub fn begin() -> Result {
    // SAFETY: Called once, by the contract of this function.
    to_result(unsafe { bindings::ssi_group_signal_begin() })
}

/// How often, and after how many microseconds each time, is looked whether all have it that are
/// elsewhere: for 20 ms at most.
const SENDING_LOOKS: u32 = 100;
const SENDING_MICROS: u64 = 200;

/// Waits until those of `group` that went from this node to others have what was sent to them
/// here, as far as that does not take long. A shell is to have it before its children, as it
/// would when all got it at once: it asks what became of them. May sleep.
pub fn await_surrogates(group: u32) {
    for _ in 0..SENDING_LOOKS {
        // SAFETY: No preconditions.
        if !unsafe { bindings::ssi_group_is_sending(group) } {
            return;
        }
        thread::sleep(SENDING_MICROS);
    }
}

/// Waits for the next signal, in the order they were sent in. `None` if the thread is to
/// stop. Only one thread may call it, and has told the one before.
pub fn next() -> Option<GroupSignal> {
    let mut raw: bindings::ssi_group_signal = pin_init::zeroed();
    let mut bytes = [0; SIGNAL_INFO_BYTES];
    // SAFETY: There is room for all of both.
    while unsafe { bindings::ssi_group_signal_next(&mut raw, bytes.as_mut_ptr().cast()) } {
        let sender = Sender {
            session: raw.session,
            user: raw.user,
            effective: raw.effective,
            is_unrestricted: raw.is_unrestricted,
        };
        if let Ok(info) = SentSignal::from_wire(&bytes) {
            return Some(GroupSignal {
                group: raw.pgid,
                sender,
                info,
            });
        }
    }
    None
}

/// Waits until all signals that were sent before are told.
///
/// # Errors
///
/// `EINTR` for a task that is killed.
pub fn settle() -> Result {
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_group_signal_settle() })
}

impl GroupSignal {
    /// Gives it to the members that are here, of a group for which node `from` sent it. One
    /// whose home is another node gets it from there, as does one that is on `from`. Does
    /// not sleep.
    pub fn give(&self, from: u8) {
        let raw = bindings::ssi_group_signal {
            pgid: self.group,
            session: self.sender.session,
            user: self.sender.user,
            effective: self.sender.effective,
            is_unrestricted: self.sender.is_unrestricted,
        };
        let bytes = self.info.as_bytes().as_ptr().cast();
        // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
        unsafe { bindings::ssi_group_signal_give(&raw, bytes, from) }
    }
}

#[cfg(all(CONFIG_SSI_KUNIT_TEST, CONFIG_SSI_MIGRATE))]
#[kernel::macros::kunit_tests(ssi_kapi_group_signal)]
mod tests {
    use super::*;
    use crate::guest::{
        self,
        kunit::{
            arrival,
            create,
            is_gone,
            PID, //
        }, //
    };

    const SIGHUP: i32 = bindings::SIGHUP as i32;
    const SIGINT: i32 = bindings::SIGINT as i32;
    const SIGTSTP: i32 = bindings::SIGTSTP as i32;
    const SIGCONT: i32 = bindings::SIGCONT as i32;

    /// Sends it to a group without members here, as a terminal does.
    fn send(signal: i32) -> i32 {
        // SAFETY: A guest has the number.
        unsafe {
            bindings::kill_pgrp(
                bindings::find_pid_ns(PID as c_int, &raw mut bindings::init_pid_ns),
                signal,
                1,
            )
        }
    }

    #[test]
    fn they_wait_as_those_of_a_process() -> Result {
        guest::kunit::begin()?;
        create(&arrival(PID), || Ok(()))?;
        assert!(send(SIGINT) == ESRCH.to_errno());
        begin()?;
        let sent = [
            SIGINT, SIGTSTP, SIGINT, SIGCONT, SIGTSTP, SIGCONT, SIGHUP, SIGINT,
        ];
        assert!(sent.into_iter().all(|signal| send(signal) == 0));
        for signal in [SIGINT, SIGCONT, SIGHUP] {
            let told = next().ok_or(EINVAL)?;
            assert!(told.group == PID && told.sender.is_unrestricted);
            assert!(told.info.signal() == signal);
        }
        guest::kill(PID);
        assert!(is_gone(PID));
        Ok(())
    }
}
