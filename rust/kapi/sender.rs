// SPDX-License-Identifier: GPL-2.0

//! Sender of another node.
//!
//! A thread of the kernel does with a socket of this node what a process of another one
//! asked for: with the rights of that, and in its name.
//!
//! C header: [`include/net/scm.h`](srctree/include/net/scm.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    types::NotThreadSafe, //
};

use crate::behalf::{
    self,
    Caller, //
};

/// The name of a process on the calling thread.
///
/// # Invariants
///
/// `raw` was made by `ssi_sending_begin` on this thread and is not ended yet.
struct Named {
    raw: NonNull<bindings::ssi_sending>,
    _thread: NotThreadSafe,
}

impl Named {
    fn new(process: u32) -> Result<Self> {
        // SAFETY: No preconditions.
        let raw = from_err_ptr(unsafe { bindings::ssi_sending_begin(process) })?;
        // INVARIANT: It was made just now.
        Ok(Self {
            raw: NonNull::new(raw).ok_or(ENOMEM)?,
            _thread: NotThreadSafe,
        })
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        // SAFETY: By the type invariant; the value cannot leave the thread.
        unsafe { bindings::ssi_sending_end(self.raw.as_ptr()) }
    }
}

/// Runs `act` with the rights of `caller`, whom other sockets know as who sends, connects or
/// listens: one that is private to its node as 0. Kernel thread; may sleep.
///
/// # Errors
///
/// As for [`run_as`](behalf::run_as); `EAGAIN`, `ENOMEM`. Then `act` did not run.
pub fn send_as<R>(caller: &Caller, act: impl FnOnce() -> R) -> Result<R> {
    let _named = Named::new(caller.tgid)?;
    behalf::run_as(caller, act)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_sender)]
mod tests {
    use super::*;
    use crate::{
        behalf::Ids,
        file_fixture::sockets,
        file_home::{
            HomeFile,
            Place, //
        },
        pids,
        socket_home::Sending, //
    };

    const SEQPACKET: i32 = 5;
    const SOL_SOCKET: u32 = 1;
    const SO_PASSCRED: u32 = 16;
    const SO_MARK: u32 = 36;
    const NET_ADMIN: u64 = 1 << 12;

    fn somebody(effective: u64) -> Result<Caller> {
        // SAFETY: As on a node; a kernel that only tests has no other numbers to lose.
        unsafe { bindings::init_pid_ns.pid_max = pids::LIMIT as c_int };
        let user = Ids {
            real: 1000,
            effective: 1000,
            saved: 1000,
            fs: 1000,
        };
        Ok(Caller {
            user,
            group: user,
            effective,
            permitted: effective,
            tgid: 0x2_0007,
            ..Caller::current()?
        })
    }

    /// Credentials of a process, as a message brings and has them.
    fn credentials(process: u32, user: u32) -> [u8; 32] {
        let mut item = [0; 32];
        item[..8].copy_from_slice(&28u64.to_le_bytes());
        item[8..12].copy_from_slice(&1u32.to_le_bytes());
        item[12..16].copy_from_slice(&2u32.to_le_bytes());
        item[16..20].copy_from_slice(&process.to_le_bytes());
        item[20..24].copy_from_slice(&user.to_le_bytes());
        item[24..28].copy_from_slice(&user.to_le_bytes());
        item
    }

    /// What comes with what `caller` sends with `control`.
    fn told(caller: &Caller, control: &[u8]) -> Result<[u8; 28]> {
        let (one, other) = sockets(SEQPACKET)?;
        let (one, other) = (HomeFile::new(&one)?, HomeFile::new(&other)?);
        other.set_option(SOL_SOCKET, SO_PASSCRED, &mut [1, 0, 0, 0])?;
        let sending = Sending {
            flags: 0,
            address: &[],
            control,
        };
        send_as(caller, || one.send(&sending, Place::Buffer(&mut [1])))??;
        let received = other.receive(0, 64, Place::Buffer(&mut [0]))?;
        let told = received.control.get(..28).ok_or(EINVAL)?;
        told.try_into().map_err(|_| EINVAL)
    }

    #[test]
    fn who_sends_is_told() -> Result {
        let mut caller = somebody(0)?;
        assert!(told(&caller, &[])? == credentials(0x2_0007, 1000)[..28]);
        let own = credentials(0x2_0007, 1000);
        assert!(told(&caller, &own)? == own[..28]);
        // Who has no number here is nobody.
        caller.tgid = 77;
        assert!(told(&caller, &[])? == credentials(0, 1000)[..28]);
        Ok(())
    }

    #[test]
    fn nobody_pretends_to_be_another_one() -> Result {
        let caller = somebody(0)?;
        for forged in [credentials(1, 1000), credentials(0x2_0007, 0)] {
            assert!(told(&caller, &forged) == Err(EPERM));
        }
        let root = Caller {
            tgid: 0x2_0007,
            ..Caller::current()?
        };
        assert!(told(&root, &credentials(1, 1000))? == credentials(1, 1000)[..28]);
        Ok(())
    }

    #[test]
    fn capabilities_are_those_of_who_asks() -> Result {
        let (one, _other) = sockets(SEQPACKET)?;
        let one = HomeFile::new(&one)?;
        let mut mark = || one.set_option(SOL_SOCKET, SO_MARK, &mut [1, 0, 0, 0]);
        assert!(send_as(&somebody(0)?, &mut mark)? == Err(EPERM));
        assert!(send_as(&somebody(NET_ADMIN)?, mark)?.is_ok());
        Ok(())
    }
}
