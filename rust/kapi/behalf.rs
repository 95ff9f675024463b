// SPDX-License-Identifier: GPL-2.0

//! Acts on behalf of another node.
//!
//! A kernel thread that serves another node puts on the [`Caller`] of that node
//! ([`run_as`]), takes user memory if need be ([`Area`]), and calls the kernel as
//! the caller would have: [`system_call`], or the `signal_` functions, with the
//! rules of kill(2). Tasks that are private to this node do not exist for it:
//! kernel threads, and pids below [`PRIVATE_PIDS`] but 1. Whether 1 is the init
//! of the cluster is not known here. Nor does what processes left here when they went to
//! another node ([`whereabouts`](crate::whereabouts)).
//!
//! A task of this node that calls [`signal_group`] or [`signal_all`] acts for itself:
//! nothing is private to it, and its session is its own.
//!
//! C header: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

pub use crate::{
    area::{
        Area,
        AREAS_MAX,
        AREA_BYTES, //
    },
    caller::{
        Caller,
        Ids,
        GROUPS_MAX, //
    },
    signal_info::{
        Origin,
        SignalInfo,
        SIGNAL_INFO_BYTES, //
    },
};

/// Pids below this one mean another task on each node.
pub const PRIVATE_PIDS: u32 = bindings::SSI_PIDS_PRIVATE;

/// Makes ready for callers of other user namespaces. Call it once, from an initcall.
///
/// # Errors
///
/// `ENOMEM`, `ENOSPC`.
pub fn begin() -> Result {
    // SAFETY: Called once, by the contract of this function.
    to_result(unsafe { bindings::ssi_caller_begin() })
}

/// Runs `act` with ids, capabilities and groups of `caller`. May sleep.
///
/// # Errors
///
/// `EINVAL` for an id nobody can have, `EPERM` for a foreign caller before [`begin`],
/// `ENOMEM`; then `act` did not run.
pub fn run_as<R>(caller: &Caller, act: impl FnOnce() -> R) -> Result<R> {
    let _assumed = caller.assume()?;
    Ok(act())
}

/// Makes system call `number`, and gives what it gives: a negative errno is an
/// error. Pointers among `arguments` are addresses of an [`Area`]. Sleeps as the call
/// does.
///
/// The caller knows that the call acts on other tasks and never on the one that
/// makes it, which is a thread of the kernel: `EPERM` for any other. `ENOSYS` for
/// what is no call.
pub fn system_call(number: usize, arguments: [usize; 6]) -> isize {
    // SAFETY: So many arguments are read.
    unsafe { bindings::ssi_system_call(number, arguments.as_ptr()) }
}

/// Whose tasks are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of a user, a number of the initial user namespace.
    User(u32),
    /// Those of a process group.
    Group(u32),
}

impl Whose {
    const fn raw(self) -> (bindings::ssi_whose, u32) {
        match self {
            Self::User(user) => (bindings::ssi_whose_SSI_OF_USER, user),
            Self::Group(pgid) => (bindings::ssi_whose_SSI_OF_GROUP, pgid),
        }
    }
}

/// Tells `task` the tasks of `whose` that other nodes see.
pub fn tasks_of(whose: Whose, task: &mut dyn FnMut(u32)) {
    let (whose, number) = whose.raw();
    // SAFETY: No preconditions.
    each(task, |from| unsafe {
        bindings::ssi_served_next_of(whose, number, from)
    });
}

/// Tells `task` the tasks of `whose` that this node has, private ones as well.
pub fn own_tasks_of(whose: Whose, task: &mut dyn FnMut(u32)) {
    let (whose, number) = whose.raw();
    // SAFETY: No preconditions.
    each(task, |from| unsafe {
        bindings::ssi_own_next_of(whose, number, from)
    });
}

/// Tells `task` what `next` gives, until that is 0.
fn each(task: &mut dyn FnMut(u32), next: impl Fn(u32) -> u32) {
    let mut from = 0;
    loop {
        let number = next(from);
        if number == 0 {
            return;
        }
        task(number);
        from = number.saturating_add(1);
    }
}

/// The process that `task` is one of, or is; `None` when other nodes see none. Any context.
pub fn process_of(task: u32) -> Option<u32> {
    // SAFETY: No preconditions.
    match unsafe { bindings::ssi_served_process(task) } {
        0 => None,
        process => Some(process),
    }
}

/// The I/O priority that counts for `task`, one of those [`tasks_of`] tells.
///
/// # Errors
///
/// `ESRCH`: it is gone.
pub fn io_priority(task: u32) -> Result<u32> {
    // SAFETY: No preconditions.
    let priority = unsafe { bindings::ssi_io_priority(task) };
    u32::try_from(priority).map_err(|_| ESRCH)
}

/// The right to look at files of processes, as long as it lives. What a process does can
/// make that wait for ever, so only some threads may at the same time.
///
/// # Invariants
///
/// `ssi_files_begin` was good and gave the value.
pub struct FileTurn(c_int);

impl FileTurn {
    /// Waits for it, some hundredths of a second at most.
    ///
    /// # Errors
    ///
    /// `EBUSY` when it took longer.
    pub fn take() -> Result<Self> {
        let mut nice = 0;
        // SAFETY: The value can be written.
        to_result(unsafe { bindings::ssi_files_begin(&mut nice) })?;
        // INVARIANT: It was, and did.
        Ok(Self(nice))
    }
}

impl Drop for FileTurn {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::ssi_files_end(self.0) }
    }
}

/// Sends a signal to process `tgid`; as with kill(2) it may be a thread of it. `session` is
/// that of the sender, here and below.
///
/// # Errors
///
/// `ESRCH`, `EPERM`; `EAGAIN` when too many signals wait.
pub fn signal_process(tgid: u32, info: &SignalInfo, session: u32) -> Result {
    let info = info.as_bytes().as_ptr().cast();
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
    to_result(unsafe { bindings::ssi_signal_process(info, tgid, session) })
}

/// Sends a signal to thread `tid`, of process `tgid` if that is said.
///
/// # Errors
///
/// `ESRCH`, `EPERM`; `EAGAIN` when too many signals wait; `EINVAL` for process 0.
pub fn signal_thread(tgid: Option<u32>, tid: u32, info: &SignalInfo, session: u32) -> Result {
    if tgid == Some(0) {
        return Err(EINVAL);
    }
    let (info, tgid) = (info.as_bytes().as_ptr().cast(), tgid.unwrap_or(0));
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
    to_result(unsafe { bindings::ssi_signal_thread(info, tgid, tid, session) })
}

/// Sends a signal to those of process group `pgid` that run here.
///
/// # Errors
///
/// `ESRCH` if there is none; if nobody got it, what kept the last one from it.
pub fn signal_group(pgid: u32, info: &SignalInfo, session: u32) -> Result {
    let info = info.as_bytes().as_ptr().cast();
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
    to_result(unsafe { bindings::ssi_signal_group(info, pgid, session) })
}

/// What came of a signal to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// How many there were; kill(2) says `ESRCH` if that is 0 on all nodes.
    pub count: u32,
    /// What came of it for the last one, those aside the caller has no right to
    /// (`EPERM`): this is what kill(2) says.
    pub last: Result,
}

impl Broadcast {
    /// What kill(2) says if these are all.
    ///
    /// # Errors
    ///
    /// `ESRCH` if there were none; what came of it for the last one.
    pub fn result(self) -> Result {
        if self.count == 0 {
            return Err(ESRCH);
        }
        self.last
    }
}

/// Sends a signal to all processes of this node but the private ones and 1; if a task of
/// this node sends it, to the private ones, too, and not to itself.
pub fn signal_all(info: &SignalInfo, session: u32) -> Broadcast {
    let (mut count, info) = (0, info.as_bytes().as_ptr().cast());
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
    let last = to_result(unsafe { bindings::ssi_signal_all(info, &mut count, session) });
    Broadcast { count, last }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_behalf)]
mod tests {
    use super::*;

    const GETPRIORITY: usize = bindings::__NR_getpriority as usize;
    const SETPRIORITY: usize = bindings::__NR_setpriority as usize;
    const SCHED_GETPARAM: usize = bindings::__NR_sched_getparam as usize;

    fn user() -> Result<Caller> {
        let mut caller = Caller::current()?;
        caller.user = Ids {
            real: 1000,
            effective: 1000,
            saved: 1000,
            fs: 1000,
        };
        (caller.effective, caller.permitted) = (0, 0);
        Ok(caller)
    }

    fn errno(error: Error) -> isize {
        error.to_errno() as isize
    }

    #[test]
    fn a_system_call_gives_its_result() {
        assert!(system_call(GETPRIORITY, [0; 6]) == 20);
        assert!(system_call(GETPRIORITY, [7, 0, 0, 0, 0, 0]) == errno(EINVAL));
        assert!(system_call(usize::MAX, [0; 6]) == errno(ENOSYS));
    }

    #[test]
    fn a_system_call_writes_to_the_area() -> Result {
        Area::with(|area| {
            let mut out = [0xff; 8];
            area.write(8, &out)?;
            let arguments = [0, area.address() + 8, 0, 0, 0, 0];
            assert!(system_call(SCHED_GETPARAM, arguments) == 0);
            area.read(8, &mut out)?;
            assert!(out == [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
            Ok(())
        })?
    }

    #[test]
    fn a_system_call_has_the_rights_of_the_caller() -> Result {
        let renice = || system_call(SETPRIORITY, [0, 1, 0, 0, 0, 0]);
        assert!(run_as(&user()?, renice)? == errno(EPERM));
        assert!(run_as(&Caller::current()?, renice)? == 0);
        Ok(())
    }

    #[test]
    fn a_signal_needs_the_rights_of_the_caller() -> Result {
        let ask = SignalInfo::user(0, Origin::Kill, 65600, 1000)?;
        assert!(run_as(&user()?, || signal_process(1, &ask, 0))? == Err(EPERM));
        assert!(run_as(&user()?, || signal_thread(Some(1), 1, &ask, 0))? == Err(EPERM));
        assert!(signal_process(1, &ask, 0) == Ok(()));
        assert!(signal_thread(None, 1, &ask, 0) == Ok(()));
        Ok(())
    }

    #[test]
    fn private_tasks_do_not_exist() -> Result {
        let ask = SignalInfo::user(0, Origin::Kill, 65600, 0)?;
        // kthreadd, a number without a task, and what is no number of a task.
        for pid in [2, 0, PRIVATE_PIDS - 1, u32::MAX] {
            assert!(signal_process(pid, &ask, 0) == Err(ESRCH));
            assert!(signal_thread(None, pid, &ask, 0) == Err(ESRCH));
            assert!(signal_group(pid, &ask, 0) == Err(ESRCH));
        }
        assert!(signal_thread(Some(2), 1, &ask, 0) == Err(ESRCH));
        assert!(signal_group(1, &ask, 0) == Err(ESRCH));
        let nobody = Broadcast {
            count: 0,
            last: Ok(()),
        };
        assert!(signal_all(&ask, 0) == nobody && nobody.result() == Err(ESRCH));
        Ok(())
    }

    /// Pretends that the first process went to another node, until it is dropped.
    struct Away;

    impl Away {
        fn new() -> Result<Self> {
            // SAFETY: No preconditions.
            to_result(unsafe { bindings::ssi_away_add(1, 9) }).map(|()| Self)
        }
    }

    impl Drop for Away {
        fn drop(&mut self) {
            // SAFETY: No preconditions.
            unsafe { bindings::ssi_away_remove(1) }
        }
    }

    #[test]
    fn who_is_away_gets_nothing_here() -> Result {
        let ask = SignalInfo::user(0, Origin::Kill, 65600, 0)?;
        let is_own = |whose| {
            let mut found = false;
            own_tasks_of(whose, &mut |task| found |= task == 1);
            found
        };
        assert!(is_own(Whose::User(0)) && signal_process(1, &ask, 0) == Ok(()));
        assert!(process_of(1) == Some(1) && process_of(2).is_none());
        let _away = Away::new()?;
        assert!(!is_own(Whose::User(0)) && process_of(1).is_none());
        assert!(signal_process(1, &ask, 0) == Err(ESRCH));
        assert!(signal_thread(None, 1, &ask, 0) == Err(ESRCH));
        Ok(())
    }

    #[test]
    fn what_counts_is_said_though_nothing_was_set() {
        const BEST_EFFORT: u32 = 2 << 13;
        assert!(io_priority(1) == Ok(BEST_EFFORT | 4));
        assert!(io_priority(u32::MAX) == Err(ESRCH));
    }

    #[test]
    fn tasks_of_a_group_are_found_by_its_number() {
        let mut count = 0;
        // The first process leads no group; threads of the kernel are in that of number 0.
        own_tasks_of(Whose::Group(0), &mut |_| count += 1);
        assert!(count > 1);
        for whose in [Whose::Group(u32::MAX), Whose::User(54321)] {
            own_tasks_of(whose, &mut |_| count = 0);
        }
        tasks_of(Whose::Group(0), &mut |task| {
            assert!(task >= PRIVATE_PIDS);
        });
        assert!(count > 1);
    }
}
