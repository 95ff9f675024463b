// SPDX-License-Identifier: GPL-2.0

//! Signal information that travels.
//!
//! Which signal, why, and from whom: a `kernel_siginfo` as bytes. All nodes run
//! the same kernel, so nobody needs to look inside. A [`SignalInfo`] is about to be sent
//! for somebody, a [`SentSignal`] was sent already.
//!
//! C header: [`include/linux/signal_types.h`](srctree/include/linux/signal_types.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

use crate::signal::SIGNAL_MAX;

/// Size of a signal's information, in bytes.
pub const SIGNAL_INFO_BYTES: usize = size_of::<bindings::kernel_siginfo_t>();

const SI_USER: c_int = 0;
const SI_TKILL: c_int = -6;

/// By what a user sends a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// kill(2): to a process, a group or all.
    Kill,
    /// tkill(2) and tgkill(2): to one thread.
    Tkill,
}

impl Origin {
    const fn code(self) -> c_int {
        match self {
            Self::Kill => SI_USER,
            Self::Tkill => SI_TKILL,
        }
    }
}

/// A signal, and what its receiver is told of it.
///
/// # Invariants
///
/// A `kernel_siginfo` with a signal from 0 to [`SIGNAL_MAX`]; 0 only asks whether
/// it might be sent. Its code is not one that only a kernel says: the rights of the
/// sender are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalInfo([u8; SIGNAL_INFO_BYTES]);

impl SignalInfo {
    /// What [`as_bytes`](Self::as_bytes) gave on another node.
    ///
    /// # Errors
    ///
    /// `EINVAL` for another length, no signal, or a code above 0.
    pub fn from_wire(bytes: &[u8]) -> Result<Self> {
        Self(bytes.try_into().map_err(|_| EINVAL)?).checked()
    }

    /// `signal` of user `uid` (of the initial user namespace) in process `tgid`.
    ///
    /// # Errors
    ///
    /// `EINVAL` for no signal.
    pub fn user(signal: i32, origin: Origin, tgid: u32, uid: u32) -> Result<Self> {
        let mut bytes = [0; SIGNAL_INFO_BYTES];
        // SAFETY: There is room for all of it.
        unsafe {
            bindings::ssi_signal_user(bytes.as_mut_ptr().cast(), signal, origin.code(), tgid, uid)
        };
        Self(bytes).checked()
    }

    /// `signal` with the `siginfo_t` at `address` of the calling process, by the
    /// rules of rt_sigqueueinfo(2) for a receiver that is not the sender. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`, `E2BIG`; `EPERM` for a code that says the kernel, kill(2) or
    /// tkill(2) sent it; `EINVAL` for no signal.
    pub fn from_user(signal: i32, address: usize) -> Result<Self> {
        let mut bytes = [0; SIGNAL_INFO_BYTES];
        // SAFETY: There is room for all of it; the address is that of a user, and
        // may be anything.
        to_result(unsafe {
            bindings::ssi_signal_from_user(bytes.as_mut_ptr().cast(), signal, address)
        })?;
        let info = Self(bytes);
        if info.code() >= SI_USER || info.code() == SI_TKILL {
            return Err(EPERM);
        }
        info.checked()
    }

    /// The same with `si_errno`, which means nothing to the kernel.
    #[must_use]
    pub fn with_error(mut self, error: u8) -> Self {
        // SAFETY: So many bytes are read and written.
        unsafe { bindings::ssi_signal_set_error(self.0.as_mut_ptr().cast(), error.into()) };
        // INVARIANT: Signal and code are what they were.
        self
    }

    /// What travels.
    pub fn as_bytes(&self) -> &[u8; SIGNAL_INFO_BYTES] {
        &self.0
    }

    /// The signal; 0 only asks whether it might be sent.
    pub fn signal(&self) -> i32 {
        // SAFETY: So many bytes are read.
        unsafe { bindings::ssi_signal_number(self.0.as_ptr().cast()) }
    }

    fn code(&self) -> c_int {
        // SAFETY: So many bytes are read.
        unsafe { bindings::ssi_signal_code(self.0.as_ptr().cast()) }
    }

    fn checked(self) -> Result<Self> {
        let is_signal = (0..=i32::from(SIGNAL_MAX)).contains(&self.signal());
        // INVARIANT: Both are checked here.
        (is_signal && self.code() <= SI_USER)
            .then_some(self)
            .ok_or(EINVAL)
    }
}

/// A signal that reached a process, which is on another node. Nobody's rights are asked
/// any more, so the kernel may have sent it.
///
/// # Invariants
///
/// A `kernel_siginfo` with a signal from 1 to [`SIGNAL_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentSignal([u8; SIGNAL_INFO_BYTES]);

impl SentSignal {
    /// What [`as_bytes`](Self::as_bytes) gave on another node.
    ///
    /// # Errors
    ///
    /// `EINVAL` for another length and for no signal.
    pub fn from_wire(bytes: &[u8]) -> Result<Self> {
        let sent = Self(bytes.try_into().map_err(|_| EINVAL)?);
        // INVARIANT: It is checked here.
        (1..=i32::from(SIGNAL_MAX))
            .contains(&sent.signal())
            .then_some(sent)
            .ok_or(EINVAL)
    }

    /// What travels.
    pub fn as_bytes(&self) -> &[u8; SIGNAL_INFO_BYTES] {
        &self.0
    }

    /// The signal.
    pub fn signal(&self) -> i32 {
        // SAFETY: So many bytes are read.
        unsafe { bindings::ssi_signal_number(self.0.as_ptr().cast()) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_signal_info)]
mod tests {
    use super::*;
    use crate::area::Area;

    const SIGTERM: i32 = bindings::SIGTERM as i32;
    const SI_KERNEL: c_int = 0x80;
    const SI_QUEUE: c_int = -1;

    /// A `siginfo_t` of a user, as far as it is looked at.
    fn raw(signal: i32, code: c_int) -> [u8; 128] {
        let mut bytes = [0; 128];
        // SAFETY: There is room for more than all of it.
        unsafe { bindings::ssi_signal_user(bytes.as_mut_ptr().cast(), signal, code, 7, 8) };
        bytes
    }

    fn from_wire(signal: i32, code: c_int) -> Result<SignalInfo> {
        SignalInfo::from_wire(&raw(signal, code)[..SIGNAL_INFO_BYTES])
    }

    #[test]
    fn what_a_user_sends_travels() -> Result {
        for signal in [0, SIGTERM, 64] {
            for origin in [Origin::Kill, Origin::Tkill] {
                let info = SignalInfo::user(signal, origin, 65600, 1000)?;
                assert!(info.signal() == signal);
                let other = info.with_error(7);
                assert!(other != info && other.with_error(0) == info);
                assert!(SignalInfo::from_wire(info.as_bytes()) == Ok(info));
            }
        }
        Ok(())
    }

    #[test]
    fn a_peer_cannot_speak_as_the_kernel() {
        assert!(from_wire(SIGTERM, SI_QUEUE).is_ok());
        assert!(from_wire(SIGTERM, SI_KERNEL) == Err(EINVAL));
        assert!(from_wire(SIGTERM, 1) == Err(EINVAL));
    }

    #[test]
    fn what_the_kernel_sent_goes_on() {
        let sent = |signal, code| SentSignal::from_wire(&raw(signal, code)[..SIGNAL_INFO_BYTES]);
        assert!(sent(SIGTERM, SI_KERNEL).is_ok_and(|sent| sent.signal() == SIGTERM));
        assert!(sent(64, SI_USER).is_ok());
        assert!(sent(0, SI_USER) == Err(EINVAL));
        assert!(sent(65, SI_USER) == Err(EINVAL));
        assert!(SentSignal::from_wire(&[0; 7]) == Err(EINVAL));
    }

    #[test]
    fn what_is_no_signal_is_refused() {
        for signal in [-1, 65, i32::MAX] {
            assert!(from_wire(signal, SI_USER) == Err(EINVAL));
            assert!(SignalInfo::user(signal, Origin::Kill, 1, 0) == Err(EINVAL));
        }
        for length in [0, SIGNAL_INFO_BYTES - 1, SIGNAL_INFO_BYTES + 1] {
            let bytes = raw(SIGTERM, SI_USER);
            assert!(SignalInfo::from_wire(&bytes[..length]) == Err(EINVAL));
        }
    }

    #[test]
    fn a_user_speaks_for_nobody_else() -> Result {
        Area::with(|area| {
            let mut queued = |signal, code| {
                area.write(0, &raw(9, code))?;
                SignalInfo::from_user(signal, area.address())
            };
            assert!(queued(SIGTERM, SI_QUEUE)?.signal() == SIGTERM);
            for code in [SI_USER, SI_TKILL, SI_KERNEL] {
                assert!(queued(SIGTERM, code) == Err(EPERM));
            }
            assert!(queued(65, SI_QUEUE) == Err(EINVAL));
            assert!(SignalInfo::from_user(SIGTERM, 0) == Err(EFAULT));
            Ok(())
        })?
    }
}
