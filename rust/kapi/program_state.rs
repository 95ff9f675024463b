// SPDX-License-Identifier: GPL-2.0

//! State of a program.
//!
//! What a program loses when it executes another one, the contents of its memory apart: its
//! registers, its signal handlers, where things are in its memory. The other half of
//! [`TaskState`](crate::task_state::TaskState); both travel in the same way.
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
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

/// Most bytes of a state.
pub const PROGRAM_STATE_BYTES_MAX: usize = size_of::<bindings::ssi_program_state>();

/// Most bytes of an [`environment`] that is read: what travels of one.
pub const ENVIRONMENT_BYTES_MAX: usize = 1 << 20;

/// Bytes of a state without what the processor keeps of numbers.
const FIXED_BYTES: usize = mem::offset_of!(bindings::ssi_program_state, xstate);

/// What a program has.
///
/// # Invariants
///
/// The state is valid: `ssi_program_state_valid`.
pub struct ProgramState(KBox<bindings::ssi_program_state>);

impl ProgramState {
    /// That of the running task, which is a user's and does not run as such. May sleep.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` for a processor with more registers than travel, `EINVAL` for a
    /// program that has what none should, `ENOMEM`.
    pub fn of_current() -> Result<Self> {
        let mut state = Self::zeroed()?;
        // SAFETY: It can be written, and is zero; the running task has memory.
        to_result(unsafe { bindings::ssi_program_state_take(&mut *state) })?;
        // INVARIANT: It is checked here.
        Self(state).checked()
    }

    /// What [`as_bytes`](Self::as_bytes) gave on another node. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for what no program can have here, `ENOMEM`.
    pub fn from_wire(bytes: &[u8]) -> Result<Self> {
        if !(FIXED_BYTES..=PROGRAM_STATE_BYTES_MAX).contains(&bytes.len()) {
            return Err(EINVAL);
        }
        let mut state = Self::zeroed()?;
        // SAFETY: The state is at least as long, and whatever its bytes are is a value.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut *state).cast::<u8>(), bytes.len());
        }
        let state = Self(state).checked()?;
        (state.as_bytes().len() == bytes.len())
            .then_some(state)
            .ok_or(EINVAL)
    }

    fn zeroed() -> Result<KBox<bindings::ssi_program_state>> {
        Ok(KBox::init(pin_init::init_zeroed(), GFP_KERNEL)?)
    }

    fn checked(self) -> Result<Self> {
        // SAFETY: It can be read.
        unsafe { bindings::ssi_program_state_valid(&*self.0) }
            .then_some(self)
            .ok_or(EINVAL)
    }

    /// What travels.
    pub fn as_bytes(&self) -> &[u8] {
        let registers = self.0.xstate_bytes as usize;
        // SAFETY: It has at most the registers there is room for, by the type invariant,
        // and no bytes between its members.
        unsafe { slice::from_raw_parts((&raw const *self.0).cast(), FIXED_BYTES + registers) }
    }

    /// Gives it to the running task, a new one whose memory is that of the program, and
    /// which goes on there as soon as it runs. May sleep.
    ///
    /// # Errors
    ///
    /// `EINTR` for a task that is killed.
    pub fn put_on(&self) -> Result {
        // SAFETY: It is valid by the type invariant.
        to_result(unsafe { bindings::ssi_program_state_put(&*self.0) })
    }
}

/// The environment the running task, which is a user's, had when its program began, as far
/// as that is in place: strings, each with its zero byte. May sleep.
///
/// # Errors
///
/// `EFAULT` for memory that cannot be read, `E2BIG` for more than [`ENVIRONMENT_BYTES_MAX`],
/// `ENOMEM`.
pub fn environment() -> Result<KVVec<u8>> {
    let (mut start, mut end) = (0, 0);
    // SAFETY: Both can be written; the running task has memory.
    unsafe { bindings::ssi_program_environment(&mut start, &mut end) };
    let length = end.saturating_sub(start);
    if length > ENVIRONMENT_BYTES_MAX {
        return Err(E2BIG);
    }
    let mut all = KVVec::from_elem(0, length, GFP_KERNEL)?;
    UserSlice::new(UserPtr::from_addr(start), length)
        .reader()
        .read_slice(&mut all)?;
    Ok(all)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_program_state)]
mod tests {
    use super::*;

    type Raw = bindings::ssi_program_state;

    /// A state as a program may have it.
    fn state() -> Result<ProgramState> {
        let mut state = ProgramState::zeroed()?;
        // SAFETY: It never changes.
        state.xstate_bytes = unsafe { bindings::host_fp_size } as u64;
        state.system_call = -1;
        (state.start_code, state.end_code) = (0x1000, 0x2000);
        (state.start_brk, state.brk) = (0x3000, 0x3008);
        state.name[0] = b'a' as c_char as _;
        ProgramState(state).checked()
    }

    fn is_refused(spoil: fn(&mut Raw)) -> Result<bool> {
        let mut state = state()?;
        let length = state.as_bytes().len();
        spoil(&mut state.0);
        // SAFETY: All of it can be read.
        let bytes = unsafe { slice::from_raw_parts((&raw const *state.0).cast::<u8>(), length) };
        Ok(ProgramState::from_wire(bytes).err() == Some(EINVAL))
    }

    #[test]
    fn what_is_sent_arrives_as_it_was() -> Result {
        let state = state()?;
        let arrived = ProgramState::from_wire(state.as_bytes())?;
        assert!(arrived.as_bytes() == state.as_bytes());
        Ok(())
    }

    #[test]
    fn what_no_program_has_is_refused() -> Result {
        let spoiled: [fn(&mut Raw); 17] = [
            |raw| raw.start_code = raw.end_code + 1,
            |raw| raw.start_data = 1,
            |raw| raw.start_brk = raw.brk + 1,
            |raw| raw.arg_start = 1,
            |raw| raw.env_start = 1,
            |raw| raw.start_stack = u64::MAX,
            |raw| raw.brk = 1 << 63,
            |raw| raw.registers[21] = u64::MAX,
            |raw| raw.registers[22] = 1 << 63,
            |raw| raw.system_call = -2,
            |raw| raw.system_call = i64::MAX,
            |raw| raw.stack_flags = 4,
            |raw| raw.stack_bytes = u64::MAX,
            |raw| raw.dumpable = 3,
            |raw| raw.name.fill(b'a' as c_char as _),
            |raw| raw.clear_child_tid = u64::MAX,
            |raw| raw.robust_list = u64::MAX,
        ];
        for spoil in spoiled {
            assert!(is_refused(spoil)?);
        }
        assert!(!is_refused(|_| ())?);
        Ok(())
    }

    #[test]
    fn only_known_calls_go_on() -> Result {
        let spoiled: [fn(&mut Raw); 8] = [
            |raw| raw.restart.kind = 4,
            |raw| raw.restart.left = -2,
            |raw| raw.restart.address = u64::MAX,
            // A sleep without end, and one by the clock of a process.
            |raw| (raw.restart.kind, raw.restart.left) = (1, -1),
            |raw| (raw.restart.kind, raw.restart.flags) = (1, 2),
            |raw| (raw.restart.kind, raw.restart.value) = (2, u32::MAX),
            // A futex of one byte, and one with a limit that is none.
            |raw| (raw.restart.kind, raw.restart.bitset) = (3, 1),
            |raw| {
                (raw.restart.kind, raw.restart.bitset) = (3, 1);
                raw.restart.flags = 0x42;
                raw.restart.left = -1;
            },
        ];
        for spoil in spoiled {
            assert!(is_refused(spoil)?);
        }
        let sound: [fn(&mut Raw); 3] = [
            |raw| (raw.restart.kind, raw.restart.flags) = (1, 1),
            |raw| (raw.restart.kind, raw.restart.left) = (2, -1),
            |raw| {
                (raw.restart.kind, raw.restart.bitset) = (3, 1);
                (raw.restart.flags, raw.restart.left) = (0x42, 5);
            },
        ];
        for make in sound {
            assert!(!is_refused(make)?);
        }
        Ok(())
    }

    #[test]
    fn registers_of_another_processor_are_refused() -> Result {
        assert!(is_refused(|raw| raw.xstate_bytes += 8)?);
        assert!(is_refused(|raw| raw.xstate_bytes = 0)?);
        assert!(is_refused(|raw| raw.xstate_bytes = u64::MAX)?);
        Ok(())
    }

    #[test]
    fn another_length_is_refused() -> Result {
        let state = state()?;
        let bytes = state.as_bytes();
        for length in [0, FIXED_BYTES - 1, FIXED_BYTES, bytes.len() - 1] {
            assert!(ProgramState::from_wire(&bytes[..length]).err() == Some(EINVAL));
        }
        let mut longer = KVVec::from_elem(0, bytes.len() + 1, GFP_KERNEL)?;
        longer[..bytes.len()].copy_from_slice(bytes);
        assert!(ProgramState::from_wire(&longer).err() == Some(EINVAL));
        Ok(())
    }
}
