// SPDX-License-Identifier: GPL-2.0

//! Signals to owners elsewhere.
//!
//! The kernel found nobody here, or not all of a group. An [`OwnerSignal`] is [`next`] then,
//! and [given](OwnerSignal::give) where the owner is.
//!
//! C header: [`include/linux/ssi.h`](srctree/include/linux/ssi.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

use crate::file_owner::Owner;

/// A signal to the owner of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerSignal {
    /// The owner.
    pub owner: Owner,
    /// Which one was chosen, 0 for `SIGIO`.
    pub signal: u32,
    /// The number of the file, in the process that asked for signals.
    pub fd: i32,
    /// `POLL_IN` to `POLL_HUP`, 0 for `SIGURG`.
    pub reason: u32,
    /// How many nodes have sent it on.
    pub hops: u8,
    /// Whether those of a group that are here have it.
    pub is_given: bool,
}

/// Has signals wait for [`next`]. Call it once, from an initcall.
///
/// # Errors
///
/// `ENOMEM`.
pub fn begin() -> Result {
    // SAFETY: Called once, by the contract of this function.
    to_result(unsafe { bindings::ssi_owner_signal_begin() })
}

/// Waits for the next signal, in the order they were sent in. `None` if the thread is to
/// stop. Only one thread may call it.
pub fn next() -> Option<OwnerSignal> {
    let mut raw: bindings::ssi_owner_signal = pin_init::zeroed();
    // SAFETY: It can be written.
    let found = unsafe { bindings::ssi_owner_signal_next(&mut raw) };
    found.then(|| OwnerSignal {
        owner: Owner::from_raw(&raw.owner),
        signal: raw.signal,
        fd: raw.fd,
        reason: raw.reason,
        hops: raw.hops,
        is_given: raw.is_given,
    })
}

impl OwnerSignal {
    fn raw(&self) -> bindings::ssi_owner_signal {
        bindings::ssi_owner_signal {
            owner: self.owner.raw(),
            signal: self.signal.min(bindings::_NSIG),
            fd: self.fd,
            // The kernel has no others.
            reason: self.reason.min(6),
            hops: self.hops,
            is_given: self.is_given,
        }
    }

    /// Has it wait for [`next`]. Any context. False if there is no room for it.
    pub fn queue(&self) -> bool {
        // SAFETY: It is read during the call.
        unsafe { bindings::ssi_owner_signal_queue(&self.raw()) }
    }

    /// Gives it to the owner if that is here, with the rights of who made it that; of a group
    /// to those members that get it from node `from`, 0 for all. Does not sleep.
    pub fn give(&self, from: u8) {
        // SAFETY: It is read during the call; signal and reason are in range.
        unsafe { bindings::ssi_owner_signal_give(&self.raw(), from) }
    }
}

#[cfg(all(CONFIG_SSI_KUNIT_TEST, CONFIG_SSI_FILES))]
#[kernel::macros::kunit_tests(ssi_kapi_owner_signal)]
mod tests {
    use super::*;
    use crate::{
        file_fixture,
        file_owner::{
            self,
            Kind,
            Request, //
        }, //
    };

    const SIGRTMIN: u32 = bindings::SIGRTMIN;
    const POLL_IN: u32 = 1;

    const ELSEWHERE: Owner = Owner {
        kind: Kind::Process,
        number: 62 << 16,
        user: 1000,
        effective: 1001,
        node: 62,
        identity: 1 << 60,
    };

    fn signal(signal: u32, reason: u32) -> OwnerSignal {
        OwnerSignal {
            owner: ELSEWHERE,
            signal,
            fd: 5,
            reason,
            hops: 0,
            is_given: false,
        }
    }

    #[test]
    fn they_wait_as_those_of_a_process() -> Result {
        begin()?;
        let sent = [
            signal(0, POLL_IN),
            signal(SIGRTMIN, POLL_IN),
            signal(0, POLL_IN),
            signal(0, 0),
            signal(SIGRTMIN, POLL_IN),
        ];
        assert!(sent.iter().all(OwnerSignal::queue));
        for place in [0, 1, 3, 4] {
            assert!(next().as_ref() == sent.get(place));
        }
        // More than there is room for become one that says no more than that.
        for _ in 0..5000 {
            assert!(signal(SIGRTMIN, POLL_IN).queue());
        }
        let mut count = 0;
        while next().ok_or(EINVAL)? == signal(SIGRTMIN, POLL_IN) {
            count += 1;
        }
        assert!(count == 2048);
        Ok(())
    }

    #[test]
    fn a_file_keeps_an_owner_that_is_elsewhere() -> Result {
        let (file, _other) = file_fixture::pipe()?;
        let get = || file_owner::serve(&file, &Request::Get);
        assert!(get()?.owner.number == 0);
        for kind in [Kind::Process, Kind::Thread, Kind::Group] {
            let owner = Owner { kind, ..ELSEWHERE };
            let state = file_owner::serve(&file, &Request::Set(owner))?;
            assert!(state.owner == owner && !state.is_here && state.signal == 0);
        }
        assert!(!file_owner::is_here(Kind::Process, ELSEWHERE.number));
        assert!(file_owner::serve(&file, &Request::SetSignal(40))?.signal == 40);
        assert!(file_owner::serve(&file, &Request::SetSignal(65)).err() == Some(EINVAL));
        let nobody = Owner {
            number: 0,
            ..ELSEWHERE
        };
        assert!(
            file_owner::serve(&file, &Request::Set(nobody))?
                .owner
                .number
                == 0
        );
        Ok(())
    }
}
