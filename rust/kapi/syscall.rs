// SPDX-License-Identifier: GPL-2.0

//! Hook of system calls.
//!
//! Asked before a system call of a task that sees the cluster, where no lock is
//! held: not for threads of the kernel, not for the first process of this node, not
//! from inside a pid namespace. What the call does here is left to the kernel.
//!
//! C headers: [`include/linux/ssi.h`](srctree/include/linux/ssi.h) and
//! [`arch/x86/um/asm/syscall.h`](srctree/arch/x86/um/asm/syscall.h)

use kernel::{
    bindings,
    macros::export,
    prelude::*,
    sync::SetOnce, //
};

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
}

static DISPATCH: SetOnce<&'static dyn Dispatch> = SetOnce::new();

/// Has `dispatch` asked before each call with one of `numbers`, from now on. Call it
/// once, from an initcall.
///
/// # Errors
///
/// `EBUSY` the second time, `EINVAL` for a number that is none.
pub fn hook(numbers: impl Iterator<Item = u32>, dispatch: &'static dyn Dispatch) -> Result {
    if !DISPATCH.populate(dispatch) {
        return Err(EBUSY);
    }
    for number in numbers {
        // SAFETY: A number out of range is refused.
        if !unsafe { bindings::ssi_syscall_hook(number) } {
            return Err(EINVAL);
        }
    }
    Ok(())
}

/// Whether the running task sees the cluster: see the top of this file. Any context
/// of a task.
pub fn sees_cluster() -> bool {
    // SAFETY: Looks at the running task only.
    unsafe { bindings::ssi_sees_cluster() }
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
    let dispatch = DISPATCH.as_ref().filter(|_| sees_cluster());
    let Some(value) = dispatch.and_then(|dispatch| dispatch.dispatch(&call)) else {
        return false;
    };
    // SAFETY: By the caller.
    unsafe { result.write(value as c_ulong) };
    true
}
