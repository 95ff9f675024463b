// SPDX-License-Identifier: GPL-2.0

//! POSIX timers of who leaves.
//!
//! Those of timer_create(2) are [stopped](Stopped) while a process goes to another node, so that
//! none runs out there and here, and [made again](PosixTimers) there with the numbers they have.
//! A signal of one that waits comes along.
//!
//! C header: [`include/linux/posix-timers.h`](srctree/include/linux/posix-timers.h)

use core::{
    ptr,
    slice, //
};

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

type Head = bindings::ssi_posix_timers;
type Timer = bindings::ssi_posix_timer;

const HEAD_BYTES: usize = size_of::<Head>();
const TIMER_BYTES: usize = size_of::<Timer>();

/// The timers of the running process, which stand still until this is dropped. Its other
/// threads stand still as well.
pub struct Stopped {
    was: KVVec<Timer>,
    encoded: KVVec<u8>,
    is_gone: bool,
}

impl Stopped {
    /// Stops them. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and they run.
    pub fn new() -> Result<Self> {
        // SAFETY: No preconditions; nobody else makes one meanwhile.
        let count = unsafe { bindings::ssi_posix_timers_count() } as usize;
        let mut was = KVVec::from_elem(pin_init::zeroed::<Timer>(), count, GFP_KERNEL)?;
        let mut encoded = KVVec::with_capacity(HEAD_BYTES + count * TIMER_BYTES, GFP_KERNEL)?;
        let mut head = pin_init::zeroed::<Head>();
        // SAFETY: The head can be written, and as many timers as there are.
        unsafe {
            bindings::ssi_posix_timers_head(&mut head);
            bindings::ssi_posix_timers_stop(was.as_mut_ptr());
        }
        // SAFETY: There are no bytes between the members of either.
        unsafe {
            encoded.extend_from_slice(as_bytes(slice::from_ref(&head)), GFP_KERNEL)?;
            encoded.extend_from_slice(as_bytes(&was), GFP_KERNEL)?;
        }
        Ok(Self {
            was,
            encoded,
            is_gone: false,
        })
    }

    /// What travels.
    pub fn as_bytes(&self) -> &[u8] {
        &self.encoded
    }

    /// The process is elsewhere, and with it the timers.
    pub fn leave(mut self) {
        self.is_gone = true;
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if !self.is_gone {
            for timer in &self.was {
                // SAFETY: It can be read, and is what it was.
                unsafe { bindings::ssi_posix_timer_resume(timer) }
            }
        }
    }
}

/// # Safety
///
/// There are no bytes between the members of a `T`.
unsafe fn as_bytes<T>(values: &[T]) -> &[u8] {
    // SAFETY: By the contract of this function all bytes have a value.
    unsafe { slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// Timers of a process that came.
///
/// # Invariants
///
/// They are valid: `ssi_posix_timers_valid`, and `ssi_posix_timer_valid` of each.
pub struct PosixTimers {
    head: Head,
    all: KVVec<Timer>,
}

impl PosixTimers {
    /// What [`as_bytes`](Stopped::as_bytes) gave on another node. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for what no process can have, `ENOMEM`.
    pub fn from_wire(bytes: &[u8]) -> Result<Self> {
        let (head, rest) = bytes.split_at_checked(HEAD_BYTES).ok_or(EINVAL)?;
        let mut all = KVVec::with_capacity(rest.len() / TIMER_BYTES, GFP_KERNEL)?;
        if rest.len() % TIMER_BYTES != 0 {
            return Err(EINVAL);
        }
        // SAFETY: It is as long, and whatever its bytes are is a value.
        let head = unsafe { ptr::read_unaligned(head.as_ptr().cast::<Head>()) };
        for timer in rest.chunks_exact(TIMER_BYTES) {
            // SAFETY: As above.
            let timer = unsafe { ptr::read_unaligned(timer.as_ptr().cast::<Timer>()) };
            // SAFETY: It can be read.
            if !unsafe { bindings::ssi_posix_timer_valid(&timer) } {
                return Err(EINVAL);
            }
            all.push(timer, GFP_KERNEL)?;
        }
        // SAFETY: It can be read.
        let is_valid = unsafe { bindings::ssi_posix_timers_valid(&head) };
        // INVARIANT: All is checked here.
        is_valid.then_some(Self { head, all }).ok_or(EINVAL)
    }

    /// Makes them timers of the running process, which is new, has its memory, threads and
    /// limits, and blocks all signals. They run at once. May sleep.
    ///
    /// # Errors
    ///
    /// Those of timer_create(2) and mmap(2). Then it has some of them and is good for nothing.
    pub fn put_on(&self) -> Result {
        let count = u32::try_from(self.all.len()).map_err(|_| EAGAIN)?;
        // SAFETY: They are valid by the type invariant, and as many.
        to_result(unsafe { bindings::ssi_posix_timers_make(&self.head, self.all.as_ptr(), count) })
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_posix_timer)]
mod tests {
    use super::*;

    const REALTIME: i32 = bindings::CLOCK_REALTIME as i32;
    /// `CLOCK_PROCESS_CPUTIME_ID` and `CLOCK_THREAD_CPUTIME_ID`, as the kernel keeps them.
    const PROCESS: i32 = !0 << 3 | 2;
    const THREAD: i32 = PROCESS | 4;

    fn timer() -> Timer {
        Timer {
            expires: 5,
            interval: 7,
            overrun: -1,
            clock: REALTIME,
            id: 3,
            signal: 14,
            is_set: 1,
            ..pin_init::zeroed()
        }
    }

    fn parse(head: Head, timers: &[Timer]) -> Result<PosixTimers> {
        let mut bytes = KVVec::new();
        // SAFETY: There are no bytes between the members of either.
        unsafe {
            bytes.extend_from_slice(as_bytes(slice::from_ref(&head)), GFP_KERNEL)?;
            bytes.extend_from_slice(as_bytes(timers), GFP_KERNEL)?;
        }
        PosixTimers::from_wire(&bytes)
    }

    #[test]
    fn what_was_taken_is_taken() -> Result {
        let head = Head {
            next_id: 4,
            names_ids: 1,
        };
        let of_thread = Timer {
            clock: THREAD,
            thread_clock: 77,
            thread: 77,
            notify: 4,
            ..timer()
        };
        let all = parse(head, &[timer(), of_thread])?;
        assert!(all.all.len() == 2 && all.head.next_id == 4 && all.all[1].thread == 77);
        assert!(parse(head, &[])?.all.is_empty());
        Ok(())
    }

    #[test]
    fn what_no_process_has_is_refused() {
        let spoiled: [fn(&mut Timer); 18] = [
            |timer| timer.id = 1 << 31,
            |timer| timer.expires = -1,
            |timer| timer.interval = -1,
            |timer| timer.overrun = -2,
            |timer| timer.overrun_last = -2,
            |timer| timer.clock = 8,
            |timer| timer.clock = PROCESS | 1,
            |timer| timer.clock = THREAD,
            |timer| (timer.clock, timer.is_relative) = (1, 1),
            |timer| timer.thread_clock = 5,
            |timer| timer.notify = 3,
            |timer| timer.notify = 4,
            |timer| timer.thread = 77,
            |timer| (timer.notify, timer.thread) = (4, u32::MAX),
            |timer| timer.signal = 0,
            |timer| timer.signal = 65,
            |timer| (timer.is_waiting, timer.is_set) = (1, 0),
            |timer| timer.is_set = 2,
        ];
        let head = pin_init::zeroed::<Head>();
        for spoil in spoiled {
            let mut timer = timer();
            spoil(&mut timer);
            assert!(parse(head, &[timer]).err() == Some(EINVAL));
        }
        let names_ids = 2;
        assert!(parse(Head { names_ids, ..head }, &[]).err() == Some(EINVAL));
        assert!(PosixTimers::from_wire(&[0; HEAD_BYTES + 1]).err() == Some(EINVAL));
        assert!(PosixTimers::from_wire(&[0; HEAD_BYTES - 1]).err() == Some(EINVAL));
    }
}
