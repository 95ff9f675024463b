// SPDX-License-Identifier: GPL-2.0

//! Hook of system calls.
//!
//! Asked before a system call of a task that sees the cluster, where no lock is
//! held: not for threads of the kernel, not from inside a pid namespace, and for the first
//! process of this node in a way of its own. What the call does here is left to the kernel.
//!
//! C headers: [`include/linux/ssi.h`](srctree/include/linux/ssi.h) and
//! [`arch/x86/um/asm/syscall.h`](srctree/arch/x86/um/asm/syscall.h)

use kernel::{
    bindings,
    macros::export,
    prelude::*,
    sync::SetOnce, //
};

use crate::file_owner::command;

/// Numbers of system calls, as in `asm/unistd_64.h`.
pub mod number {
    use kernel::bindings;

    /// fcntl(2)
    pub const FCNTL: u32 = bindings::__NR_fcntl;
    /// ioctl(2)
    pub const IOCTL: u32 = bindings::__NR_ioctl;
    /// fork(2)
    pub const FORK: u32 = bindings::__NR_fork;
    /// clone(2)
    pub const CLONE: u32 = bindings::__NR_clone;
    /// execve(2)
    pub const EXECVE: u32 = bindings::__NR_execve;
    /// execveat(2)
    pub const EXECVEAT: u32 = bindings::__NR_execveat;
    /// setuid(2)
    pub const SETUID: u32 = bindings::__NR_setuid;
    /// setgid(2)
    pub const SETGID: u32 = bindings::__NR_setgid;
    /// setreuid(2)
    pub const SETREUID: u32 = bindings::__NR_setreuid;
    /// setregid(2)
    pub const SETREGID: u32 = bindings::__NR_setregid;
    /// setresuid(2)
    pub const SETRESUID: u32 = bindings::__NR_setresuid;
    /// setresgid(2)
    pub const SETRESGID: u32 = bindings::__NR_setresgid;
    /// setfsuid(2)
    pub const SETFSUID: u32 = bindings::__NR_setfsuid;
    /// setfsgid(2)
    pub const SETFSGID: u32 = bindings::__NR_setfsgid;
    /// capset(2)
    pub const CAPSET: u32 = bindings::__NR_capset;
    /// getdents(2)
    pub const GETDENTS: u32 = bindings::__NR_getdents;
    /// getdents64(2)
    pub const GETDENTS64: u32 = bindings::__NR_getdents64;
    /// kill(2)
    pub const KILL: u32 = bindings::__NR_kill;
    /// tkill(2)
    pub const TKILL: u32 = bindings::__NR_tkill;
    /// tgkill(2)
    pub const TGKILL: u32 = bindings::__NR_tgkill;
    /// rt_sigqueueinfo(2)
    pub const RT_SIGQUEUEINFO: u32 = bindings::__NR_rt_sigqueueinfo;
    /// rt_tgsigqueueinfo(2)
    pub const RT_TGSIGQUEUEINFO: u32 = bindings::__NR_rt_tgsigqueueinfo;
    /// getppid(2)
    pub const GETPPID: u32 = bindings::__NR_getppid;
    /// getpgid(2)
    pub const GETPGID: u32 = bindings::__NR_getpgid;
    /// setpgid(2)
    pub const SETPGID: u32 = bindings::__NR_setpgid;
    /// setsid(2)
    pub const SETSID: u32 = bindings::__NR_setsid;
    /// getsid(2)
    pub const GETSID: u32 = bindings::__NR_getsid;
    /// getpriority(2)
    pub const GETPRIORITY: u32 = bindings::__NR_getpriority;
    /// setpriority(2)
    pub const SETPRIORITY: u32 = bindings::__NR_setpriority;
    /// ioprio_get(2)
    pub const IOPRIO_GET: u32 = bindings::__NR_ioprio_get;
    /// ioprio_set(2)
    pub const IOPRIO_SET: u32 = bindings::__NR_ioprio_set;
    /// sched_getscheduler(2)
    pub const SCHED_GETSCHEDULER: u32 = bindings::__NR_sched_getscheduler;
    /// sched_setscheduler(2)
    pub const SCHED_SETSCHEDULER: u32 = bindings::__NR_sched_setscheduler;
    /// sched_getparam(2)
    pub const SCHED_GETPARAM: u32 = bindings::__NR_sched_getparam;
    /// sched_setparam(2)
    pub const SCHED_SETPARAM: u32 = bindings::__NR_sched_setparam;
    /// sched_getattr(2)
    pub const SCHED_GETATTR: u32 = bindings::__NR_sched_getattr;
    /// sched_setattr(2)
    pub const SCHED_SETATTR: u32 = bindings::__NR_sched_setattr;
    /// sched_getaffinity(2)
    pub const SCHED_GETAFFINITY: u32 = bindings::__NR_sched_getaffinity;
    /// sched_setaffinity(2)
    pub const SCHED_SETAFFINITY: u32 = bindings::__NR_sched_setaffinity;
    /// sched_rr_get_interval(2)
    pub const SCHED_RR_GET_INTERVAL: u32 = bindings::__NR_sched_rr_get_interval;
    /// prlimit64(2)
    pub const PRLIMIT64: u32 = bindings::__NR_prlimit64;
    /// capget(2)
    pub const CAPGET: u32 = bindings::__NR_capget;
    /// clock_gettime(2)
    pub const CLOCK_GETTIME: u32 = bindings::__NR_clock_gettime;
    /// clock_getres(2)
    pub const CLOCK_GETRES: u32 = bindings::__NR_clock_getres;
    /// clock_settime(2)
    pub const CLOCK_SETTIME: u32 = bindings::__NR_clock_settime;
    /// clock_nanosleep(2)
    pub const CLOCK_NANOSLEEP: u32 = bindings::__NR_clock_nanosleep;
    /// timer_create(2)
    pub const TIMER_CREATE: u32 = bindings::__NR_timer_create;
    /// ptrace(2)
    pub const PTRACE: u32 = bindings::__NR_ptrace;
    /// process_vm_readv(2)
    pub const PROCESS_VM_READV: u32 = bindings::__NR_process_vm_readv;
    /// process_vm_writev(2)
    pub const PROCESS_VM_WRITEV: u32 = bindings::__NR_process_vm_writev;
    /// kcmp(2)
    pub const KCMP: u32 = bindings::__NR_kcmp;
    /// pidfd_open(2)
    pub const PIDFD_OPEN: u32 = bindings::__NR_pidfd_open;
    /// pidfd_send_signal(2)
    pub const PIDFD_SEND_SIGNAL: u32 = bindings::__NR_pidfd_send_signal;
    /// pidfd_getfd(2)
    pub const PIDFD_GETFD: u32 = bindings::__NR_pidfd_getfd;
    /// process_madvise(2)
    pub const PROCESS_MADVISE: u32 = bindings::__NR_process_madvise;
    /// process_mrelease(2)
    pub const PROCESS_MRELEASE: u32 = bindings::__NR_process_mrelease;
    /// wait4(2)
    pub const WAIT4: u32 = bindings::__NR_wait4;
    /// rt_sigaction(2)
    pub const RT_SIGACTION: u32 = bindings::__NR_rt_sigaction;
    /// waitid(2)
    pub const WAITID: u32 = bindings::__NR_waitid;
    /// move_pages(2)
    pub const MOVE_PAGES: u32 = bindings::__NR_move_pages;
    /// migrate_pages(2)
    pub const MIGRATE_PAGES: u32 = bindings::__NR_migrate_pages;
    /// perf_event_open(2)
    pub const PERF_EVENT_OPEN: u32 = bindings::__NR_perf_event_open;
    /// get_robust_list(2)
    pub const GET_ROBUST_LIST: u32 = bindings::__NR_get_robust_list;
}

/// The first process of this node.
const FIRST: u32 = 1;

/// A system call of the running task.
#[derive(Clone, Copy, Debug)]
pub struct SystemCall {
    /// Its number, as in `asm/unistd_64.h`.
    pub number: u32,
    /// Its arguments as they are in the registers.
    pub arguments: [usize; 6],
}

impl SystemCall {
    /// An argument as the `int` it is in most calls: the lower half counts.
    pub fn int(&self, place: usize) -> i32 {
        self.arguments.get(place).map_or(0, |&value| value as i32)
    }

    /// Makes the call here, as the kernel does. May sleep. Returns its result, or the
    /// negative number of an error.
    pub fn native(&self) -> isize {
        // SAFETY: The table has the call, and it checks what its caller gave it: the
        // arguments are those of the running task, or a kernel thread's own.
        unsafe { bindings::ssi_syscall_native(self.number, self.arguments.as_ptr().cast()) }
    }
}

/// What decides where a system call is made.
pub trait Dispatch: Sync {
    /// Makes the call elsewhere and gives what the task gets: a result, or the
    /// negative number of an error. `None` leaves it to the kernel. Called in the
    /// running task, without locks; may sleep.
    fn dispatch(&self, call: &SystemCall) -> Option<isize>;

    /// The same for the first process of this node, which sees its node alone.
    fn dispatch_first(&self, call: &SystemCall) -> Option<isize>;
}

static DISPATCH: SetOnce<&'static dyn Dispatch> = SetOnce::new();

/// Has `dispatch` asked before the calls that are [hooked](hook). Call it once, from an
/// initcall.
///
/// # Errors
///
/// `EBUSY` the second time.
pub fn install(dispatch: &'static dyn Dispatch) -> Result {
    DISPATCH.populate(dispatch).then_some(()).ok_or(EBUSY)
}

/// Asks before each call with this number, from now on.
///
/// # Errors
///
/// `EINVAL` for a number that is none.
pub fn hook(number: u32) -> Result {
    // SAFETY: A number out of range is refused.
    let is_hooked = unsafe { bindings::ssi_syscall_hook(number) };
    is_hooked.then_some(()).ok_or(EINVAL)
}

/// Whether the running task sees the cluster: see the top of this file. Any context
/// of a task.
pub fn sees_cluster() -> bool {
    // SAFETY: Looks at the running task only.
    unsafe { bindings::ssi_sees_cluster() }
}

/// The user a call means by `who`, 0 for the running task's, as a number of the
/// initial user namespace; `u32::MAX` for nobody. Context of a task.
pub fn user(who: u32) -> u32 {
    // SAFETY: Looks at the running task only.
    unsafe { bindings::ssi_user(who) }
}

/// The process of the running task.
pub fn own_process() -> u32 {
    // SAFETY: Looks at the running task only.
    unsafe { bindings::ssi_own_process() }
}

/// Whether the running task is the first thread of its process.
pub fn is_leader() -> bool {
    // SAFETY: Looks at the running task only.
    unsafe { bindings::ssi_is_leader() }
}

/// The process group of the running task.
pub fn own_group() -> u32 {
    // SAFETY: Looks at the running task only.
    unsafe { bindings::ssi_own_group() }
}

/// The commands of ioctl(2) that name a process or concern an owner: the others go by at once.
const IOCTLS: [u32; 6] = [
    bindings::TIOCSPGRP,
    bindings::FIOASYNC,
    bindings::FIOSETOWN,
    bindings::SIOCSPGRP,
    bindings::FIOGETOWN,
    bindings::SIOCGPGRP,
];

/// The commands of fcntl(2) that do.
const FCNTLS: [u32; 7] = [
    command::F_SETOWN,
    command::F_GETOWN,
    command::F_SETOWN_EX,
    command::F_GETOWN_EX,
    command::F_SETSIG,
    command::F_GETSIG,
    command::F_SETFL,
];

/// Whether anybody is to be asked about `call`, which is hooked.
fn is_asked(call: &SystemCall) -> bool {
    let command = call.int(1) as u32;
    match call.number {
        number::IOCTL => IOCTLS.contains(&command),
        number::FCNTL => FCNTLS.contains(&command),
        _ => true,
    }
}

/// # Safety
///
/// `regs` are those of the running task in a system call, `result` can be written.
#[export]
unsafe extern "C" fn __ssi_syscall(
    number: c_uint,
    regs: *mut bindings::pt_regs,
    result: *mut c_ulong,
) -> bool {
    let mut arguments = [0; 6];
    // SAFETY: The registers are valid by the caller, and there are six arguments.
    unsafe { bindings::ssi_syscall_arguments(regs, arguments.as_mut_ptr().cast()) };
    let call = SystemCall { number, arguments };
    if !is_asked(&call) {
        return false;
    }
    let dispatched = DISPATCH.as_ref().and_then(|dispatch| {
        if sees_cluster() {
            dispatch.dispatch(&call)
        } else if own_process() == FIRST {
            dispatch.dispatch_first(&call)
        } else {
            None
        }
    });
    let Some(value) = dispatched else {
        return false;
    };
    // SAFETY: By the caller.
    unsafe { result.write(value as c_ulong) };
    true
}
