// SPDX-License-Identifier: GPL-2.0

//! State of a thread.
//!
//! What a thread has that is not its process'. Taken by the thread itself; travels as bytes, as
//! [`TaskState`] does, and is put on by a thread that was made for it. The first thread of a
//! process has it in the states of the process.
//!
//! C header: [`include/linux/ssi_kapi.h`](srctree/include/linux/ssi_kapi.h)

use core::{
    mem,
    ptr,
    slice, //
};

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

use crate::task_state::TaskState;

/// Most bytes of a state.
pub const THREAD_STATE_BYTES_MAX: usize = size_of::<bindings::ssi_thread_state>();

/// Bytes of a state without what the processor keeps of numbers.
const FIXED_BYTES: usize = mem::offset_of!(bindings::ssi_thread_state, xstate);

/// What a thread has.
///
/// # Invariants
///
/// The state is valid, `ssi_thread_state_valid`, or empty.
pub struct ThreadState(KVVec<u8>);

impl ThreadState {
    /// That of the running thread, which is a user's and on its way to user mode. May sleep.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` for a processor with more registers than travel, `EINVAL` for a thread that
    /// has what none should, `ENOMEM`.
    pub fn of_current() -> Result<Self> {
        let mut raw = zeroed()?;
        // SAFETY: It can be written, and is zero.
        to_result(unsafe { bindings::ssi_thread_state_take(&mut *raw) })?;
        Self::of_raw(&raw)
    }

    fn of_raw(raw: &bindings::ssi_thread_state) -> Result<Self> {
        check(raw)?;
        let length = FIXED_BYTES + raw.xstate_bytes as usize;
        // SAFETY: There are at most the registers there is room for: that was checked. There
        // are no bytes between members.
        let bytes = unsafe { slice::from_raw_parts(ptr::from_ref(raw).cast::<u8>(), length) };
        let mut kept = KVVec::with_capacity(length, GFP_KERNEL)?;
        kept.extend_from_slice(bytes, GFP_KERNEL)?;
        // INVARIANT: It was checked.
        Ok(Self(kept))
    }

    /// What [`as_bytes`](Self::as_bytes) gave on another node. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for what no thread can have here, `ENOMEM`.
    pub fn from_wire(bytes: &[u8]) -> Result<Self> {
        let raw = read(bytes)?;
        check(&raw)?;
        if FIXED_BYTES + raw.xstate_bytes as usize != bytes.len() {
            return Err(EINVAL);
        }
        let mut kept = KVVec::with_capacity(bytes.len(), GFP_KERNEL)?;
        kept.extend_from_slice(bytes, GFP_KERNEL)?;
        // INVARIANT: It was checked.
        Ok(Self(kept))
    }

    /// Nothing: in the place of one that was taken.
    pub(crate) const fn none() -> Self {
        // INVARIANT: No thread gets it: it is not as long as one.
        Self(KVVec::new())
    }

    /// What travels.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Gives it to the running thread, which was made for that, with the rights of its
    /// `process`. What it blocks comes later. May sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN`, `ENOMEM`; what else the scheduler says. Then the thread is good for nothing.
    pub fn put_on(&self, process: &TaskState) -> Result {
        let raw = read(&self.0)?;
        // SAFETY: Both are valid by their type invariants.
        to_result(unsafe { bindings::ssi_thread_state_put(&*raw, process.as_raw()) })
    }

    /// Has the running thread block the signals it blocked: the last thing, for then they are
    /// taken.
    pub fn put_on_mask(&self) {
        let place = mem::offset_of!(bindings::ssi_thread_state, blocked);
        let blocked = self.0.get(place..).and_then(<[u8]>::first_chunk);
        // SAFETY: No preconditions.
        unsafe {
            bindings::ssi_surrogate_unmask(blocked.map_or(0, |mask| u64::from_le_bytes(*mask)))
        }
    }
}

fn zeroed() -> Result<KBox<bindings::ssi_thread_state>> {
    Ok(KBox::init(pin_init::init_zeroed(), GFP_KERNEL)?)
}

fn read(bytes: &[u8]) -> Result<KBox<bindings::ssi_thread_state>> {
    if !(FIXED_BYTES..=THREAD_STATE_BYTES_MAX).contains(&bytes.len()) {
        return Err(EINVAL);
    }
    let mut raw = zeroed()?;
    // SAFETY: The state is at least as long, and whatever its bytes are is a value.
    unsafe {
        ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut *raw).cast::<u8>(), bytes.len());
    }
    Ok(raw)
}

fn check(raw: &bindings::ssi_thread_state) -> Result {
    // SAFETY: It can be read.
    unsafe { bindings::ssi_thread_state_valid(raw) }
        .then_some(())
        .ok_or(EINVAL)
}

/// What other suites need of it, too.
#[cfg(CONFIG_SSI_KUNIT_TEST)]
pub(crate) mod kunit {
    use super::*;

    /// A state as a thread may have it, with three bytes of numbers.
    pub(crate) fn state() -> Result<ThreadState> {
        let mut raw = zeroed()?;
        raw.system_call = -1;
        (raw.xstate_bytes, raw.xstate[2]) = (3, 7);
        ThreadState::of_raw(&raw)
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_thread_state)]
mod tests {
    use super::{
        kunit::state,
        *, //
    };

    type Raw = bindings::ssi_thread_state;

    fn is_refused(spoil: fn(&mut Raw)) -> Result<bool> {
        let mut raw = zeroed()?;
        raw.system_call = -1;
        spoil(&mut raw);
        // SAFETY: All of it can be read.
        let bytes = unsafe { slice::from_raw_parts((&raw const *raw).cast::<u8>(), FIXED_BYTES) };
        Ok(ThreadState::from_wire(bytes).err() == Some(EINVAL))
    }

    #[test]
    fn what_no_thread_has_is_refused() -> Result {
        let spoiled: [fn(&mut Raw); 17] = [
            |raw| raw.registers[21] = u64::MAX,
            |raw| raw.registers[22] = 1 << 63,
            |raw| raw.system_call = -2,
            |raw| raw.clear_child_tid = u64::MAX,
            |raw| raw.robust_list = u64::MAX,
            |raw| raw.restart.kind = 4,
            |raw| raw.stack_flags = 4,
            |raw| raw.stack_bytes = u64::MAX,
            |raw| raw.age = u64::MAX,
            |raw| raw.flags = bindings::PF_KTHREAD,
            |raw| raw.policy = 6,
            |raw| raw.nice = 20,
            |raw| raw.priority = 1,
            |raw| raw.io_priority = 5 << 13,
            |raw| raw.death_signal = 65,
            |raw| raw.name.fill(b'a' as c_char as _),
            |raw| raw.xstate_bytes = 1,
        ];
        for spoil in spoiled {
            assert!(is_refused(spoil)?);
        }
        assert!(!is_refused(|_| ())?);
        Ok(())
    }

    #[test]
    fn what_is_sent_arrives_as_it_was() -> Result {
        let state = state()?;
        let arrived = ThreadState::from_wire(state.as_bytes())?;
        assert!(arrived.as_bytes() == state.as_bytes());
        // Zeros at the end do not travel.
        assert!(state.as_bytes().len() == FIXED_BYTES + 3 && state.as_bytes().ends_with(&[7]));
        Ok(())
    }

    #[test]
    fn another_length_is_refused() -> Result {
        let state = state()?;
        let bytes = state.as_bytes();
        for length in [0, FIXED_BYTES - 1, bytes.len() - 1] {
            assert!(ThreadState::from_wire(&bytes[..length]).err() == Some(EINVAL));
        }
        Ok(())
    }
}
