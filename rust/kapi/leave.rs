// SPDX-License-Identifier: GPL-2.0

//! Reasons of a task to stay.
//!
//! Whether the running task can go to another one: with a program it executes there
//! ([`may_leave`]), or as it is ([`may_move`]). `/proc/<pid>/cantmove` says the latter of any
//! task, in [words](Cannot::words).
//!
//! C header: [`include/linux/sched.h`](srctree/include/linux/sched.h)

use kernel::{
    bindings,
    macros::export,
    prelude::*,
    str::CStr, //
};

/// Declares [`Cannot`]: of each reason its name, that of C, its error and its words.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $raw:ident, $error:ident, $words:literal;)*) => {
        /// Why a task has to stay where it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cannot {
            $($(#[$doc])* $name,)*
        }

        impl Cannot {
            #[cfg(CONFIG_SSI_KUNIT_TEST)]
            const ALL: &[Self] = &[$(Self::$name),*];

            const fn from_code(code: bindings::ssi_cannot) -> Option<Self> {
                match code {
                    $(bindings::$raw => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// What a program gets that asks for it.
            pub const fn error(self) -> Error {
                match self {
                    $(Self::$name => $error,)*
                }
            }

            /// What a user is told, behind "it" or, of a file, behind "its file" and the number.
            pub const fn words(self) -> &'static CStr {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

reasons! {
    /// It is a thread of the kernel.
    Kernel = ssi_cannot_SSI_CANNOT_KERNEL, EPERM, c"is a thread of the kernel";
    /// It is the first process of its node.
    Init = ssi_cannot_SSI_CANNOT_INIT, EPERM, c"is the first process of its node";
    /// Its number means another process on each node.
    Private = ssi_cannot_SSI_CANNOT_PRIVATE, EPERM, c"has a number that is private to its node";
    /// It is on another node already.
    Away = ssi_cannot_SSI_CANNOT_AWAY, ESRCH, c"runs on another node";
    /// It ends.
    Ended = ssi_cannot_SSI_CANNOT_ENDED, ESRCH, c"has ended";
    /// It is stopped, as by SIGSTOP.
    Stopped = ssi_cannot_SSI_CANNOT_STOPPED, EBUSY, c"is stopped";
    /// Its parent waits in vfork(2).
    Vfork = ssi_cannot_SSI_CANNOT_VFORK, EBUSY, c"was made by vfork and has executed nothing yet";
    /// It has a timer of timer_create(2) that could not be made elsewhere.
    Timers = ssi_cannot_SSI_CANNOT_TIMERS, EBUSY,
        c"has a timer (timer_create) of another process's time, or for a thread that ended";
    /// It has several threads, which keep it from executing a program elsewhere.
    Threads = ssi_cannot_SSI_CANNOT_THREADS, EBUSY, c"has several threads";
    /// Its first thread, which has its number, ended before the others.
    FirstThread = ssi_cannot_SSI_CANNOT_FIRST_THREAD, EBUSY, c"has lost its first thread";
    /// What one of its threads may do another one may not.
    ThreadUsers = ssi_cannot_SSI_CANNOT_THREAD_USERS, EBUSY,
        c"has threads of different users or rights";
    /// Another thread than the first one has children.
    ThreadChildren = ssi_cannot_SSI_CANNOT_THREAD_CHILDREN, EBUSY,
        c"has children of a thread that is not its first";
    /// Its threads do not share all that goes once with a process.
    ThreadFiles = ssi_cannot_SSI_CANNOT_THREAD_FILES, EBUSY,
        c"has threads with open files or a working directory of their own";
    /// Another process has the same signal handlers.
    SharedSignals = ssi_cannot_SSI_CANNOT_SHARED_SIGNALS, EBUSY,
        c"shares its signal handlers with another process";
    /// Another process has the same memory.
    SharedSpace = ssi_cannot_SSI_CANNOT_SHARED_SPACE, EBUSY,
        c"shares all its memory with another process";
    /// Another process has the same files, or the same working directory.
    SharedFiles = ssi_cannot_SSI_CANNOT_SHARED_FILES, EBUSY,
        c"shares its table of open files or its working directory with another process";
    /// It is traced, or traces.
    Traced = ssi_cannot_SSI_CANNOT_TRACED, EBUSY, c"is traced, or traces another process";
    /// It is a guest and has children here.
    Children = ssi_cannot_SSI_CANNOT_CHILDREN, EBUSY,
        c"has children that were born on this node, which is not its home";
    /// It gets the children of others.
    Adopts = ssi_cannot_SSI_CANNOT_ADOPTS, EBUSY,
        c"adopts children of its descendants (PR_SET_CHILD_SUBREAPER)";
    /// Its system calls are filtered.
    Seccomp = ssi_cannot_SSI_CANNOT_SECCOMP, EBUSY, c"has a seccomp filter";
    /// It has a namespace of its own.
    Namespaces = ssi_cannot_SSI_CANNOT_NAMESPACES, EXDEV, c"is in a container: in other namespaces";
    /// It has a root of its own.
    Root = ssi_cannot_SSI_CANNOT_ROOT, EXDEV, c"has another root directory";
    /// It uses io_uring.
    Ring = ssi_cannot_SSI_CANNOT_RING, EBUSY, c"uses io_uring";
    /// It has semaphores that are undone when it ends.
    Semaphores = ssi_cannot_SSI_CANNOT_SEMAPHORES, EBUSY, c"has operations of semop to be undone";
    /// Its scheduling needs time of this node that was set aside.
    Policy = ssi_cannot_SSI_CANNOT_POLICY, EBUSY, c"is of the policy SCHED_DEADLINE";
    /// It has buffers of io_setup(2).
    Aio = ssi_cannot_SSI_CANNOT_AIO, EOPNOTSUPP, c"uses asynchronous input and output (io_setup)";
    /// Others see what it writes to its memory.
    SharedMemory = ssi_cannot_SSI_CANNOT_SHARED_MEMORY, EOPNOTSUPP,
        c"has memory that is shared, or may be";
    /// It has memory that is not ordinary.
    Device = ssi_cannot_SSI_CANNOT_DEVICE, EOPNOTSUPP, c"has memory of a device";
    /// It has memory of hugetlbfs.
    HugePages = ssi_cannot_SSI_CANNOT_HUGE_PAGES, EOPNOTSUPP, c"has memory in huge pages";
    /// Another program fills its memory.
    Userfaultfd = ssi_cannot_SSI_CANNOT_USERFAULTFD, EOPNOTSUPP, c"has memory under userfaultfd";
    /// Its memory has guards of madvise(2).
    Guards = ssi_cannot_SSI_CANNOT_GUARDS, EOPNOTSUPP, c"has guards of madvise in its memory";
    /// All memory it gets is locked: mlockall(2).
    FutureLocked = ssi_cannot_SSI_CANNOT_FUTURE_LOCKED, EOPNOTSUPP,
        c"has all memory it will get locked (mlockall)";
    /// The file of its program was deleted.
    Program = ssi_cannot_SSI_CANNOT_PROGRAM, ENOENT, c"executes a file that was deleted";
    /// Its working directory was deleted.
    Directory = ssi_cannot_SSI_CANNOT_DIRECTORY, ENOENT,
        c"has a working directory that was deleted, or is outside of the root";
    /// A file cannot be used from another node.
    File = ssi_cannot_SSI_CANNOT_FILE, EOPNOTSUPP, c"cannot be used from another node";
    /// A set of epoll(7) is not its own, or there is no telling what it watches.
    Set = ssi_cannot_SSI_CANNOT_SET, EOPNOTSUPP,
        c"is a set (epoll) that another process has, too, or watches what it has no number for";
}

/// Whether the running task may go to another node with a program. Process context; may
/// sleep. As only the task itself changes the answer, but for who traces it, it holds
/// for a while.
///
/// # Errors
///
/// [`Cannot`].
pub fn may_leave() -> Result<(), Cannot> {
    // SAFETY: No preconditions.
    Cannot::from_code(unsafe { bindings::ssi_may_leave() }).map_or(Ok(()), Err)
}

/// Whether the running task, of a user, may go on on another node as it is; as
/// [`may_leave`].
///
/// # Errors
///
/// [`Cannot`].
pub fn may_move() -> Result<(), Cannot> {
    // SAFETY: No preconditions.
    Cannot::from_code(unsafe { bindings::ssi_may_move_itself() }).map_or(Ok(()), Err)
}

/// Whether process `pid` of this node may go on on another one as it is: what
/// `/proc/<pid>/cantmove` says. It holds no longer than the process lets it. Process context;
/// may sleep.
///
/// # Errors
///
/// [`Cannot`]; [`Cannot::Ended`] if there is none.
pub fn may_be_moved(pid: u32) -> Result<(), Cannot> {
    // SAFETY: No preconditions.
    Cannot::from_code(unsafe { bindings::ssi_may_be_moved(pid) }).map_or(Ok(()), Err)
}

/// # Safety
///
/// None: it is declared to C, where every function is unsafe.
#[export]
unsafe extern "C" fn ssi_cannot_words(why: bindings::ssi_cannot) -> *const c_char {
    Cannot::from_code(why)
        .map_or(c"", Cannot::words)
        .as_char_ptr()
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_leave)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_words_of_its_own() {
        for (place, why) in Cannot::ALL.iter().enumerate() {
            let words = why.words().to_bytes();
            assert!(!words.is_empty() && !words.contains(&b'\n'));
            for other in Cannot::ALL.iter().skip(place + 1) {
                assert!(other.words().to_bytes() != words);
            }
        }
        assert!(Cannot::from_code(bindings::ssi_cannot_SSI_CAN).is_none());
    }

    #[test]
    fn each_number_is_a_reason() {
        let mut code = bindings::ssi_cannot_SSI_CAN + 1;
        for _ in Cannot::ALL {
            assert!(Cannot::from_code(code).is_some());
            code += 1;
        }
        assert!(Cannot::from_code(code).is_none());
        assert!(code == bindings::ssi_cannot_SSI_CANNOT_COUNT);
    }

    #[test]
    fn a_thread_of_the_kernel_stays() {
        assert!(may_move() == Err(Cannot::Kernel));
        assert!(may_leave() == Err(Cannot::Private));
        assert!(Cannot::Private.error() == EPERM);
        // kthreadd, and what is no number of a task.
        assert!(may_be_moved(2) == Err(Cannot::Kernel));
        assert!(may_be_moved(u32::MAX) == Err(Cannot::Ended));
        assert!(may_be_moved(1) == Err(Cannot::Init));
    }
}
