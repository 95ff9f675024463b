// SPDX-License-Identifier: GPL-2.0

//! State of a task.
//!
//! What a task keeps when it executes a program, its memory and open files apart: who it
//! is, its place among processes, limits, signals, how it is scheduled. A [`TaskState`] is
//! taken from the running task and travels as bytes, for all nodes run the same kernel; a
//! task that was made for it puts it on and [executes](execute) the program.
//!
//! C header: [`include/linux/sched.h`](srctree/include/linux/sched.h)

use core::{
    mem,
    ptr,
    slice, //
};

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::CStr, //
};

use crate::itimer::Paused;

/// Most bytes of a state.
pub const TASK_STATE_BYTES_MAX: usize = size_of::<bindings::ssi_task_state>();

/// Bytes of a state without groups.
const FIXED_BYTES: usize = mem::offset_of!(bindings::ssi_task_state, groups);

/// Most bytes of the name of a directory, the zero byte at its end included.
const PATH_MAX: usize = bindings::PATH_MAX as usize;

/// What a task keeps.
///
/// # Invariants
///
/// The state is valid: `ssi_task_state_valid`.
pub struct TaskState(KBox<bindings::ssi_task_state>);

impl TaskState {
    /// That of the running task. Process context; may sleep.
    ///
    /// # Errors
    ///
    /// `E2BIG` for more groups than travel, `ENOMEM`.
    pub fn of_current() -> Result<Self> {
        let mut state = KBox::new(pin_init::zeroed(), GFP_KERNEL)?;
        // SAFETY: It can be written, and is zero.
        to_result(unsafe { bindings::ssi_task_state_take(&mut *state) })?;
        // INVARIANT: It is checked here.
        Self(state).checked()
    }

    /// That of the running task with its alarm, which is `paused`.
    ///
    /// # Errors
    ///
    /// As for [`of_current`](Self::of_current).
    pub fn of_paused(paused: &Paused) -> Result<Self> {
        let mut state = Self::of_current()?;
        (state.0.timer, state.0.timer_interval) = paused.was();
        state.checked()
    }

    /// What [`as_bytes`](Self::as_bytes) gave on another node. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for what no task can have, `ENOMEM`.
    pub fn from_wire(bytes: &[u8]) -> Result<Self> {
        if !(FIXED_BYTES..=TASK_STATE_BYTES_MAX).contains(&bytes.len()) {
            return Err(EINVAL);
        }
        let mut state: KBox<bindings::ssi_task_state> = KBox::new(pin_init::zeroed(), GFP_KERNEL)?;
        // SAFETY: The state is at least as long, and whatever its bytes are is a value.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut *state).cast::<u8>(), bytes.len());
        }
        let state = Self(state).checked()?;
        (state.as_bytes().len() == bytes.len())
            .then_some(state)
            .ok_or(EINVAL)
    }

    fn checked(self) -> Result<Self> {
        // SAFETY: It can be read.
        unsafe { bindings::ssi_task_state_valid(&*self.0) }
            .then_some(self)
            .ok_or(EINVAL)
    }

    /// What travels.
    pub fn as_bytes(&self) -> &[u8] {
        let groups = self.0.group_count as usize * size_of::<u32>();
        // SAFETY: It has at most the groups there is room for, by the type invariant, and
        // no bytes between its members.
        unsafe { slice::from_raw_parts((&raw const *self.0).cast(), FIXED_BYTES + groups) }
    }

    /// Gives it to the running task, which was made for that, and lets go of the rights
    /// of the kernel. What it [blocks](Self::put_on_mask) comes later. May sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN`, `ENOMEM`; what else the scheduler says. Then the task has part of it and
    /// is good for nothing.
    pub fn put_on(&self) -> Result {
        // SAFETY: It is valid by the type invariant.
        to_result(unsafe { bindings::ssi_task_state_put(&*self.0) })
    }

    /// Gives the memory of the program the running task [executed](execute) what execve(2)
    /// keeps of that before: which parts of it are dumped, for one. Before the program runs.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a task without memory.
    pub fn put_on_memory(&self) -> Result {
        // SAFETY: The task is the running one.
        if unsafe { (*kernel::current!().as_ptr()).mm.is_null() } {
            return Err(EINVAL);
        }
        // SAFETY: It is valid by the type invariant, and there is memory.
        unsafe { bindings::ssi_task_state_put_memory(&*self.0) };
        Ok(())
    }

    /// Has the running task block the signals that are blocked: the last thing, for then they
    /// are taken.
    pub fn put_on_mask(&self) {
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_surrogate_unmask(self.0.blocked) }
    }

    /// That of C.
    pub(crate) fn as_raw(&self) -> *const bindings::ssi_task_state {
        &raw const *self.0
    }

    /// The signals that are blocked, the first in the lowest bit.
    pub fn blocked(&self) -> u64 {
        self.0.blocked
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// The parent it has in the cluster.
    pub fn parent(&self) -> u32 {
        self.0.parent
    }

    /// Its process group.
    pub fn group(&self) -> u32 {
        self.0.pgid
    }

    /// Its session.
    pub fn session(&self) -> u32 {
        self.0.session
    }
}

/// The process that runs.
pub fn pid() -> u32 {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_task_pid() }
}

/// The name of the running task's working directory, without a zero byte. May sleep.
///
/// # Errors
///
/// `ENOENT` if it has none below the root, `ENAMETOOLONG`, `ENOMEM`.
pub fn directory() -> Result<KVVec<u8>> {
    let mut name = KVVec::from_elem(0u8, PATH_MAX, GFP_KERNEL)?;
    // SAFETY: So many bytes can be written.
    let length = unsafe { bindings::ssi_directory(name.as_mut_ptr().cast(), name.len()) };
    let length = usize::try_from(length).map_err(|_| Error::from_errno(length as c_int))?;
    name.truncate(length);
    Ok(name)
}

/// Makes `directory` the working directory of the running task, which is a user's, as
/// chdir(2) does. May sleep.
///
/// # Errors
///
/// Those of chdir(2).
pub fn enter(directory: &CStr) -> Result {
    // SAFETY: It ends in a zero byte.
    to_result(unsafe { bindings::ssi_enter(directory.as_char_ptr()) })
}

/// Has the running task, which is a user's, execute the program at `path`. Arguments and
/// environment are strings one behind another, each with a zero byte at its end. May sleep.
///
/// When that was good the task becomes the program once it returns to user mode.
///
/// # Errors
///
/// Those of execve(2); `EINVAL` without an argument. For some the task is killed, too, as
/// execve(2) does when it is too late to return.
pub fn execute(path: &CStr, arguments: &[u8], environment: &[u8]) -> Result {
    let arguments = pointers(arguments)?;
    let environment = pointers(environment)?;
    if arguments.len() < 2 {
        return Err(EINVAL);
    }
    // SAFETY: Strings that end in a zero byte; arrays of them that end in a null pointer.
    to_result(unsafe {
        bindings::ssi_execute(path.as_char_ptr(), arguments.as_ptr(), environment.as_ptr())
    })
}

/// Where each string begins, and a null pointer.
fn pointers(strings: &[u8]) -> Result<KVVec<*const c_char>> {
    let mut pointers = KVVec::new();
    for string in strings.split_inclusive(|&byte| byte == 0) {
        if string.last() != Some(&0) {
            return Err(EINVAL);
        }
        pointers.push(string.as_ptr().cast(), GFP_KERNEL)?;
    }
    pointers.push(ptr::null(), GFP_KERNEL)?;
    Ok(pointers)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_task_state)]
mod tests {
    use super::*;
    use crate::guest::kunit::{
        arrival,
        begin,
        in_a_guest,
        PID, //
    };

    type Raw = bindings::ssi_task_state;

    /// A state of a user, which differs from that of a thread of the kernel in all there is.
    fn user() -> Result<TaskState> {
        let mut state = TaskState::of_current()?;
        let raw = &mut *state.0;
        let ids = |first| bindings::ssi_ids {
            real: first,
            effective: first + 1,
            saved: first + 2,
            fs: first + 3,
        };
        (raw.user, raw.group) = (ids(1000), ids(2000));
        raw.group_count = 3;
        raw.groups[..3].copy_from_slice(&[7, 8, 9]);
        (raw.inheritable, raw.permitted, raw.effective) = (6, 7, 5);
        (raw.bounding, raw.ambient) = (0xff, 2);
        (raw.securebits, raw.no_new_privileges) = (0x14, 1);
        for (place, limit) in raw.limits.iter_mut().enumerate() {
            (limit.soft, limit.hard) = (1000 + place as u64, 2000 + place as u64);
        }
        // All but SIGKILL and SIGSTOP.
        (raw.blocked, raw.ignored) = (0x8000_0000_0000_0001, 0x7fff_ffff_fffb_feff);
        (raw.timer, raw.timer_interval) = (1_000_000_000_000, 77_000);
        (raw.timer_slack, raw.timer_slack_default) = (60_000, 70_000);
        (raw.age, raw.personality, raw.mask) = (0, 0x1000_0000, 0o27);
        (raw.policy, raw.priority, raw.nice) = (bindings::SCHED_BATCH, 0, 7);
        (raw.io_priority, raw.resets_on_fork) = (2 << 13 | 6, 1);
        (raw.oom_adjust, raw.oom_adjust_min) = (500, -300);
        raw.death_signal = 64;
        raw.flags = bindings::PF_MCE_PROCESS | bindings::PF_MEMALLOC_NOIO;
        for (place, timer) in raw.cpu_timers.iter_mut().enumerate() {
            (timer.left, timer.interval) = (2_000_000_000_000, 88_000 + place as u64);
        }
        Ok(state)
    }

    /// What a new task has that put `state` on.
    fn worn(state: TaskState) -> Result<TaskState> {
        begin()?;
        in_a_guest(&arrival(PID), move || {
            state.put_on()?;
            state.put_on_mask();
            TaskState::of_current()
        })
    }

    /// Leaves out what goes on with time, and what the task has as a process.
    fn lasting(state: &mut Raw) {
        (state.timer, state.age) = (0, 0);
        for timer in &mut state.cpu_timers {
            timer.left = 0;
        }
        (state.pid, state.parent, state.pgid, state.session) = (0, 0, 0, 0);
    }

    #[test]
    fn what_is_put_on_is_there() -> Result {
        let mut before = user()?;
        let mut after = worn(TaskState::from_wire(before.as_bytes())?)?;
        let passed = before.0.timer - after.0.timer;
        assert!((1..10_000_000_000).contains(&passed));
        for timer in after.0.cpu_timers {
            assert!((1..=2_000_000_000_000).contains(&timer.left));
        }
        lasting(&mut before.0);
        lasting(&mut after.0);
        assert!(before.as_bytes() == after.as_bytes());
        Ok(())
    }

    #[test]
    fn a_task_of_real_time_stays_one() -> Result {
        let mut state = user()?;
        (state.0.policy, state.0.priority, state.0.nice) = (bindings::SCHED_RR, 9, -5);
        let after = worn(state)?;
        let scheduled = (after.0.policy, after.0.priority, after.0.nice);
        assert!(scheduled == (bindings::SCHED_RR, 9, -5));
        Ok(())
    }

    #[test]
    fn it_has_the_age_it_had() -> Result {
        let mut state = user()?;
        state.0.age = i64::MAX as u64;
        // Older than this node cannot be seen.
        let oldest = worn(state)?.0.age;
        let mut state = user()?;
        state.0.age = 1_000_000;
        let young = worn(state)?.0.age;
        assert!(oldest > young && young >= 1_000_000);
        Ok(())
    }

    #[test]
    fn signals_that_cannot_be_ignored_are_not() -> Result {
        let mut state = user()?;
        (state.0.blocked, state.0.ignored) = (u64::MAX, u64::MAX);
        let after = worn(state)?;
        let uncatchable = 1 << (bindings::SIGKILL - 1) | 1 << (bindings::SIGSTOP - 1);
        assert!(after.0.blocked == !uncatchable && after.0.ignored == !uncatchable);
        Ok(())
    }

    #[test]
    fn its_rights_are_those_it_had() -> Result {
        begin()?;
        let state = user()?;
        let error = in_a_guest(&arrival(PID), move || {
            state.put_on()?;
            // SAFETY: Nothing is changed.
            Ok(unsafe { bindings::capable(bindings::CAP_SYS_ADMIN as c_int) })
        })?;
        assert!(!error);
        Ok(())
    }

    fn is_refused(spoil: fn(&mut Raw)) -> Result<bool> {
        let mut state = user()?;
        spoil(&mut state.0);
        // SAFETY: All of it can be read.
        let bytes = unsafe {
            slice::from_raw_parts((&raw const *state.0).cast::<u8>(), TASK_STATE_BYTES_MAX)
        };
        let length = FIXED_BYTES + (state.0.group_count as usize).min(1024) * size_of::<u32>();
        Ok(TaskState::from_wire(&bytes[..length]).err() == Some(EINVAL))
    }

    #[test]
    fn what_no_task_has_is_refused() -> Result {
        let spoiled: [fn(&mut Raw); 29] = [
            |raw| raw.user.saved = u32::MAX,
            |raw| raw.group.fs = u32::MAX,
            |raw| raw.groups[2] = u32::MAX,
            |raw| raw.group_count = 1025,
            |raw| raw.group_count = u32::MAX,
            |raw| raw.permitted = u64::MAX,
            |raw| raw.bounding = 1 << 63,
            |raw| raw.effective = 8,
            |raw| raw.ambient = 1,
            |raw| raw.securebits = u32::MAX,
            |raw| raw.limits[15].soft = u64::MAX,
            |raw| raw.policy = 6,
            |raw| raw.policy = u32::MAX,
            |raw| raw.priority = 1,
            |raw| (raw.policy, raw.priority) = (bindings::SCHED_FIFO, 100),
            |raw| raw.policy = bindings::SCHED_FIFO,
            |raw| raw.nice = 20,
            |raw| raw.nice = -21,
            |raw| raw.io_priority = 5 << 13,
            |raw| raw.io_priority = 0x10000,
            |raw| raw.oom_adjust = 1001,
            |raw| raw.oom_adjust_min = -1001,
            |raw| raw.timer = u64::MAX,
            |raw| raw.mask = 0o1000,
            |raw| raw.death_signal = 65,
            |raw| raw.flags = bindings::PF_KTHREAD,
            |raw| raw.memory_flags = 1,
            |raw| raw.cpu_timers[0].left = u64::MAX,
            |raw| raw.cpu_timers[1].interval = u64::MAX,
        ];
        for spoil in spoiled {
            assert!(is_refused(spoil)?);
        }
        assert!(!is_refused(|_| ())?);
        Ok(())
    }

    #[test]
    fn another_length_is_refused() -> Result {
        let state = user()?;
        let bytes = state.as_bytes();
        for length in [0, FIXED_BYTES - 1, FIXED_BYTES, bytes.len() - 1] {
            assert!(TaskState::from_wire(&bytes[..length]).err() == Some(EINVAL));
        }
        let mut longer = KVVec::from_elem(0, bytes.len() + 1, GFP_KERNEL)?;
        longer[..bytes.len()].copy_from_slice(bytes);
        assert!(TaskState::from_wire(&longer).err() == Some(EINVAL));
        Ok(())
    }

    #[test]
    fn strings_end_in_zero_bytes() -> Result {
        assert!(pointers(b"a\0\0bc\0")?.len() == 4);
        assert!(pointers(b"")?.len() == 1);
        assert!(pointers(b"a\0b").err() == Some(EINVAL));
        Ok(())
    }
}
